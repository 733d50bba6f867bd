//! Tables that line up, also with emoji, and fit the terminal.

use super::{Output, Tone, line};
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    /// Never cut, however narrow the terminal is.
    whole: bool,
}

impl Column {
    /// A column of texts, cut where the terminal is too narrow.
    pub(crate) const fn text(title: &'static str) -> Column {
        Column {
            title,
            right: false,
            whole: false,
        }
    }

    /// A column of short words that are never cut.
    pub(crate) const fn word(title: &'static str) -> Column {
        Column {
            title,
            right: false,
            whole: true,
        }
    }

    /// A column of numbers.
    pub(crate) const fn number(title: &'static str) -> Column {
        Column {
            title,
            right: true,
            whole: true,
        }
    }
}

/// What happens to a row that is wider than the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// One line each, cut with `…`.
    Cut,
    /// As many lines as it takes.
    Wrap,
}

/// A table in the making.
pub(crate) struct Table {
    table: comfy_table::Table,
    rows: Rows,
}

impl Table {
    pub(crate) fn new(columns: &[Column], rows: Rows) -> Table {
        Table::with(columns, rows, Output::width(), Output::colour())
    }

    fn with(columns: &[Column], rows: Rows, width: Option<u16>, colour: bool) -> Table {
        let mut table = comfy_table::Table::new();
        table
            .force_no_tty()
            .load_style(comfy_table::presets::NOTHING);
        table.set_truncation_indicator("…");
        if colour {
            table.enforce_styling();
        }
        match width {
            Some(width) => {
                table
                    .set_content_arrangement(ContentArrangement::Dynamic)
                    .set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table.set_header(columns.iter().map(|column| paint(column.title, Tone::Dim)));
        for (index, column) in columns.iter().enumerate() {
            let Some(made) = table.column_mut(index) else {
                continue;
            };
            // No gap after the last column: it would count as width.
            let gap = if index + 1 < columns.len() { 2 } else { 0 };
            made.set_padding((0, gap));
            if column.right {
                made.set_cell_alignment(CellAlignment::Right);
            }
            if column.whole {
                made.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Table { table, rows }
    }

    /// Adds a row; what is printed is made safe for the terminal.
    pub(crate) fn row<const N: usize>(&mut self, cells: [(String, Tone); N]) {
        let mut row: Row = cells
            .into_iter()
            .map(|(text, tone)| paint(&line(&text), tone))
            .collect::<Vec<_>>()
            .into();
        if self.rows == Rows::Cut {
            row.max_height(1);
        }
        self.table.add_row(row);
    }

    /// The finished table.
    pub(crate) fn text(&self) -> String {
        let mut out = self.table.trim_fmt();
        out.push('\n');
        out
    }
}

fn paint(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Bad => cell.fg(Color::Red),
        Tone::Busy => cell.fg(Color::Yellow),
        Tone::Dim => cell.fg(Color::DarkGrey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    const COLUMNS: [Column; 3] = [
        Column::number("ID"),
        Column::text("TASK"),
        Column::text("DETAIL"),
    ];

    fn plain(cells: [&str; 3]) -> [(String, Tone); 3] {
        cells.map(|cell| (cell.to_owned(), Tone::Plain))
    }

    #[test]
    fn columns_line_up_when_a_cell_holds_emoji() {
        let mut table = Table::with(&COLUMNS, Rows::Cut, None, false);
        table.row(plain(["1", "📋 One", "x"]));
        table.row(plain(["22", "日本語", "x"]));
        let text = table.text();
        let places: Vec<usize> = text
            .lines()
            .skip(1)
            .filter_map(|row| Some(row[..row.find('x')?].width()))
            .collect();
        assert_eq!(places.len(), 2);
        assert_eq!(places[0], places[1], "{text}");
    }

    #[test]
    fn a_row_is_cut_to_the_width_of_the_terminal() {
        let mut table = Table::with(&COLUMNS, Rows::Cut, Some(40), false);
        table.row(plain([
            "123456789",
            "ExampleTask",
            &"long words ".repeat(20),
        ]));
        let text = table.text();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.lines().all(|row| row.width() <= 40), "{text}");
        assert!(text.contains('…') && text.contains("123456789"), "{text}");
    }

    #[test]
    fn nothing_is_cut_when_there_is_no_terminal() {
        let mut table = Table::with(&COLUMNS, Rows::Cut, None, false);
        let long = "word ".repeat(100);
        table.row(plain(["1", "T", &long]));
        assert!(table.text().contains(long.trim_end()));
    }

    #[test]
    fn colours_are_left_out_where_they_are_not_wanted() {
        let row = || {
            [
                ("1".to_owned(), Tone::Bad),
                (String::new(), Tone::Plain),
                (String::new(), Tone::Plain),
            ]
        };
        let mut table = Table::with(&COLUMNS, Rows::Cut, None, false);
        table.row(row());
        assert!(!table.text().contains('\u{1b}'));
    }
}
