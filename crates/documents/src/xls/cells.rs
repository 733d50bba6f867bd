//! The cells of one sheet.

use super::globals::Globals;
use super::records::{BEGIN, END, Record, Records};
use super::strings::Reader;
use super::{malformed, u16_at, u32_at, u64_at};
use crate::TranscribeError;
use crate::sheet::{Grid, Place, Room};
use crate::watch::Watch;

const NUMBER: u16 = 0x203;
const SMALL_NUMBER: u16 = 0x27e;
const SMALL_NUMBERS: u16 = 0xbd;
const SHARED_STRING: u16 = 0xfd;
const TEXT: u16 = 0x204;
const RICH_TEXT: u16 = 0xd6;
const TRUTH_OR_ERROR: u16 = 0x205;
const FORMULA: u16 = 0x06;
const FORMULA_TEXT: u16 = 0x207;

/// Where the value stands in a record of one cell, behind row, column and style.
const VALUE: usize = 6;
/// Records that are read before the watch is looked at again.
const PIECE: usize = 1_000;

/// A sheet while it is read.
pub(super) struct Sheet<'a> {
    globals: &'a Globals,
    room: &'a mut Room,
    grid: Grid,
    /// The formula whose text comes in a record of its own.
    formula: Option<Place>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(globals: &'a Globals, room: &'a mut Room) -> Self {
        Self {
            globals,
            room,
            grid: Grid::default(),
            formula: None,
        }
    }

    /// Reads the records of the sheet, and says how many bytes they take.
    pub(super) fn read(
        mut self,
        stream: &[u8],
        watch: &Watch,
    ) -> Result<(Grid, usize), TranscribeError> {
        let mut records = Records::of(stream);
        let first = records.next()?;
        if first.is_none_or(|record| record.kind != BEGIN) {
            return Err(malformed("a sheet does not begin as one"));
        }
        // Charts in a sheet have cells of their own.
        let mut inside = 0_usize;
        let mut count = 0_usize;
        while let Some(record) = records.next()? {
            count += 1;
            if count.is_multiple_of(PIECE) {
                watch.check()?;
            }
            match record.kind {
                BEGIN => inside += 1,
                END if inside == 0 => break,
                END => inside -= 1,
                _ if inside == 0 && !self.grid.is_full() => {
                    let understood = self.take(&record);
                    understood.ok_or_else(|| malformed("a record is too short"))?;
                }
                _ => {}
            }
        }
        Ok((self.grid, records.at))
    }

    fn take(&mut self, record: &Record) -> Option<()> {
        let data = record.data;
        match record.kind {
            NUMBER => self.put_number(data, f64::from_bits(u64_at(data, VALUE)?)),
            SMALL_NUMBER => self.put_number(data, small_number(u32_at(data, VALUE)?)),
            SMALL_NUMBERS => self.put_numbers(data),
            SHARED_STRING => {
                let index = usize::try_from(u32_at(data, VALUE)?).ok()?;
                let globals = self.globals;
                self.put(data, globals.strings.get(index).unwrap_or_default())
            }
            TEXT | RICH_TEXT => {
                let text = Reader::of(record, VALUE).long(self.globals.writing)?;
                self.put(data, &text)
            }
            TRUTH_OR_ERROR => match *data.get(VALUE + 1)? {
                0 => self.put(data, truth(*data.get(VALUE)?)),
                _ => self.put(data, error(*data.get(VALUE)?)),
            },
            FORMULA => self.put_formula(data),
            FORMULA_TEXT => {
                let text = Reader::of(record, 0).long(self.globals.writing)?;
                if let Some(place) = self.formula.take() {
                    self.grid.put(self.room, place, &text);
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn put(&mut self, data: &[u8], text: &str) -> Option<()> {
        self.grid.put(self.room, place(data)?, text);
        Some(())
    }

    fn put_number(&mut self, data: &[u8], number: f64) -> Option<()> {
        let format = self.globals.format(u16_at(data, 4)?);
        self.put(data, &format.show(number, self.globals.is_1904))
    }

    /// Numbers side by side: a row, the first column, style and number of each, the last column.
    fn put_numbers(&mut self, data: &[u8]) -> Option<()> {
        let mut place = place(data)?;
        let numbers = data.get(4..data.len().checked_sub(2)?)?;
        for number in numbers.chunks_exact(6) {
            let format = self.globals.format(u16_at(number, 0)?);
            let value = small_number(u32_at(number, 2)?);
            let text = format.show(value, self.globals.is_1904);
            self.grid.put(self.room, place, &text);
            place.column += 1;
        }
        Some(())
    }

    /// What a formula gave when it was last computed.
    fn put_formula(&mut self, data: &[u8]) -> Option<()> {
        if u16_at(data, VALUE + 6)? != 0xffff {
            return self.put_number(data, f64::from_bits(u64_at(data, VALUE)?));
        }
        let value = *data.get(VALUE + 2)?;
        match *data.get(VALUE)? {
            0 => {
                self.formula = Some(place(data)?);
                Some(())
            }
            1 => self.put(data, truth(value)),
            2 => self.put(data, error(value)),
            _ => Some(()),
        }
    }
}

fn place(data: &[u8]) -> Option<Place> {
    Some(Place {
        row: u16_at(data, 0)?.into(),
        column: u16_at(data, 2)?.into(),
    })
}

/// Numbers in four bytes: the upper part of a long one or a whole number, perhaps of hundredths.
fn small_number(bits: u32) -> f64 {
    let number = if bits & 2 == 0 {
        f64::from_bits(u64::from(bits & !3) << 32)
    } else {
        f64::from(bits.cast_signed() >> 2)
    };
    if bits & 1 == 0 {
        number
    } else {
        number / 100.0
    }
}

fn truth(value: u8) -> &'static str {
    if value == 0 { "FALSE" } else { "TRUE" }
}

fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_parts_of_long_ones_or_whole_ones() {
        for (bits, expected) in [
            (0x3ff0_0000, 1.0),
            (0x3ff0_0001, 0.01),
            (2 | 7 << 2, 7.0),
            (3 | 123 << 2, 1.23),
            (0xffff_fffe, -1.0),
        ] {
            assert!((small_number(bits) - expected).abs() < 1e-12, "{bits:x}");
        }
    }
}
