//! What stands side by side in a paragraph: runs of text, links, references to notes.

use quick_xml::events::BytesStart;

use super::Story;
use super::block::read_blocks;
use crate::TranscribeError;
use crate::blocks::Blocks;
use crate::line::{Emphasis, Line};
use crate::package::xml::{self, Xml};

type Done = Result<(), TranscribeError>;

/// Reads an element inside a paragraph.
pub(super) fn read<'x>(
    xml: &mut Xml<'x>,
    element: &BytesStart<'x>,
    story: &mut Story,
    line: &mut Line,
    boxes: &mut Blocks,
) -> Done {
    match xml::name(element) {
        "r" => read_run(xml, story, line, boxes),
        "hyperlink" => read_link(xml, element, story, line, boxes),
        // Deleted or moved away by a tracked change; the older copy of a newer drawing.
        "del" | "moveFrom" | "Fallback" | "pPr" => xml.skip(),
        // Formulas are read as their letters.
        "oMath" | "oMathPara" => {
            line.push(Emphasis::default(), &xml.text()?);
            Ok(())
        }
        _ => xml.children(|xml, inner| read(xml, inner, story, line, boxes)),
    }
}

fn read_link<'x>(
    xml: &mut Xml<'x>,
    element: &BytesStart<'x>,
    story: &mut Story,
    line: &mut Line,
    boxes: &mut Blocks,
) -> Done {
    let target = xml::attribute(element, "id").and_then(|id| story.links.get(&id).cloned());
    let mut inside = Line::default();
    xml.children(|xml, inner| read(xml, inner, story, &mut inside, boxes))?;
    let text = inside.into_plain();
    match target {
        Some(target) if !text.is_empty() => {
            let link = crate::markdown::link(&text, &target);
            line.push(Emphasis::default(), &link);
        }
        _ => line.push(Emphasis::default(), &text),
    }
    Ok(())
}

fn read_run(xml: &mut Xml, story: &mut Story, line: &mut Line, boxes: &mut Blocks) -> Done {
    let mut emphasis = Emphasis::default();
    let mut hidden = false;
    let mut text = String::new();
    xml.children(|xml, element| {
        match xml::name(element) {
            "rPr" => return read_emphasis(xml, &mut emphasis, &mut hidden),
            "t" => {
                text.push_str(&xml.text()?);
                return Ok(());
            }
            "tab" | "ptab" => text.push(' '),
            "br" if xml::attribute(element, "type").is_none() => text.push_str("  \n"),
            "br" => text.push(' '),
            "cr" => text.push_str("  \n"),
            "noBreakHyphen" => text.push('-'),
            "footnoteReference" | "endnoteReference" => {
                let foot = xml::name(element).starts_with("foot");
                let part = if foot {
                    "footnotes.xml"
                } else {
                    "endnotes.xml"
                };
                let id = xml::attribute(element, "id").unwrap_or_default();
                text.push_str(&story.notes.refer(part, id));
            }
            "commentReference" => story.comments = true,
            "drawing" | "pict" | "object" | "AlternateContent" => {
                return read_boxes(xml, story, boxes);
            }
            _ => {}
        }
        xml.skip()
    })?;
    if !hidden {
        line.push(emphasis, &text);
    }
    Ok(())
}

fn read_emphasis(xml: &mut Xml, emphasis: &mut Emphasis, hidden: &mut bool) -> Done {
    xml.children(|xml, element| {
        match xml::name(element) {
            "b" => emphasis.bold = xml::is_on(element),
            "i" => emphasis.italic = xml::is_on(element),
            "vanish" => *hidden = xml::is_on(element),
            _ => {}
        }
        xml.skip()
    })
}

/// Looks for text boxes in a drawing; of two versions of it the first is read.
fn read_boxes(xml: &mut Xml, story: &mut Story, boxes: &mut Blocks) -> Done {
    xml.children(|xml, element| match xml::name(element) {
        "txbxContent" => read_blocks(xml, story, boxes),
        "Fallback" => xml.skip(),
        _ => read_boxes(xml, story, boxes),
    })
}
