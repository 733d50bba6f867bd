//! The number formats of cells, by the style that a cell names.

use std::collections::HashMap;

use crate::TranscribeError;
use crate::limits::SHEET_STYLES_MAX;
use crate::package::xml::{self, Xml};
use crate::sheet::NumberFormat;

/// One format for each style.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<NumberFormat>);

impl Styles {
    /// Reads the part that holds them. Styles beyond the limit are as if they had no format.
    pub(super) fn read(text: &str) -> Result<Self, TranscribeError> {
        let mut own = HashMap::new();
        let mut ids = Vec::new();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| match xml::name(element) {
                "numFmts" => xml.children(|xml, format| {
                    let id = number(xml::attribute(format, "numFmtId"));
                    let code = xml::attribute(format, "formatCode");
                    if let (Some(id), Some(code), true) = (id, code, own.len() < SHEET_STYLES_MAX) {
                        own.insert(id, NumberFormat::of_code(&code));
                    }
                    xml.skip()
                }),
                "cellXfs" => xml.children(|xml, style| {
                    if ids.len() < SHEET_STYLES_MAX {
                        ids.push(number(xml::attribute(style, "numFmtId")).unwrap_or_default());
                    }
                    xml.skip()
                }),
                _ => xml.skip(),
            })
        })?;
        let format = |id| {
            own.get(&id)
                .copied()
                .unwrap_or_else(|| NumberFormat::of_id(id))
        };
        Ok(Self(ids.into_iter().map(format).collect()))
    }

    /// The format of a style, given as a cell names it.
    pub(super) fn format(&self, style: Option<String>) -> NumberFormat {
        let index = style.map_or(Some(0), |style| style.parse::<usize>().ok());
        let format = index.and_then(|index| self.0.get(index));
        format.copied().unwrap_or_default()
    }
}

fn number(text: Option<String>) -> Option<u32> {
    text?.parse().ok()
}
