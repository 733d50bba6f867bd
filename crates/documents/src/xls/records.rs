//! A stream of records: a type, a length, and so many bytes.

use super::{malformed, u16_at};
use crate::TranscribeError;

/// Goes on with what the record before it had no space for.
pub(super) const CONTINUE: u16 = 0x3c;
/// Begins the workbook, a sheet, or a chart within a sheet.
pub(super) const BEGIN: u16 = 0x809;
/// Ends what was begun.
pub(super) const END: u16 = 0x0a;

/// One record, with what continues it.
pub(super) struct Record<'a> {
    pub(super) kind: u16,
    pub(super) data: &'a [u8],
    pub(super) more: Vec<&'a [u8]>,
}

/// The records of a stream, and how far they were read.
pub(super) struct Records<'a> {
    stream: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Records<'a> {
    pub(super) fn of(stream: &'a [u8]) -> Self {
        Self { stream, at: 0 }
    }

    /// The next record; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Record<'a>>, TranscribeError> {
        let Some((kind, data)) = self.take()? else {
            return Ok(None);
        };
        let mut more = Vec::new();
        while u16_at(self.stream, self.at) == Some(CONTINUE) {
            more.extend(self.take()?.map(|(_, data)| data));
        }
        Ok(Some(Record { kind, data, more }))
    }

    fn take(&mut self) -> Result<Option<(u16, &'a [u8])>, TranscribeError> {
        let kind = u16_at(self.stream, self.at);
        let length = u16_at(self.stream, self.at + 2);
        // A stream may be filled up with a few bytes, or with zeros.
        let (Some(kind), Some(length)) = (kind, length) else {
            return Ok(None);
        };
        if kind == 0 && length == 0 {
            return Ok(None);
        }
        let start = self.at + 4;
        let end = start + usize::from(length);
        let data = self.stream.get(start..end);
        self.at = end;
        data.map(|data| Some((kind, data)))
            .ok_or_else(|| malformed("a record is cut off"))
    }
}
