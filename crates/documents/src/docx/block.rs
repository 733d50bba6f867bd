//! What stands one below the other: paragraphs, list items, tables.

use super::{Story, paragraph, table};
use crate::TranscribeError;
use crate::blocks::Blocks;
use crate::package::xml::{self, Xml};

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
