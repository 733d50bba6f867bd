//! The frame of an XLSX.

use super::package::{escape, relations, zip};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const R: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A sheet: its name, further attributes, and what stands in its part.
pub(crate) type Sheet<'a> = (&'a str, &'a str, String);

/// An XLSX of sheets and further parts, such as `xl/styles.xml`.
pub(crate) fn xlsx(sheets: &[Sheet], parts: &[(&str, &str)]) -> Vec<u8> {
    let mut listed = String::new();
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    for (number, (name, attributes, content)) in (1..).zip(sheets) {
        let name = escape(name);
        listed.push_str(&format!(
            "<sheet name=\"{name}\" sheetId=\"{number}\" {attributes} r:id=\"rId{number}\"/>"
        ));
        let target = format!("worksheets/sheet{number}.xml");
        texts.push((format!("xl/{target}"), part("worksheet", content)));
        lines.push((format!("rId{number}"), "worksheet", target));
    }
    for (name, kind) in [
        ("styles.xml", "styles"),
        ("sharedStrings.xml", "sharedStrings"),
    ] {
        if parts.iter().any(|(part, _)| *part == format!("xl/{name}")) {
            lines.push((format!("rId-{kind}"), kind, name.to_owned()));
        }
    }
    let lines: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|(id, kind, target)| (&**id, *kind, &**target))
        .collect();
    let workbook = part(
        "workbook",
        &format!("<workbookPr/><sheets>{listed}</sheets>"),
    );
    texts.push((
        "_rels/.rels".to_owned(),
        relations(&[("rId1", "officeDocument", "xl/workbook.xml")]),
    ));
    texts.push(("xl/workbook.xml".to_owned(), workbook));
    texts.push(("xl/_rels/workbook.xml.rels".to_owned(), relations(&lines)));
    // Parts of the same name take the place of those that are made here.
    texts.retain(|(name, _)| parts.iter().all(|(other, _)| other != name));
    let made = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()));
    let given = parts.iter().map(|(name, text)| (*name, text.as_bytes()));
    zip(&made.chain(given).collect::<Vec<_>>())
}

/// A part with this outermost element.
pub(crate) fn part(root: &str, content: &str) -> String {
    format!("{DECLARATION}<{root} xmlns=\"{MAIN}\" xmlns:r=\"{R}\">{content}</{root}>")
}

/// The cells of a sheet.
pub(crate) fn data(rows: &str) -> String {
    format!("<sheetData>{rows}</sheetData>")
}

/// A row of cells, each with a name, attributes and content.
pub(crate) fn row(number: u32, cells: &[(&str, &str, &str)]) -> String {
    let cells = cells
        .iter()
        .map(|(name, attributes, content)| format!("<c r=\"{name}\" {attributes}>{content}</c>"));
    format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
}

/// Rows of texts that stand in the cells themselves.
pub(crate) fn rows(texts: &[Vec<String>]) -> String {
    let row = |(number, row): (usize, &Vec<String>)| {
        let cells = row.iter().map(|text| {
            let text = escape(text);
            format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
        });
        format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
    };
    (1..).zip(texts).map(row).collect()
}
