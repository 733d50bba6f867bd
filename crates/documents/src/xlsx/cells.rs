//! The cells of one sheet.

use quick_xml::events::BytesStart;

use super::{Shared, strings};
use crate::TranscribeError;
use crate::package::Links;
use crate::package::xml::{self, Xml};
use crate::sheet::{Grid, Place, Room};

type Done = Result<(), TranscribeError>;

/// Programs know no more rows and columns than these.
const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;

/// A sheet while it is read.
pub(super) struct Sheet<'a> {
    shared: &'a Shared<'a>,
    links: &'a Links,
    room: &'a mut Room,
    grid: Grid,
    /// Where the next cell stands if it does not say so.
    next: Place,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, links: &'a Links, room: &'a mut Room) -> Self {
        Self {
            shared,
            links,
            room,
            grid: Grid::default(),
            next: Place { row: 0, column: 0 },
        }
    }

    /// Reads the part of the sheet.
    pub(super) fn read(mut self, text: &str) -> Result<Grid, TranscribeError> {
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| match xml::name(element) {
                "sheetData" => xml.children(|xml, element| match xml::name(element) {
                    "row" if !self.grid.is_full() => self.read_row(xml, element),
                    _ => xml.skip(),
                }),
                "hyperlinks" => xml.children(|xml, link| {
                    self.link(link);
                    xml.skip()
                }),
                _ => xml.skip(),
            })
        })?;
        Ok(self.grid)
    }

    fn read_row(&mut self, xml: &mut Xml, row: &BytesStart) -> Done {
        self.shared.watch.check()?;
        let stated: Option<u32> = xml::attribute(row, "r").and_then(|row| row.parse().ok());
        if let Some(row) = stated.filter(|row| (1..=ROWS).contains(row)) {
            self.next.row = row - 1;
        }
        self.next.column = 0;
        xml.children(|xml, element| match xml::name(element) {
            "c" => self.read_cell(xml, element),
            _ => xml.skip(),
        })?;
        self.next.row = self.next.row.saturating_add(1);
        Ok(())
    }

    fn read_cell(&mut self, xml: &mut Xml, cell: &BytesStart) -> Done {
        let stated = xml::attribute(cell, "r").and_then(|name| place(&name));
        let place = stated.unwrap_or(self.next);
        self.next = Place {
            column: place.column.saturating_add(1),
            ..place
        };
        let (kind, style) = (xml::attribute(cell, "t"), xml::attribute(cell, "s"));
        let mut text = String::new();
        xml.children(|xml, element| {
            match xml::name(element) {
                "v" => text = xml.text()?,
                "is" => text = strings::read_rich(xml)?,
                _ => xml.skip()?,
            }
            Ok(())
        })?;
        let shared = self.shared;
        match kind.as_deref() {
            Some("s") => {
                let string = text.trim().parse().ok();
                let string = string.and_then(|index| shared.strings.get(index));
                self.grid.put(self.room, place, string.unwrap_or_default());
            }
            Some("b") => {
                let text = match text.trim() {
                    "1" | "true" => "TRUE",
                    "" => "",
                    _ => "FALSE",
                };
                self.grid.put(self.room, place, text);
            }
            Some("str") => self.grid.put(self.room, place, &strings::unescape(&text)),
            Some("e" | "inlineStr" | "d") => self.grid.put(self.room, place, &text),
            _ => {
                let number = text.trim().parse::<f64>();
                let shown = number.map(|n| shared.styles.format(style).show(n, shared.is_1904));
                self.grid
                    .put(self.room, place, shown.as_deref().unwrap_or(&text));
            }
        }
        Ok(())
    }

    /// Links lead from single cells; one over several is that of its first.
    fn link(&mut self, link: &BytesStart) {
        let name = xml::attribute(link, "ref").unwrap_or_default();
        let first = name.split(':').next().and_then(place);
        let target = xml::prefixed(link, "id").and_then(|id| self.links.get(&id));
        if let (Some(place), Some(target)) = (first, target) {
            self.grid.link(self.room, place, target);
        }
    }
}

/// The place that a name such as `AB12` means.
fn place(name: &str) -> Option<Place> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, row) = name.split_at(letters);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let digit = u32::from(letter.to_ascii_uppercase() - b'A') + 1;
        column.checked_mul(26)?.checked_add(digit)
    })?;
    let row: u32 = row.parse().ok()?;
    let exists = (1..=COLUMNS).contains(&column) && (1..=ROWS).contains(&row);
    exists.then(|| Place {
        row: row - 1,
        column: column - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_are_places() {
        let at = |name| place(name).map(|place| (place.row, place.column));
        assert_eq!(at("A1"), Some((0, 0)));
        assert_eq!(at("AB12"), Some((11, 27)));
        assert_eq!(at("XFD1048576"), Some((1_048_575, 16_383)));
        for name in [
            "",
            "A",
            "1",
            "A0",
            "XFE1",
            "A1048577",
            "AAAAAAAAAAAA1",
            "é1",
        ] {
            assert_eq!(at(name), None, "{name}");
        }
    }
}
