//! Footnotes and endnotes: numbered in the order in which the text refers to them, written at the
//! end.

use std::collections::HashMap;

use super::Story;
use super::block::read_blocks;
use crate::TranscribeError;
use crate::blocks::Blocks;
use crate::package::Package;
use crate::package::xml::{self, Xml};

/// The part that a note stands in, and its id there.
type Key = (&'static str, String);

/// The notes that the text refers to.
#[derive(Debug, Default)]
pub(super) struct Notes {
    numbers: HashMap<Key, usize>,
}

impl Notes {
    /// The mark of a reference, such as `[^1]`.
    pub(super) fn refer(&mut self, part: &'static str, id: String) -> String {
        let next = self.numbers.len() + 1;
        let number = self.numbers.entry((part, id)).or_insert(next);
        format!("[^{number}]")
    }
}

/// Appends every note that was referred to.
pub(super) fn write(
    package: &mut Package,
    story: &mut Story,
    blocks: &mut Blocks,
) -> Result<(), TranscribeError> {
    let mut texts = Vec::new();
    for part in ["footnotes.xml", "endnotes.xml"] {
        let text = package.sibling_xml(part)?;
        Xml::new(&text).root(|xml, _| {
            xml.children(|xml, note| {
                let key = (part, xml::attribute(note, "id").unwrap_or_default());
                let Some(number) = story.notes.numbers.get(&key).copied() else {
                    return xml.skip();
                };
                let mut inside = Blocks::default();
                read_blocks(xml, story, &mut inside)?;
                texts.push((number, inside.into_markdown()));
                Ok(())
            })
        })?;
    }
    texts.sort();
    for (number, text) in texts {
        blocks.push(&format!(
            "[^{number}]: {}",
            text.trim().replace('\n', "\n    ")
        ));
    }
    Ok(())
}
