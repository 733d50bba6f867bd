//! XLSX to Markdown: one page for each sheet, with its name and its cells as a table.
//!
//! A thin reader as that of DOCX: values are what the program that wrote them last saw, formulas are
//! not computed. Charts, pictures and comments are left out.

mod cells;
mod strings;
mod styles;
mod workbook;

use self::cells::Sheet;
use self::styles::Styles;
use self::workbook::Workbook;
use crate::assemble::Assembly;
use crate::package::{Package, Relations, properties};
use crate::sheet::{Room, Strings};
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// What the cells of all sheets refer to.
struct Shared<'a> {
    strings: Strings,
    styles: Styles,
    is_1904: bool,
    watch: &'a Watch<'a>,
}

/// Reads an opened XLSX.
pub(crate) fn read(mut package: Package, watch: &Watch) -> Result<Document, TranscribeError> {
    let main_part = package.main().to_owned();
    let relations = package.relations(&main_part)?;
    let workbook = Workbook::read(&package.main_xml()?)?;
    let shared = Shared {
        strings: strings::read(&part(&mut package, &relations, "sharedStrings")?, watch)?,
        styles: Styles::read(&part(&mut package, &relations, "styles")?)?,
        is_1904: workbook.is_1904,
        watch,
    };
    let mut assembly = Assembly::new(Format::Xlsx);
    properties::read(&mut package, &mut assembly)?;
    let mut room = Room::default();
    for entry in workbook.sheets {
        watch.check()?;
        let name = &entry.label.name;
        if relations
            .kind(&entry.relation)
            .is_some_and(|kind| kind != "worksheet")
        {
            assembly.warn(format!("the sheet {name} is no table and was left out"));
            assembly.page("")?;
            continue;
        }
        let part = relations.part(&entry.relation).unwrap_or_default();
        let Some(text) = package.xml(part)? else {
            assembly.warn(format!("the sheet {name} is missing in the file"));
            assembly.page("")?;
            continue;
        };
        let links = package.relations(part)?.links();
        let grid = Sheet::new(&shared, &links, &mut room).read(&text)?;
        grid.write(&entry.label, &mut assembly)?;
    }
    assembly.finish()
}

/// The part that is there for this; empty when there is none.
fn part(
    package: &mut Package,
    relations: &Relations,
    kind: &str,
) -> Result<String, TranscribeError> {
    let text = relations
        .first(kind)
        .map_or(Ok(None), |part| package.xml(part));
    text.map(Option::unwrap_or_default)
}
