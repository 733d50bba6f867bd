//! What stands side by side in a paragraph: runs of text, links, references to notes.

use quick_xml::events::BytesStart;

use super::Story;
use super::block::{Blocks, read_blocks};
use super::xml::{self, Xml};
use crate::TranscribeError;

type Done = Result<(), TranscribeError>;

/// How a run is set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Emphasis {
    bold: bool,
    italic: bool,
}

/// The text of a paragraph in pieces of one emphasis.
#[derive(Debug, Default)]
pub(super) struct Line {
    pieces: Vec<(Emphasis, String)>,
}

impl Line {
    /// White space alone takes the emphasis of what stands before it.
    fn push(&mut self, emphasis: Emphasis, text: &str) {
        match self.pieces.last_mut() {
            Some((last, before)) if *last == emphasis || text.trim().is_empty() => {
                before.push_str(text);
            }
            _ if !text.is_empty() => self.pieces.push((emphasis, text.to_owned())),
            _ => {}
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.pieces.iter().all(|(_, text)| text.trim().is_empty())
    }

    /// One line without emphasis, for headings.
    pub(super) fn into_plain(self) -> String {
        let text: String = self.pieces.into_iter().map(|(_, text)| text).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The marks stand close to the words, as Markdown wants it.
    pub(super) fn into_markdown(self) -> String {
        let mut out = String::new();
        for (emphasis, text) in &self.pieces {
            let mark = match emphasis {
                Emphasis {
                    bold: true,
                    italic: true,
                } => "***",
                Emphasis { bold: true, .. } => "**",
                Emphasis { italic: true, .. } => "*",
                Emphasis { .. } => "",
            };
            let words = text.trim();
            let marked =
                !mark.is_empty() && words.contains(char::is_alphanumeric) && !words.contains('\n');
            if !marked {
                out.push_str(text);
                continue;
            }
            let lead = text.len() - text.trim_start().len();
            out.push_str(&text[..lead]);
            out.push_str(&format!("{mark}{words}{mark}"));
            out.push_str(&text[lead + words.len()..]);
        }
        out.trim().to_owned()
    }
}

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
