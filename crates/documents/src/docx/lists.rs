//! Lists: which are numbered, and what number comes next.

use std::collections::HashMap;

use crate::TranscribeError;
use crate::package::xml::{self, Xml};

/// Word processors know nine levels.
const LEVELS_MAX: usize = 9;

/// What a paragraph says of its place in a list.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct ListPlace {
    /// The list; 0 takes a paragraph out of the list of its style.
    pub(super) list: Option<u32>,
    pub(super) level: Option<usize>,
}

impl ListPlace {
    /// Reads the `numPr` element just opened.
    pub(super) fn read(&mut self, xml: &mut Xml) -> Result<(), TranscribeError> {
        xml.children(|xml, element| {
            let value = xml::value(element);
            match xml::name(element) {
                "numId" => self.list = value.and_then(|value| value.parse().ok()),
                "ilvl" => self.level = value.and_then(|value| value.parse().ok()),
                _ => {}
            }
            xml.skip()
        })
    }
}

/// How the items of one level are marked.
#[derive(Debug, Clone, Copy)]
enum Marker {
    Bullet,
    Number { start: u64 },
}

type Levels = HashMap<usize, Marker>;

/// The lists of a document, with the numbers given so far.
#[derive(Debug, Default)]
pub(super) struct Lists {
    patterns: HashMap<u32, Levels>,
    pattern_of: HashMap<u32, u32>,
    last: HashMap<(u32, usize), u64>,
    last_level: Option<usize>,
}

impl Lists {
    /// Reads the part that holds them.
    pub(super) fn read(text: &str) -> Result<Self, TranscribeError> {
        let mut lists = Self::default();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| {
                let id = |wanted| xml::attribute(element, wanted).and_then(|id| id.parse().ok());
                match (xml::name(element), id("abstractNumId"), id("numId")) {
                    ("abstractNum", Some(pattern), _) => {
                        lists.patterns.insert(pattern, read_levels(xml)?);
                        Ok(())
                    }
                    ("num", _, Some(list)) => lists.read_list(xml, list),
                    _ => xml.skip(),
                }
            })
        })?;
        Ok(lists)
    }

    fn read_list(&mut self, xml: &mut Xml, list: u32) -> Result<(), TranscribeError> {
        xml.children(|xml, element| {
            let pattern = xml::value(element).and_then(|value| value.parse().ok());
            if let ("abstractNumId", Some(pattern)) = (xml::name(element), pattern) {
                self.pattern_of.insert(list, pattern);
            }
            xml.skip()
        })
    }

    /// The mark of the next item with its indent, such as `    2. `; `None` when the paragraph is
    /// no item.
    pub(super) fn next_mark(&mut self, place: ListPlace) -> Option<String> {
        let list = place.list.filter(|list| *list != 0)?;
        let level = place.level.unwrap_or_default().min(LEVELS_MAX - 1);
        // An item may be one level below the one before it; deeper would read as code.
        let shown = level.min(self.last_level.map_or(0, |last| last + 1));
        self.last_level = Some(shown);
        let indent = "    ".repeat(shown);
        Some(match self.marker(list, level) {
            Marker::Bullet => format!("{indent}- "),
            Marker::Number { start } => {
                format!("{indent}{}. ", self.next_number(list, level, start))
            }
        })
    }

    /// Notes that something other than an item stands here.
    pub(super) fn interrupt(&mut self) {
        self.last_level = None;
    }

    fn marker(&self, list: u32, level: usize) -> Marker {
        let pattern = self
            .pattern_of
            .get(&list)
            .and_then(|pattern| self.patterns.get(pattern));
        pattern
            .and_then(|levels| levels.get(&level))
            .copied()
            .unwrap_or(Marker::Bullet)
    }

    fn next_number(&mut self, list: u32, level: usize, start: u64) -> u64 {
        self.last
            .retain(|(other, deeper), _| *other != list || *deeper <= level);
        let next = self
            .last
            .get(&(list, level))
            .map_or(start, |last| last.saturating_add(1));
        self.last.insert((list, level), next);
        next
    }
}

fn read_levels(xml: &mut Xml) -> Result<Levels, TranscribeError> {
    let mut levels = Levels::new();
    xml.children(|xml, element| {
        let level = xml::attribute(element, "ilvl").and_then(|level| level.parse().ok());
        match (xml::name(element), level) {
            ("lvl", Some(level)) => {
                levels.insert(level, read_marker(xml)?);
                Ok(())
            }
            _ => xml.skip(),
        }
    })?;
    Ok(levels)
}

fn read_marker(xml: &mut Xml) -> Result<Marker, TranscribeError> {
    let (mut numbered, mut start) = (true, 1);
    xml.children(|xml, element| {
        match (xml::name(element), xml::value(element)) {
            ("numFmt", Some(kind)) => numbered = kind != "bullet" && kind != "none",
            ("start", Some(number)) => start = number.parse().unwrap_or(1),
            _ => {}
        }
        xml.skip()
    })?;
    Ok(if numbered {
        Marker::Number { start }
    } else {
        Marker::Bullet
    })
}
