//! Shapes: what kind of thing each one is, where it stands, and in which order they are read.

use quick_xml::events::BytesStart;

use super::frame;
use super::paragraphs::{self, Bullets};
use super::slide::Scene;
use crate::TranscribeError;
use crate::blocks::Blocks;
use crate::package::xml::{self, Xml};

type Done = Result<(), TranscribeError>;

/// Shapes whose tops differ by less than this are read from left to right: a quarter of an inch, in
/// the unit of the format.
const ROW: i64 = 228_600;

/// A shape with text.
#[derive(Debug, Default)]
pub(super) struct Shape {
    title: Option<Title>,
    place: Option<Place>,
    pub(super) markdown: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Title {
    /// Of a slide.
    Usual,
    /// In the middle of a slide that has little else.
    Centred,
}

/// Where a shape begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: i64,
    top: i64,
}

impl Shape {
    /// A shape of this text at no known place.
    pub(super) fn of(markdown: String) -> Self {
        Self {
            markdown,
            ..Self::default()
        }
    }

    /// The text with the mark of a heading where it is a title.
    pub(super) fn into_block(self, is_first_slide: bool) -> String {
        match self.title {
            Some(Title::Centred) if is_first_slide => format!("# {}", self.markdown),
            Some(_) => format!("## {}", self.markdown),
            None => self.markdown,
        }
    }
}

/// The shapes of a slide or group.
#[derive(Debug, Default)]
pub(super) struct Tree {
    shapes: Vec<Shape>,
    place: Option<Place>,
}

impl Tree {
    /// Titles first, then what stands where the layout puts it, then the others by their places.
    pub(super) fn in_reading_order(self) -> Vec<Shape> {
        let (mut ordered, others): (Vec<_>, Vec<_>) =
            self.shapes.into_iter().partition(|s| s.title.is_some());
        let (placed, unplaced): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|s| s.place.is_some());
        ordered.extend(unplaced);
        ordered.extend(by_place(placed));
        ordered
    }

    fn push(&mut self, shape: Shape) {
        if !shape.markdown.trim().is_empty() {
            self.shapes.push(shape);
        }
    }
}

/// From the top down in rows, each from left to right.
fn by_place(mut shapes: Vec<Shape>) -> Vec<Shape> {
    let top = |shape: &Shape| shape.place.map_or(0, |place| place.top);
    let left = |shape: &Shape| shape.place.map_or(0, |place| place.left);
    shapes.sort_by_key(top);
    let mut begin = 0;
    for at in 1..=shapes.len() {
        let ends = shapes
            .get(at)
            .is_none_or(|shape| top(shape).saturating_sub(top(&shapes[begin])) >= ROW);
        if ends {
            shapes[begin..at].sort_by_key(left);
            begin = at;
        }
    }
    shapes
}

/// Reads the shapes inside the tree or group just opened.
pub(super) fn read_tree(xml: &mut Xml, scene: &mut Scene) -> Result<Tree, TranscribeError> {
    let mut tree = Tree::default();
    read_into(xml, scene, &mut tree)?;
    Ok(tree)
}

fn read_into(xml: &mut Xml, scene: &mut Scene, tree: &mut Tree) -> Done {
    xml.children(|xml, element| {
        scene.watch.check()?;
        match xml::name(element) {
            "sp" => tree.push(read_shape(xml, scene)?),
            "graphicFrame" => tree.push(read_frame(xml, scene)?),
            "grpSp" => {
                let group = read_tree(xml, scene)?;
                tree.push(grouped(group));
            }
            "grpSpPr" => tree.place = read_place(xml)?,
            "AlternateContent" => read_one_branch(xml, scene, tree)?,
            _ => xml.skip()?,
        }
        Ok(())
    })
}

/// The same thing for newer and for older programs: the first that has text is read.
fn read_one_branch(xml: &mut Xml, scene: &mut Scene, tree: &mut Tree) -> Done {
    let before = tree.shapes.len();
    xml.children(|xml, branch| match xml::name(branch) {
        "Choice" | "Fallback" if tree.shapes.len() == before => read_into(xml, scene, tree),
        _ => xml.skip(),
    })
}

fn grouped(group: Tree) -> Shape {
    let place = group.place;
    let mut blocks = Blocks::default();
    for shape in group.in_reading_order() {
        blocks.push(&shape.markdown);
    }
    Shape {
        place,
        ..Shape::of(blocks.into_markdown())
    }
}

/// What a shape says of itself before its text.
#[derive(Debug, Default)]
struct Role {
    left_out: bool,
    title: Option<Title>,
    bullets: Bullets,
}

impl Role {
    /// Reads the `nvSpPr` element just opened, or that of a frame.
    fn read(xml: &mut Xml, scene: &Scene) -> Result<Self, TranscribeError> {
        let mut role = Self::default();
        xml.children(|xml, element| match xml::name(element) {
            "cNvPr" => {
                let hidden = xml::attribute(element, "hidden");
                role.left_out |= hidden.is_some_and(|hidden| hidden == "1" || hidden == "true");
                xml.skip()
            }
            "nvPr" => xml.children(|xml, inner| {
                if xml::name(inner) == "ph" {
                    role.fill(inner, scene.is_notes);
                }
                xml.skip()
            }),
            _ => xml.skip(),
        })?;
        Ok(role)
    }

    /// What the placeholder is for.
    fn fill(&mut self, placeholder: &BytesStart, is_notes: bool) {
        let kind = xml::attribute(placeholder, "type").unwrap_or_default();
        match kind.as_str() {
            "sldNum" | "dt" | "ftr" | "hdr" | "sldImg" => self.left_out = true,
            _ if is_notes => {}
            "title" => self.title = Some(Title::Usual),
            "ctrTitle" => self.title = Some(Title::Centred),
            "body" => self.bullets = Bullets::OfSeveral,
            "" | "obj" => self.bullets = Bullets::Always,
            _ => {}
        }
    }
}

fn read_shape(xml: &mut Xml, scene: &mut Scene) -> Result<Shape, TranscribeError> {
    let mut role = Role::default();
    let mut shape = Shape::default();
    xml.children(|xml, element| {
        match xml::name(element) {
            "nvSpPr" => role = Role::read(xml, scene)?,
            "spPr" => shape.place = read_place(xml)?,
            "txBody" if role.left_out => xml.skip()?,
            "txBody" => {
                let text = paragraphs::read(xml, scene)?;
                shape.markdown = if role.title.is_some() {
                    text.into_one_line()
                } else {
                    text.into_markdown(role.bullets)
                };
            }
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    shape.title = role.title;
    Ok(shape)
}

fn read_frame(xml: &mut Xml, scene: &mut Scene) -> Result<Shape, TranscribeError> {
    let mut role = Role::default();
    let mut shape = Shape::default();
    xml.children(|xml, element| {
        match xml::name(element) {
            "nvGraphicFramePr" => role = Role::read(xml, scene)?,
            "xfrm" => shape.place = read_offset(xml)?,
            "graphic" if !role.left_out => shape.markdown = frame::read(xml, scene)?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(shape)
}

/// Reads the properties of a shape, of which only its place matters.
fn read_place(xml: &mut Xml) -> Result<Option<Place>, TranscribeError> {
    let mut place = None;
    xml.children(|xml, element| {
        match xml::name(element) {
            "xfrm" => place = read_offset(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(place)
}

fn read_offset(xml: &mut Xml) -> Result<Option<Place>, TranscribeError> {
    let mut place = None;
    xml.children(|xml, element| {
        let number = |name| xml::attribute(element, name).and_then(|value| value.parse().ok());
        if let ("off", Some(left), Some(top)) = (xml::name(element), number("x"), number("y")) {
            place = Some(Place { left, top });
        }
        xml.skip()
    })?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, left: i64, top: i64) -> Shape {
        Shape {
            place: Some(Place { left, top }),
            ..Shape::of(text.to_owned())
        }
    }

    #[test]
    fn shapes_are_read_in_rows_after_the_title() {
        let title = Shape {
            title: Some(Title::Usual),
            ..Shape::of("title".to_owned())
        };
        let tree = Tree {
            shapes: vec![
                at("below", 0, 3_000_000),
                at("right", 4_000_000, 1_000_000),
                at("left", 100, 1_100_000),
                Shape::of("body".to_owned()),
                title,
                at("far", i64::MIN, i64::MIN),
            ],
            place: None,
        };
        let order = tree.in_reading_order();
        let texts: Vec<&str> = order.iter().map(|shape| shape.markdown.as_str()).collect();
        assert_eq!(texts, ["title", "body", "far", "left", "right", "below"]);
    }
}
