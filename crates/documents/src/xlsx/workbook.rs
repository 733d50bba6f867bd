//! The main part: which sheets there are, and from when days are counted.

use crate::TranscribeError;
use crate::assemble::too_many_pages;
use crate::limits::PAGES_MAX;
use crate::package::xml::{self, Xml};
use crate::sheet::Label;

#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub(super) sheets: Vec<Entry>,
    pub(super) is_1904: bool,
}

/// A sheet, and the relation that leads to it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) label: Label,
    pub(super) relation: String,
}

impl Workbook {
    pub(super) fn read(text: &str) -> Result<Self, TranscribeError> {
        let mut workbook = Self::default();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| match xml::name(element) {
                "sheets" => workbook.read_sheets(xml),
                "workbookPr" => {
                    let stated = xml::attribute(element, "date1904");
                    workbook.is_1904 = stated.is_some_and(|value| value == "1" || value == "true");
                    xml.skip()
                }
                _ => xml.skip(),
            })
        })?;
        Ok(workbook)
    }

    fn read_sheets(&mut self, xml: &mut Xml) -> Result<(), TranscribeError> {
        xml.children(|xml, element| {
            if self.sheets.len() >= PAGES_MAX {
                return Err(too_many_pages(self.sheets.len() + 1));
            }
            let state = xml::attribute(element, "state").unwrap_or_default();
            self.sheets.push(Entry {
                label: Label {
                    name: xml::attribute(element, "name").unwrap_or_default(),
                    hidden: matches!(&*state, "hidden" | "veryHidden"),
                },
                relation: xml::prefixed(element, "id").unwrap_or_default(),
            });
            xml.skip()
        })
    }
}
