//! What stands one below the other: paragraphs, list items, tables.

use super::xml::{self, Xml};
use super::{Story, paragraph, table};
use crate::TranscribeError;

/// Blocks of Markdown as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    markdown: String,
    ends_with_item: bool,
}

impl Blocks {
    /// Appends a block, a blank line apart.
    pub(super) fn push(&mut self, block: &str) {
        self.append(block, false);
    }

    /// Appends an item of a list; items stand on the next line.
    pub(super) fn push_item(&mut self, item: &str) {
        self.append(item, true);
    }

    fn append(&mut self, text: &str, is_item: bool) {
        if text.trim().is_empty() {
            return;
        }
        if !self.markdown.is_empty() {
            self.markdown.push_str(if is_item && self.ends_with_item {
                "\n"
            } else {
                "\n\n"
            });
        }
        self.markdown.push_str(text);
        self.ends_with_item = is_item;
    }

    pub(super) fn into_markdown(self) -> String {
        self.markdown
    }
}

/// Reads the blocks inside the element just opened.
pub(super) fn read_blocks(
    xml: &mut Xml,
    story: &mut Story,
    blocks: &mut Blocks,
) -> Result<(), TranscribeError> {
    xml.children(|xml, element| match xml::name(element) {
        "p" => {
            story.watch.check()?;
            paragraph::read(xml, story, blocks)
        }
        "tbl" => table::read(xml, story, blocks),
        // Wrappers around blocks: content controls, inserted text, custom XML.
        "sdt" | "sdtContent" | "ins" | "moveTo" | "customXml" => read_blocks(xml, story, blocks),
        "AlternateContent" | "Choice" => read_blocks(xml, story, blocks),
        _ => xml.skip(),
    })
}
