//! One paragraph: a heading, an item of a list, or prose.

use super::Story;
use super::inline;
use super::styles::Look;
use crate::blocks::Blocks;
use crate::line::Line;
use crate::package::xml::{self, Xml};
use crate::{TranscribeError, markdown};

/// Reads the paragraph just opened. Text boxes that hang on it follow it.
pub(super) fn read(
    xml: &mut Xml,
    story: &mut Story,
    blocks: &mut Blocks,
) -> Result<(), TranscribeError> {
    let mut look = Look::default();
    let mut line = Line::default();
    let mut boxes = Blocks::default();
    xml.children(|xml, element| match xml::name(element) {
        "pPr" => {
            look = Look::read(xml)?;
            Ok(())
        }
        _ => inline::read(xml, element, story, &mut line, &mut boxes),
    })?;
    write(&look, line, story, blocks);
    blocks.push(&boxes.into_markdown());
    Ok(())
}

fn write(look: &Look, line: Line, story: &mut Story, blocks: &mut Blocks) {
    if line.is_blank() {
        return;
    }
    if let Some(level) = story.styles.heading_level(look) {
        story.lists.interrupt();
        let text = line.into_plain();
        return blocks.push(&format!("{} {text}", "#".repeat(level)));
    }
    let place = story.styles.list_place(look);
    match story.lists.next_mark(place) {
        Some(mark) => {
            let indent = " ".repeat(mark.len());
            let text = line.into_markdown().replace('\n', &format!("\n{indent}"));
            blocks.push_item(&format!("{mark}{text}"));
        }
        None => {
            story.lists.interrupt();
            blocks.push(&markdown::escape_start(&line.into_markdown()));
        }
    }
}
