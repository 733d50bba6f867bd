//! What an old Office file states about itself. What is broken in it is as if it were not there.

use encoding_rs::{Encoding, UTF_16LE};

use super::strings::code_page;
use super::{u16_at, u32_at, u64_at};
use crate::assemble::Assembly;
use crate::sheet::timestamp;

/// Where the list of sections says that the first one begins.
const SECTION: usize = 44;
/// More properties than any program writes.
const PROPERTIES_MAX: usize = 100;

const CODE_PAGE: u32 = 1;
const TITLE: u32 = 2;

/// Numbers of properties, and under which name they are kept.
const KEPT: &[(u32, &str)] = &[
    (3, "subject"),
    (4, "author"),
    (5, "keywords"),
    (6, "description"),
    (8, "modified_by"),
    (12, "created"),
    (13, "modified"),
    (18, "program"),
];

/// Reads title and metadata into the document.
pub(super) fn read(stream: &[u8], assembly: &mut Assembly) {
    let section = u32_at(stream, SECTION).and_then(|start| stream.get(start as usize..));
    let Some(section) = section else { return };
    let count = u32_at(section, 4).map_or(0, |count| (count as usize).min(PROPERTIES_MAX));
    let places = (0..count).filter_map(|index| {
        let number = u32_at(section, 8 + index * 8)?;
        let start = u32_at(section, 12 + index * 8)?;
        Some((number, section.get(start as usize..)?))
    });
    let places: Vec<(u32, &[u8])> = places.collect();
    let page = places.iter().find(|(number, _)| *number == CODE_PAGE);
    let page = page
        .and_then(|(_, data)| u16_at(data, 4))
        .unwrap_or_default();
    let encoding = code_page(page);
    for (number, data) in places {
        let kept = KEPT.iter().find(|(kept, _)| *kept == number);
        let Some(text) = value(data, encoding) else {
            continue;
        };
        match kept {
            Some((_, key)) => assembly.meta(key, &text),
            None if number == TITLE => assembly.title(&text),
            None => {}
        }
    }
}

/// A value of one of the types that texts and times have.
fn value(data: &[u8], encoding: &'static Encoding) -> Option<String> {
    const BYTES: u32 = 0x1e;
    const WIDE: u32 = 0x1f;
    const TIME: u32 = 0x40;
    let length = || u32_at(data, 4).map(|length| length as usize);
    let (bytes, encoding) = match u32_at(data, 0)? {
        BYTES => (length()?, encoding),
        WIDE => (length()?.checked_mul(2)?, UTF_16LE),
        TIME => {
            return u64_at(data, 4)
                .filter(|time| *time != 0)
                .and_then(timestamp);
        }
        _ => return None,
    };
    let text = data.get(8..bytes.checked_add(8)?)?;
    let text = encoding.decode_without_bom_handling(text).0;
    Some(text.trim_end_matches('\0').to_owned())
}
