//! One slide: its shapes in the order in which a person reads them, then what the speaker says.

use super::{notes, shapes};
use crate::TranscribeError;
use crate::blocks::Blocks;
use crate::package::xml::{self, Xml};
use crate::package::{Links, Package, Relations};
use crate::watch::Watch;

/// What is noticed over all slides.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The language of the first text that states one.
    pub(super) language: Option<String>,
    pub(super) comments: bool,
}

/// What the shapes of one part refer to, and what is noticed while they are read.
pub(super) struct Scene<'a, 'p> {
    pub(super) package: &'a mut Package<'p>,
    pub(super) relations: Relations,
    pub(super) links: Links,
    pub(super) seen: &'a mut Seen,
    pub(super) watch: &'a Watch<'a>,
    pub(super) warnings: Vec<String>,
    /// How a warning names the place, such as `slide 3`.
    pub(super) name: String,
    /// Notes are prose: their text has no bullets unless it says so.
    pub(super) is_notes: bool,
}

impl Scene<'_, '_> {
    pub(super) fn warn(&mut self, what: &str) {
        self.warnings.push(format!("{} {what}", self.name));
    }
}

/// A slide as Markdown.
pub(super) struct Found {
    pub(super) markdown: String,
    pub(super) warnings: Vec<String>,
}

/// Reads the part of a slide, and the notes that belong to it.
pub(super) fn read(
    package: &mut Package,
    part: &str,
    text: &str,
    number: u32,
    seen: &mut Seen,
    watch: &Watch,
) -> Result<Found, TranscribeError> {
    let relations = package.relations(part)?;
    let notes_part = relations.first("notesSlide").map(str::to_owned);
    seen.comments |= relations.first("comments").is_some();
    let mut scene = Scene {
        package,
        links: relations.links(),
        relations,
        seen,
        watch,
        warnings: Vec::new(),
        name: format!("slide {number}"),
        is_notes: false,
    };
    let mut blocks = Blocks::default();
    for shape in read_shapes(text, &mut scene)? {
        blocks.push(&shape.into_block(number == 1));
    }
    if let Some(part) = notes_part {
        blocks.push(&notes::read(&mut scene, &part)?);
    }
    Ok(Found {
        markdown: blocks.into_markdown(),
        warnings: scene.warnings,
    })
}

/// The shapes of a part in reading order.
pub(super) fn read_shapes(
    text: &str,
    scene: &mut Scene,
) -> Result<Vec<shapes::Shape>, TranscribeError> {
    let mut found = Vec::new();
    Xml::new(text).root(|xml, slide| {
        if xml::attribute(slide, "show").is_some_and(|show| show == "0" || show == "false") {
            scene.warn("is hidden when the slides are shown");
        }
        xml.children(|xml, element| match xml::name(element) {
            "cSld" => xml.children(|xml, element| match xml::name(element) {
                "spTree" => {
                    found = shapes::read_tree(xml, scene)?.in_reading_order();
                    Ok(())
                }
                _ => xml.skip(),
            }),
            _ => xml.skip(),
        })
    })?;
    Ok(found)
}
