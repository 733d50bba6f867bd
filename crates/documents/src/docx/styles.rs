//! Which paragraph styles are headings and which are lists.

use std::collections::HashMap;

use super::lists::ListPlace;
use crate::TranscribeError;
use crate::package::xml::{self, Xml};

/// Styles follow one another by `basedOn` no further than this.
const CHAIN_MAX: usize = 20;

/// What a paragraph's properties say of it, in the paragraph itself or in its style.
#[derive(Debug, Default, Clone)]
pub(super) struct Look {
    pub(super) style: Option<String>,
    pub(super) outline_level: Option<usize>,
    pub(super) list: ListPlace,
}

impl Look {
    /// Reads the `pPr` element just opened.
    pub(super) fn read(xml: &mut Xml) -> Result<Self, TranscribeError> {
        let mut look = Self::default();
        xml.children(|xml, element| {
            let value = xml::value(element);
            match xml::name(element) {
                "pStyle" => look.style = value,
                "outlineLvl" => look.outline_level = value.and_then(|level| level.parse().ok()),
                "numPr" => return look.list.read(xml),
                _ => {}
            }
            xml.skip()
        })?;
        Ok(look)
    }
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    look: Look,
}

/// The styles of a document by their ids.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    /// Reads the part that holds them.
    pub(super) fn read(text: &str) -> Result<Self, TranscribeError> {
        let mut styles = HashMap::new();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| {
                match (xml::name(element), xml::attribute(element, "styleId")) {
                    ("style", Some(id)) => {
                        styles.insert(id, read_style(xml)?);
                        Ok(())
                    }
                    _ => xml.skip(),
                }
            })
        })?;
        Ok(Self(styles))
    }

    /// The level of a heading, from 1 to 6; `None` for other paragraphs.
    pub(super) fn heading_level(&self, look: &Look) -> Option<usize> {
        // Outline level 9 means body text.
        if let Some(level) = look.outline_level {
            return (level < 9).then(|| (level + 1).min(6));
        }
        self.chain(look).find_map(|style| {
            let stated = style.look.outline_level.filter(|level| *level < 9);
            stated
                .map(|level| (level + 1).min(6))
                .or_else(|| level_by_name(&style.name))
        })
    }

    /// Where a paragraph stands in a list, by itself or by its style.
    pub(super) fn list_place(&self, look: &Look) -> ListPlace {
        let by_style = self
            .chain(look)
            .map(|style| style.look.list)
            .find(|list| list.list.is_some());
        let by_style = by_style.unwrap_or_default();
        ListPlace {
            list: look.list.list.or(by_style.list),
            level: look.list.level.or(by_style.level),
        }
    }

    fn chain<'s>(&'s self, look: &'s Look) -> impl Iterator<Item = &'s Style> {
        let first = look.style.as_ref().and_then(|id| self.0.get(id));
        let next = |style: &&'s Style| style.based_on.as_ref().and_then(|id| self.0.get(id));
        std::iter::successors(first, next).take(CHAIN_MAX)
    }
}

fn read_style(xml: &mut Xml) -> Result<Style, TranscribeError> {
    let mut style = Style::default();
    xml.children(|xml, element| {
        match xml::name(element) {
            "name" => style.name = xml::value(element).unwrap_or_default(),
            "basedOn" => style.based_on = xml::value(element),
            "pPr" => {
                style.look = Look::read(xml)?;
                return Ok(());
            }
            _ => {}
        }
        xml.skip()
    })?;
    Ok(style)
}

/// The language that the styles state for all text.
pub(super) fn language(text: &str) -> Result<Option<String>, TranscribeError> {
    let mut language = None;
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| match xml::name(element) {
            "docDefaults" => find_language(xml, &mut language),
            _ => xml.skip(),
        })
    })?;
    Ok(language)
}

fn find_language(xml: &mut Xml, language: &mut Option<String>) -> Result<(), TranscribeError> {
    xml.children(|xml, element| {
        if xml::name(element) == "lang" {
            *language = xml::value(element);
        }
        find_language(xml, language)
    })
}

/// The built-in styles have these names in every language of the program.
fn level_by_name(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    if name == "title" {
        return Some(1);
    }
    let level: usize = name.strip_prefix("heading ")?.parse().ok()?;
    (1..=9).contains(&level).then_some(level.min(6))
}
