//! The tokens of parts of a text that were met before: text repeats its words.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::ChunkError;

/// Longest part whose tokens are kept for the next time, in bytes.
const PART_BYTES_MAX: usize = 64;
/// Most parts that are kept. Then all are forgotten.
const PARTS_MAX: usize = 1 << 16;

/// Where the tokens of each part begin, within the part.
#[derive(Default)]
pub(super) struct Remembered {
    parts: Mutex<HashMap<Box<str>, Box<[u8]>>>,
}

impl Remembered {
    /// Appends the tokens of parts that have nothing to do with each other, each with its place;
    /// `encode` is asked for those that are new.
    pub(super) fn encode<'a>(
        &self,
        parts: impl Iterator<Item = (usize, &'a str)>,
        starts: &mut Vec<usize>,
        encode: impl Fn(&str) -> Result<Vec<usize>, ChunkError>,
    ) -> Result<(), ChunkError> {
        let mut known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, part) in parts {
            if let Some(places) = known.get(part) {
                starts.extend(places.iter().map(|place| at + usize::from(*place)));
                continue;
            }
            let places = encode(part)?;
            starts.extend(places.iter().map(|place| at + place));
            if part.len() <= PART_BYTES_MAX {
                if known.len() >= PARTS_MAX {
                    known.clear();
                }
                let narrow = |place: &usize| u8::try_from(*place).unwrap_or(u8::MAX);
                known.insert(part.into(), places.iter().map(narrow).collect());
            }
        }
        Ok(())
    }
}
