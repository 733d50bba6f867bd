//! Strings in records: one or two bytes for a character, going on from record to record.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::records::Record;
use crate::sheet::Strings;

/// How strings are written, which depends on the version of the format.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writing {
    /// Excel 97 to 2003: each string says whether it has one or two bytes for a character.
    Unicode,
    /// Excel 5 and 95: bytes of one code page.
    Bytes(&'static Encoding),
}

/// Bits of the byte that stands before characters.
const WIDE: u8 = 1;
const PRONOUNCED: u8 = 4;
const RICH: u8 = 8;

/// The encoding of a code page; the Western one for those that are not known.
pub(super) fn code_page(number: u16) -> &'static Encoding {
    let label = match number {
        874 | 1250..=1258 => format!("windows-{number}"),
        866 => "ibm866".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 => "macintosh".to_owned(),
        20_866 => "koi8-r".to_owned(),
        65_001 => "utf-8".to_owned(),
        _ => return WINDOWS_1252,
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// The bytes of a record and of what continues it, read from front to back.
pub(super) struct Reader<'a> {
    segments: Vec<&'a [u8]>,
    segment: usize,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at a byte of the record itself.
    pub(super) fn of(record: &Record<'a>, at: usize) -> Self {
        let mut segments = vec![record.data];
        segments.extend(&record.more);
        Self {
            segments,
            segment: 0,
            at,
        }
    }

    fn u8(&mut self) -> Option<u8> {
        loop {
            let segment = self.segments.get(self.segment)?;
            if let Some(byte) = segment.get(self.at) {
                self.at += 1;
                return Some(*byte);
            }
            self.segment += 1;
            self.at = 0;
        }
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.u8()?, self.u8()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        let (low, high) = (self.u16()?, self.u16()?);
        Some(u32::from(low) | u32::from(high) << 16)
    }

    /// Passes over bytes; `None` when there are fewer.
    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            let rest = self
                .segments
                .get(self.segment)?
                .len()
                .saturating_sub(self.at);
            let step = rest.min(bytes);
            self.at += step;
            bytes -= step;
            if bytes > 0 {
                self.segment += 1;
                self.at = 0;
            }
        }
        Some(())
    }

    /// A string whose length stands before it in two bytes.
    pub(super) fn long(&mut self, writing: Writing) -> Option<String> {
        let length = self.u16()?;
        self.of_length(writing, length.into())
    }

    /// A string whose length stands before it in one byte.
    pub(super) fn short(&mut self, writing: Writing) -> Option<String> {
        let length = self.u8()?;
        self.of_length(writing, length.into())
    }

    fn of_length(&mut self, writing: Writing, length: usize) -> Option<String> {
        match writing {
            Writing::Unicode => self.unicode(length),
            Writing::Bytes(encoding) => {
                let bytes: Option<Vec<u8>> = (0..length).map(|_| self.u8()).collect();
                let bytes = bytes?;
                Some(encoding.decode_without_bom_handling(&bytes).0.into_owned())
            }
        }
    }

    fn unicode(&mut self, length: usize) -> Option<String> {
        let flags = self.u8()?;
        let runs = if flags & RICH == 0 { 0 } else { self.u16()? };
        let more = if flags & PRONOUNCED == 0 {
            0
        } else {
            self.u32()?
        };
        let text = self.characters(length, flags & WIDE != 0)?;
        self.skip(usize::from(runs) * 4)?;
        self.skip(usize::try_from(more).ok()?)?;
        Some(text)
    }

    /// Where a string goes on in the next record, that says again how wide its characters are.
    fn characters(&mut self, length: usize, mut wide: bool) -> Option<String> {
        let mut units = Vec::new();
        for _ in 0..length {
            if self.at >= self.segments.get(self.segment)?.len() {
                self.segment += 1;
                self.at = 0;
                wide = self.u8()? & WIDE != 0;
            }
            let unit = if wide { self.u16()? } else { self.u8()?.into() };
            units.push(unit);
        }
        Some(String::from_utf16_lossy(&units))
    }

    /// The table of shared strings. What is cut off at its end is not there.
    pub(super) fn shared(&mut self) -> Strings {
        let mut strings = Strings::default();
        let _all = self.u32();
        let count = self.u32().unwrap_or_default();
        for _ in 0..count {
            match self.long(Writing::Unicode) {
                Some(string) => strings.push(&string),
                None => break,
            }
        }
        strings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader<'a>(segments: &[&'a [u8]]) -> Reader<'a> {
        let record = Record {
            kind: 0,
            data: segments[0],
            more: segments[1..].to_vec(),
        };
        Reader::of(&record, 0)
    }

    #[test]
    fn a_string_goes_on_in_the_next_record_with_another_width() {
        let mut reader = reader(&[b"\x04\0\0ab", b"\x01\xe9\0\x26\x20"]);
        assert_eq!(
            reader.long(Writing::Unicode).as_deref(),
            Some("abé…"[..].into())
        );
    }

    #[test]
    fn runs_and_pronunciation_are_passed_over() {
        let mut reader = reader(&[b"\x01\0\x0c\x01\0\x02\0\0\0a", b"rrrrpp\x01\0\0b"]);
        assert_eq!(reader.long(Writing::Unicode).as_deref(), Some("a"));
        assert_eq!(reader.long(Writing::Unicode).as_deref(), Some("b"));
        assert_eq!(reader.long(Writing::Unicode), None);
    }

    #[test]
    fn bytes_are_of_a_code_page() {
        let text = |page| reader(&[b"\x02\xb1\xe6"]).short(Writing::Bytes(code_page(page)));
        assert_eq!(text(1250).as_deref(), Some("±ć"));
        assert_eq!(text(1).as_deref(), Some("±æ"));
    }

    #[test]
    fn a_count_that_lies_costs_nothing() {
        let mut reader = reader(&[b"\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0a"]);
        let strings = reader.shared();
        assert_eq!((strings.get(0), strings.get(1)), (Some("a"), None));
    }
}
