//! Headings by the outline of a PDF: what its author calls a section is one, at the depth where it stands there,
//! and what is merely set in large type is none.
//!
//! The layout guesses headings by their type. Here its blocks are laid beside the entries of the outline that lead
//! to their page, and the guesses are put right, unless the outline tells of too little of what is on the pages.

use pdfboss_core::{DestinationPage, Document as PdfFile, ObjRef, OutlineItem};
use pdfboss_output::{BBox, Block, Line, PageLayout, Role};
use std::collections::HashMap;

/// Markdown has no deeper headings.
const LEVEL_MAX: usize = 6;
/// Most lines that one title is set in.
const TITLE_LINES_MAX: usize = 4;
/// Entries that must be found in the text, in percent, before large type that is no entry counts as text.
const TRUST_PERCENT: usize = 60;
/// Fewer entries than this say nothing about what is no heading.
const TRUST_ENTRIES: usize = 3;

/// An entry of the outline: the letters and digits of its title, and its depth from 1.
struct Entry {
    title: String,
    level: u8,
}

/// The outline, by the page on which a section begins.
pub(super) struct Outline {
    by_page: HashMap<usize, Vec<Entry>>,
}

impl Outline {
    /// Reads the outline of a file; `None` where it has none that leads to pages.
    pub(super) fn read(file: &PdfFile, pages: usize) -> Option<Outline> {
        let items = file.outline();
        if items.is_empty() {
            return None;
        }
        let numbers = page_numbers(file, pages);
        let mut outline = Outline {
            by_page: HashMap::new(),
        };
        outline.add(&items, 1, &numbers);
        (!outline.by_page.is_empty()).then_some(outline)
    }

    fn add(&mut self, items: &[OutlineItem], level: usize, numbers: &HashMap<ObjRef, usize>) {
        for item in items {
            let page = item.destination.as_ref().and_then(|to| match &to.page {
                DestinationPage::Object(page) => numbers.get(page).copied(),
                DestinationPage::Number(page) => usize::try_from(*page).ok(),
            });
            let title = key(&item.title);
            if let (Some(page), false) = (page, title.is_empty()) {
                self.by_page.entry(page).or_default().push(Entry {
                    title,
                    level: u8::try_from(level.min(LEVEL_MAX)).unwrap_or(u8::MAX),
                });
            }
            self.add(&item.children, level + 1, numbers);
        }
    }

    /// Puts the headings of these pages right, the first of which has this index.
    pub(super) fn apply(&self, first: usize, pages: &mut [PageLayout]) {
        let is_trusted = self.is_trusted(first, pages);
        for (index, page) in (first..).zip(pages.iter_mut()) {
            if is_trusted {
                page.blocks.iter_mut().for_each(demote);
            }
            for entry in self.entries(index) {
                mark(&mut page.blocks, entry, is_trusted);
            }
        }
    }

    fn entries(&self, page: usize) -> &[Entry] {
        self.by_page.get(&page).map_or(&[], Vec::as_slice)
    }

    /// Whether so many of the entries are found that what is none of them is no heading.
    fn is_trusted(&self, first: usize, pages: &[PageLayout]) -> bool {
        let (mut entries, mut found) = (0, 0);
        for (index, page) in (first..).zip(pages) {
            for entry in self.entries(index) {
                entries += 1;
                found += usize::from(
                    page.blocks
                        .iter()
                        .any(|block| place(block, entry).is_some()),
                );
            }
        }
        entries >= TRUST_ENTRIES && found * 100 >= entries * TRUST_PERCENT
    }
}

/// Which page an object is.
fn page_numbers(file: &PdfFile, pages: usize) -> HashMap<ObjRef, usize> {
    let number = |index| Some((file.page(index).ok()?.object_ref()?, index));
    (0..pages).filter_map(number).collect()
}

/// Large type becomes text.
fn demote(block: &mut Block) {
    if let Block::Heading { lines, bbox, .. } = block {
        *block = Block::Paragraph {
            lines: std::mem::take(lines),
            bbox: bbox.clone(),
            role: Role::Body,
        };
    }
}

/// Makes a heading of the lines that an entry is about, if they are on the page. Where all guesses were demoted,
/// what is a heading already belongs to another entry.
fn mark(blocks: &mut Vec<Block>, entry: &Entry, is_trusted: bool) {
    let is_free = |block: &Block| !(is_trusted && matches!(block, Block::Heading { .. }));
    let found = blocks.iter().enumerate().find_map(|(at, block)| {
        let (from, to) = place(block, entry).filter(|_| is_free(block))?;
        Some((at, from, to))
    });
    if let Some((at, from, to)) = found {
        cut(blocks, at, from, to, entry.level);
    }
}

/// Which lines of a block an entry is about.
fn place(block: &Block, entry: &Entry) -> Option<(usize, usize)> {
    match block {
        Block::Heading { lines, .. } => find(lines, &entry.title),
        Block::Paragraph { lines, role, .. } if *role != Role::PageFooter => {
            find(lines, &entry.title)
        }
        _ => None,
    }
}

/// The lines whose letters and digits are those of a title. A number may stand before it on the page and not in
/// the outline, or the other way round.
fn find(lines: &[Line], title: &str) -> Option<(usize, usize)> {
    let keys: Vec<String> = lines.iter().map(|line| key(&text(line))).collect();
    for from in 0..keys.len() {
        let mut joined = String::new();
        for (to, key) in keys.iter().enumerate().skip(from).take(TITLE_LINES_MAX) {
            joined.push_str(key);
            if is_title(&joined, title) {
                return Some((from, to + 1));
            }
            if joined.len() > title.len() + NUMBER_MAX {
                break;
            }
        }
    }
    None
}

/// Longest number of a section, and what stands before it: `Chapter 12`, `Appendix A.1.2`.
const NUMBER_MAX: usize = 16;

fn is_title(line: &str, title: &str) -> bool {
    let numbered = |long: &str, short: &str| {
        let number = long.strip_suffix(short);
        number.is_some_and(|number| {
            number.len() <= NUMBER_MAX && (number.is_empty() || is_number(number))
        })
    };
    !line.is_empty() && (numbered(line, title) || numbered(title, line))
}

/// Letters and digits of `3`, `A1`, `Chapter 3`, `IV`.
fn is_number(text: &str) -> bool {
    let words = ["chapter", "appendix", "section", "part", "annex"];
    let rest = words.iter().find_map(|word| text.strip_prefix(word));
    let rest = rest.unwrap_or(text);
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let letters = rest.chars().count() - digits;
    letters <= 1 || rest.chars().all(|c| "ivxlc".contains(c))
}

/// Takes some lines out of a block as a heading of their own.
fn cut(blocks: &mut Vec<Block>, at: usize, from: usize, to: usize, level: u8) {
    let block = blocks.remove(at);
    let (mut lines, bbox, role) = match block {
        Block::Heading { lines, bbox, .. } => (lines, bbox, Role::Body),
        Block::Paragraph { lines, bbox, role } => (lines, bbox, role),
        other => {
            blocks.insert(at, other);
            return;
        }
    };
    let after = lines.split_off(to);
    let heading = lines.split_off(from);
    let paragraph = |lines: Vec<Line>, bbox: &BBox| Block::Paragraph {
        lines,
        bbox: bbox.clone(),
        role: role.clone(),
    };
    let mut parts = Vec::with_capacity(3);
    if !lines.is_empty() {
        parts.push(paragraph(lines, &bbox));
    }
    parts.push(Block::Heading {
        level,
        lines: heading,
        bbox: bbox.clone(),
    });
    if !after.is_empty() {
        parts.push(paragraph(after, &bbox));
    }
    blocks.splice(at..at, parts);
}

fn text(line: &Line) -> String {
    line.inlines.iter().map(|run| run.text.as_str()).collect()
}

/// What is compared of a text: its letters and digits, in lower case.
fn key(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_may_be_numbered_on_one_side_only() {
        for (line, title) in [
            ("About this manual", "About this manual"),
            ("1.2. About this manual", "About this manual"),
            ("About this manual", "1.2 About this manual"),
            ("Chapter 3 The archive", "The archive"),
            ("Appendix A. Tables", "Tables"),
        ] {
            assert!(is_title(&key(line), &key(title)), "{line}");
        }
        for (line, title) in [
            ("We say more in About this manual", "About this manual"),
            ("", "About"),
            ("The archive and more", "The archive"),
        ] {
            assert!(!is_title(&key(line), &key(title)), "{line}");
        }
    }
}
