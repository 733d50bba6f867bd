//! PPTX to Markdown: one page for each slide, with its title, text, lists, tables, charts, diagrams
//! and the notes of the speaker.
//!
//! A thin reader as that of DOCX. Masters and layouts, pictures, animations, comments, and what
//! repeats on every slide (number, date, footer) are left out.

mod chart;
mod diagram;
mod frame;
mod notes;
mod paragraphs;
mod shapes;
mod slide;

use crate::assemble::{Assembly, too_many_pages};
use crate::limits::PAGES_MAX;
use crate::package::xml::{self, Xml};
use crate::package::{Package, properties};
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// Reads an opened PPTX.
pub(crate) fn read(mut package: Package, watch: &Watch) -> Result<Document, TranscribeError> {
    let main_part = package.main().to_owned();
    let relations = package.relations(&main_part)?;
    let ids = slide_ids(&package.main_xml()?)?;
    let mut assembly = Assembly::new(Format::Pptx);
    let mut seen = slide::Seen::default();
    for (number, id) in (1..).zip(&ids) {
        watch.check()?;
        let part = relations.part(id).unwrap_or_default();
        let Some(text) = package.xml(part)? else {
            assembly.warn(format!("slide {number} is missing in the file"));
            assembly.page("")?;
            continue;
        };
        let found = slide::read(&mut package, part, &text, number, &mut seen, watch)?;
        found
            .warnings
            .iter()
            .for_each(|warning| assembly.warn(warning));
        assembly.page(&found.markdown)?;
    }
    if let Some(language) = &seen.language {
        assembly.language(language);
    }
    if seen.comments {
        assembly.warn("comments were left out");
    }
    properties::read(&mut package, &mut assembly)?;
    assembly.finish()
}

/// The relations that lead to the slides, in their order.
fn slide_ids(text: &str) -> Result<Vec<String>, TranscribeError> {
    let mut ids = Vec::new();
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| match xml::name(element) {
            "sldIdLst" => xml.children(|xml, slide| {
                ids.extend(xml::prefixed(slide, "id"));
                if ids.len() > PAGES_MAX {
                    return Err(too_many_pages(ids.len()));
                }
                xml.skip()
            }),
            _ => xml.skip(),
        })
    })?;
    Ok(ids)
}
