//! What stands before the sheets: their names and places, shared strings, formats.

use std::collections::HashMap;

use super::records::{BEGIN, END, Record, Records};
use super::strings::{Reader, Writing, code_page};
use super::{malformed, u16_at, u32_at};
use crate::TranscribeError;
use crate::assemble::too_many_pages;
use crate::detect::unsupported;
use crate::error::Problem;
use crate::limits::{PAGES_MAX, SHEET_STYLES_MAX};
use crate::sheet::{Label, NumberFormat, Strings};

const PROTECTED: u16 = 0x2f;
const CODE_PAGE: u16 = 0x42;
const CALENDAR: u16 = 0x22;
const FORMAT: u16 = 0x41e;
const STYLE: u16 = 0xe0;
const SHEET: u16 = 0x85;
const STRINGS: u16 = 0xfc;

const EXCEL_97: u16 = 0x600;
const EXCEL_5: u16 = 0x500;

/// What the cells of all sheets refer to.
pub(super) struct Globals {
    pub(super) writing: Writing,
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) strings: Strings,
    pub(super) is_1904: bool,
    formats: HashMap<u16, NumberFormat>,
    styles: Vec<u16>,
}

/// A sheet, and where its records begin.
pub(super) struct SheetEntry {
    pub(super) label: Label,
    pub(super) kind: SheetKind,
    pub(super) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SheetKind {
    Table,
    /// A chart, or macros.
    Other,
}

impl Globals {
    pub(super) fn read(stream: &[u8]) -> Result<Self, TranscribeError> {
        let mut records = Records::of(stream);
        let first = records.next()?.filter(|record| record.kind == BEGIN);
        let version = first.and_then(|record| u16_at(record.data, 0));
        let mut globals = Self {
            writing: match version {
                Some(EXCEL_97) => Writing::Unicode,
                Some(EXCEL_5) => Writing::Bytes(encoding_rs::WINDOWS_1252),
                Some(_) => return Err(unsupported("a workbook older than Excel 5")),
                None => return Err(malformed("it does not begin as a workbook")),
            },
            sheets: Vec::new(),
            strings: Strings::default(),
            is_1904: false,
            formats: HashMap::new(),
            styles: Vec::new(),
        };
        while let Some(record) = records.next()? {
            if record.kind == END {
                break;
            }
            let understood = globals.take(&record)?;
            understood.ok_or_else(|| malformed("a record is too short"))?;
        }
        Ok(globals)
    }

    /// The format of a style, given as a cell names it.
    pub(super) fn format(&self, style: u16) -> NumberFormat {
        let id = self
            .styles
            .get(usize::from(style))
            .copied()
            .unwrap_or_default();
        let own = self.formats.get(&id).copied();
        own.unwrap_or_else(|| NumberFormat::of_id(id.into()))
    }

    /// Takes what one record says; nothing when it is too short for that.
    fn take(&mut self, record: &Record) -> Result<Option<()>, TranscribeError> {
        let number = u16_at(record.data, 0);
        match (record.kind, number) {
            (PROTECTED, _) => {
                let cause = "the XLS opens only with a password";
                return Err(TranscribeError::new(Problem::Encrypted, cause));
            }
            (CODE_PAGE, Some(page)) => {
                if let Writing::Bytes(encoding) = &mut self.writing {
                    *encoding = code_page(page);
                }
            }
            (CALENDAR, Some(calendar)) => self.is_1904 = calendar == 1,
            (FORMAT, Some(id)) => {
                let mut reader = Reader::of(record, 2);
                let code = match self.writing {
                    Writing::Unicode => reader.long(self.writing),
                    Writing::Bytes(_) => reader.short(self.writing),
                };
                // A format that cannot be read leaves its numbers as they are.
                let code = code.unwrap_or_default();
                self.formats.insert(id, NumberFormat::of_code(&code));
            }
            (STYLE, _) if self.styles.len() < SHEET_STYLES_MAX => {
                let Some(id) = u16_at(record.data, 2) else {
                    return Ok(None);
                };
                self.styles.push(id);
            }
            (SHEET, _) => return self.take_sheet(record),
            (STRINGS, _) => self.strings = Reader::of(record, 0).shared(),
            _ => {}
        }
        Ok(Some(()))
    }

    fn take_sheet(&mut self, record: &Record) -> Result<Option<()>, TranscribeError> {
        if self.sheets.len() >= PAGES_MAX {
            return Err(too_many_pages(self.sheets.len() + 1));
        }
        let (start, kinds) = (u32_at(record.data, 0), u16_at(record.data, 4));
        let name = Reader::of(record, 6).short(self.writing);
        let (Some(start), Some(kinds), Some(name)) = (start, kinds, name) else {
            return Ok(None);
        };
        let [state, kind] = kinds.to_le_bytes();
        self.sheets.push(SheetEntry {
            label: Label {
                name: name.replace('\0', ""),
                hidden: state & 3 != 0,
            },
            kind: if kind == 0 {
                SheetKind::Table
            } else {
                SheetKind::Other
            },
            start: usize::try_from(start).unwrap_or(usize::MAX),
        });
        Ok(Some(()))
    }
}
