//! A guide as PDF.

use super::source::{Block, plain};
use super::support::pdf::{Font, PAGE, Page, write as write_pages};

const MARGIN: f32 = 60.0;
const TEXT: f32 = 10.5;
/// Distance of two lines, as a multiple of their size.
const LEADING: f32 = 1.4;
/// Mean width of a character of Helvetica, as a multiple of its size, with some room to spare.
const CHARACTER: f32 = 0.52;
const INDENT: f32 = 18.0;
const CELL_PADDING: f32 = 5.0;

/// Lays the blocks out on as many pages as they need.
pub(crate) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut sheet = Sheet::default();
    let mut title = String::new();
    for block in blocks {
        match block {
            Block::Heading { level: 1, text } => {
                title = plain(text);
                sheet.lines(Font::Bold, 20.0, 0.0, &title);
            }
            Block::Heading { level, text } => {
                let size = if *level == 2 { 15.0 } else { 12.5 };
                sheet.gap(size / 2.0);
                sheet.lines(Font::Bold, size, 0.0, &plain(text));
            }
            Block::Paragraph(text) => sheet.lines(Font::Plain, TEXT, 0.0, &plain(text)),
            Block::Bullets(items) => items.iter().for_each(|item| sheet.item("\u{b7}", item)),
            Block::Numbers(items) => {
                (1..)
                    .zip(items)
                    .for_each(|(number, item)| sheet.item(&format!("{number}."), item));
            }
            Block::Table(rows) => sheet.table(rows),
        }
        sheet.gap(TEXT * 0.7);
    }
    sheet.finished.push(sheet.page);
    write_pages(&title, &sheet.finished)
}

/// The page that is being filled, from the top down.
struct Sheet {
    finished: Vec<Page>,
    page: Page,
    y: f32,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            finished: Vec::new(),
            page: Page::default(),
            y: PAGE.1 - MARGIN,
        }
    }
}

impl Sheet {
    fn gap(&mut self, height: f32) {
        self.y -= height;
    }

    /// Begins another page when this much does not fit any more.
    fn room_for(&mut self, height: f32) {
        if self.y - height < MARGIN {
            self.finished.push(std::mem::take(&mut self.page));
            self.y = PAGE.1 - MARGIN;
        }
    }

    fn lines(&mut self, font: Font, size: f32, indent: f32, text: &str) {
        for line in wrap(text, size, PAGE.0 - 2.0 * MARGIN - indent) {
            self.room_for(size * LEADING);
            self.y -= size * LEADING;
            self.page.text(font, size, MARGIN + indent, self.y, &line);
        }
    }

    fn item(&mut self, mark: &str, text: &str) {
        self.room_for(TEXT * LEADING);
        self.page.text(
            Font::Plain,
            TEXT,
            MARGIN + 4.0,
            self.y - TEXT * LEADING,
            mark,
        );
        self.lines(Font::Plain, TEXT, INDENT, &plain(text));
    }

    /// A table with lines around its cells; the longest text of a column decides its share.
    fn table(&mut self, rows: &[Vec<String>]) {
        let edges = edges(rows);
        for (index, row) in rows.iter().enumerate() {
            let font = if index == 0 { Font::Bold } else { Font::Plain };
            self.row(font, row, &edges, index == 0);
        }
    }

    fn row(&mut self, font: Font, row: &[String], edges: &[f32], first: bool) {
        let width = |column: usize| edges[column + 1] - edges[column] - 2.0 * CELL_PADDING;
        let cells = row.iter().enumerate();
        let cells: Vec<_> = cells
            .map(|(i, text)| wrap(&plain(text), TEXT, width(i)))
            .collect();
        let most = cells.iter().map(Vec::len).max().unwrap_or(1) as f32;
        let height = most * TEXT * LEADING + CELL_PADDING;
        self.room_for(height);
        let (top, bottom) = (self.y, self.y - height);
        for (column, lines) in cells.iter().enumerate() {
            for (line, text) in (1..).zip(lines) {
                let y = top - line as f32 * TEXT * LEADING;
                self.page
                    .text(font, TEXT, edges[column] + CELL_PADDING, y, text);
            }
        }
        let (left, right) = (edges[0], edges[edges.len() - 1]);
        if first {
            self.page.rule((left, top), (right, top));
        }
        self.page.rule((left, bottom), (right, bottom));
        edges
            .iter()
            .for_each(|x| self.page.rule((*x, top), (*x, bottom)));
        self.y = bottom;
    }
}

/// Where the columns begin, and where the last one ends.
fn edges(rows: &[Vec<String>]) -> Vec<f32> {
    let columns = rows.first().map_or(0, Vec::len);
    let longest = |column: usize| {
        let lengths = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.len());
        lengths.max().unwrap_or_default() as f32
    };
    let all: f32 = (0..columns).map(longest).sum();
    let mut edges = vec![MARGIN];
    let mut x = MARGIN;
    for column in 0..columns {
        x += (PAGE.0 - 2.0 * MARGIN) * longest(column) / all;
        edges.push(x);
    }
    edges
}

/// Lines of whole words that fit.
fn wrap(text: &str, size: f32, width: f32) -> Vec<String> {
    let most = (width / (size * CHARACTER)) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
