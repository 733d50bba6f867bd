//! XLS (Excel 5 to 2003) to Markdown: one page for each sheet, as XLSX.
//!
//! A reader of the records of the format, none of which may lie about its length. Rows, columns and
//! lengths that a file states are never trusted with memory; formulas are not computed. Charts,
//! pictures, comments and links are left out.

mod cells;
mod container;
mod globals;
mod properties;
mod records;
mod strings;

use self::cells::Sheet;
use self::container::Container;
pub(crate) use self::container::MAGIC;
use self::globals::{Globals, SheetKind};
use crate::assemble::Assembly;
use crate::detect::unsupported;
use crate::error::Problem;
use crate::sheet::Room;
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// The streams of a workbook.
pub(crate) struct Workbook {
    records: Vec<u8>,
    summary: Option<Vec<u8>>,
}

/// Streams that tell which other format such a file is.
const OTHERS: &[(&str, &str)] = &[
    ("WordDocument", "an old Word document (DOC)"),
    (
        "PowerPoint Document",
        "an old PowerPoint presentation (PPT)",
    ),
    ("VisioDocument", "a Visio drawing"),
    ("__properties_version1.0", "an Outlook message (MSG)"),
];

/// Opens an old Office file and finds out what it holds.
pub(crate) fn open(bytes: &[u8]) -> Result<Workbook, TranscribeError> {
    let container = Container::open(bytes)?;
    for name in ["Workbook", "Book"] {
        if let Some(records) = container.stream(name)? {
            return Ok(Workbook {
                records,
                summary: container
                    .stream("\u{5}SummaryInformation")
                    .unwrap_or_default(),
            });
        }
    }
    if container.has("EncryptedPackage") {
        let cause = "the Office document opens only with a password";
        return Err(TranscribeError::new(Problem::Encrypted, cause));
    }
    let other = OTHERS.iter().find(|(stream, _)| container.has(stream));
    Err(unsupported(other.map_or(
        "an old Office file that holds no workbook",
        |(_, what)| what,
    )))
}

/// Reads an opened workbook.
pub(crate) fn read(workbook: &Workbook, watch: &Watch) -> Result<Document, TranscribeError> {
    let globals = Globals::read(&workbook.records)?;
    let mut assembly = Assembly::new(Format::Xls);
    if let Some(summary) = &workbook.summary {
        properties::read(summary, &mut assembly);
    }
    let mut room = Room::default();
    // Sheets stand one behind the other, so that all of them together are no longer than the file.
    let mut left = workbook.records.len();
    for sheet in &globals.sheets {
        watch.check()?;
        let name = &sheet.label.name;
        if sheet.kind != SheetKind::Table {
            assembly.warn(format!("the sheet {name} is no table and was left out"));
            assembly.page("")?;
            continue;
        }
        let records = workbook.records.get(sheet.start..).unwrap_or_default();
        if records.is_empty() {
            assembly.warn(format!("the sheet {name} is missing in the file"));
            assembly.page("")?;
            continue;
        }
        let (grid, length) = Sheet::new(&globals, &mut room).read(records, watch)?;
        left = left
            .checked_sub(length)
            .ok_or_else(|| malformed("its sheets overlap"))?;
        grid.write(&sheet.label, &mut assembly)?;
    }
    assembly.finish()
}

fn malformed(cause: &str) -> TranscribeError {
    TranscribeError::malformed(Format::Xls, cause)
}

/// A number of two bytes, the lower one first, as all numbers here.
fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}
