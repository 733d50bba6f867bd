//! Sheets of workbooks to Markdown, whichever format they come from: a heading and a table.

mod date;
mod number;
mod strings;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::date::timestamp;
pub(crate) use self::number::NumberFormat;
pub(crate) use self::strings::Strings;
use crate::assemble::{Assembly, json_bytes};
use crate::limits::{OUTPUT_BYTES_MAX, SHEET_CELLS_MAX, SHEET_COLUMNS_MAX, SHEET_ROWS_MAX};
use crate::{TranscribeError, markdown};

/// Where a cell stands, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: u32,
    pub(crate) column: u32,
}

/// What of a workbook may still be kept. More text than fits the output is never gathered.
#[derive(Debug)]
pub(crate) struct Room {
    cells: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            cells: SHEET_CELLS_MAX,
            bytes: OUTPUT_BYTES_MAX,
        }
    }
}

/// What the workbook says of a sheet.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) hidden: bool,
}

/// The cells of a sheet that have a value; how far they stand apart costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    rows: BTreeMap<u32, BTreeMap<u32, String>>,
    is_full: bool,
}

impl Grid {
    /// Keeps the text of a cell, unless it is blank or there is no room for more.
    pub(crate) fn put(&mut self, room: &mut Room, place: Place, text: &str) {
        if text.trim().is_empty() || self.is_full {
            return;
        }
        let new_row = !self.rows.contains_key(&place.row);
        let no_rows = new_row && self.rows.len() >= SHEET_ROWS_MAX;
        if no_rows || room.cells == 0 || room.bytes < text.len() {
            self.is_full = true;
            return;
        }
        room.cells -= 1;
        room.bytes -= text.len();
        let row = self.rows.entry(place.row).or_default();
        row.insert(place.column, text.to_owned());
    }

    /// Makes a link of the text of a cell.
    pub(crate) fn link(&mut self, room: &mut Room, place: Place, target: &str) {
        let row = self.rows.get_mut(&place.row);
        if let Some(text) = row.and_then(|row| row.get_mut(&place.column))
            && room.bytes >= target.len()
        {
            room.bytes -= target.len();
            *text = markdown::link(text.trim(), target);
        }
    }

    /// Whether nothing more is kept of this sheet.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Appends the sheet as a page. An empty sheet is an empty page.
    pub(crate) fn write(
        mut self,
        label: &Label,
        assembly: &mut Assembly,
    ) -> Result<(), TranscribeError> {
        let name = label.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if label.hidden {
            assembly.warn(format!("the sheet {name} is hidden"));
        }
        let columns = self.limit_columns(&name, assembly);
        if self.rows.is_empty() {
            return assembly.page("");
        }
        let heading = format!("# {name}\n\n");
        let room = assembly.room().saturating_sub(json_bytes(&heading));
        let (table, last) = self.table(&columns, room);
        if self.is_full || last.is_some() {
            let last = last.or_else(|| self.rows.keys().next_back().copied());
            let row = last.unwrap_or_default().saturating_add(1);
            let cause = format!("the sheet {name} is too large; what comes after row {row}");
            assembly.warn(format!("{cause} was left out"));
        }
        assembly.page(&(heading + &table))
    }

    /// The columns in use, of which the first ones stay.
    fn limit_columns(&mut self, name: &str, assembly: &mut Assembly) -> Vec<u32> {
        let used: BTreeSet<u32> = self
            .rows
            .values()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        let columns: Vec<u32> = used.iter().take(SHEET_COLUMNS_MAX).copied().collect();
        if let (Some(last), true) = (columns.last(), used.len() > columns.len()) {
            self.rows.retain(|_, row| {
                row.retain(|column, _| column <= last);
                !row.is_empty()
            });
            let (used, kept) = (used.len(), columns.len());
            assembly.warn(format!(
                "the sheet {name} has {used} columns with values, of which {kept} were kept"
            ));
        }
        columns
    }

    /// The rows that fit, and the last of them when not all did. Rows and columns without any value
    /// are left out.
    fn table(&self, columns: &[u32], room: usize) -> (String, Option<u32>) {
        let mut out = String::new();
        let mut used = 0;
        let mut last = 0;
        for (index, (number, row)) in self.rows.iter().enumerate() {
            let mut line = String::new();
            if columns.len() == 1 {
                line.extend(row.values().map(|text| markdown::escape_start(text.trim())));
                line.push_str("\n\n");
            } else {
                push_row(&mut line, row, columns, index == 0);
            }
            used += json_bytes(&line);
            if used > room {
                return (out, Some(last));
            }
            out.push_str(&line);
            last = *number;
        }
        (out, None)
    }
}

fn push_row(out: &mut String, row: &BTreeMap<u32, String>, columns: &[u32], is_first: bool) {
    let last = row.keys().next_back().copied().unwrap_or_default();
    let up_to_last = columns.iter().take_while(|column| **column <= last);
    let texts = up_to_last.map(|column| row.get(column).map_or("", String::as_str));
    // Only the first row is filled up: shorter ones below it are allowed.
    let cells = columns.iter().filter(|column| **column > last).count();
    markdown::push_row(out, texts, if is_first { cells } else { 0 });
    if is_first {
        markdown::push_rule(out, columns.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    fn write(cells: &[(u32, u32, &str)]) -> crate::Document {
        let (mut grid, mut room) = (Grid::default(), Room::default());
        for (row, column, text) in cells {
            let place = Place {
                row: *row,
                column: *column,
            };
            grid.put(&mut room, place, text);
        }
        let label = Label {
            name: "S".to_owned(),
            hidden: false,
        };
        let mut assembly = Assembly::new(Format::Xlsx);
        grid.write(&label, &mut assembly).unwrap();
        assembly.finish().unwrap()
    }

    #[test]
    fn cells_far_apart_make_a_small_table() {
        let document = write(&[(1_048_575, 16_383, "z"), (0, 0, "a"), (7, 3, "m")]);
        assert_eq!(
            document.markdown,
            "# S\n\n| a | | |\n| --- | --- | --- |\n| | m |\n| | | z |"
        );
    }

    #[test]
    fn a_single_column_is_text() {
        assert_eq!(
            write(&[(0, 5, "a"), (9, 5, "# b")]).markdown,
            "# S\n\na\n\n\\# b"
        );
    }

    #[test]
    fn more_columns_than_are_kept_are_counted() {
        let cells: Vec<_> = (0..1_200).map(|column| (0, column, "x")).collect();
        let document = write(&cells);
        assert_eq!(
            document.warnings,
            ["the sheet S has 1200 columns with values, of which 1000 were kept"]
        );
    }

    #[test]
    fn what_does_not_fit_the_output_is_left_out_and_said() {
        let text = "\"".repeat(1 << 10);
        let cells: Vec<_> = (0..5_000)
            .map(|row| (row, row % 2, text.as_str()))
            .collect();
        let document = write(&cells);
        assert!(document.markdown.len() > 3 << 20);
        assert!(
            document.warnings[0].ends_with("was left out"),
            "{:?}",
            document.warnings
        );
    }
}
