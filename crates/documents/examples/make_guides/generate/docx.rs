//! A guide as DOCX.

use super::source::{Block, plain, spans};
use super::support::package::{core_properties, docx, escape, wordprocessing};

/// The list of the bullets; every numbered list gets a number above it.
const BULLETS: usize = 1;

/// Writes the blocks with real styles and lists.
pub(crate) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut body = String::new();
    let mut lists = BULLETS;
    let mut title = String::new();
    for block in blocks {
        match block {
            Block::Heading { level, text } => {
                if *level == 1 {
                    title = plain(text);
                }
                let style = format!("<w:pStyle w:val=\"Heading{level}\"/>");
                body.push_str(&paragraph(&style, text));
            }
            Block::Paragraph(text) => body.push_str(&paragraph("", text)),
            Block::Bullets(items) => body.push_str(&list(items, BULLETS)),
            Block::Numbers(items) => {
                lists += 1;
                body.push_str(&list(items, lists));
            }
            Block::Table(rows) => body.push_str(&table(rows)),
        }
    }
    let (styles, numbering, core) = (styles(), numbering(lists), core_properties(&title));
    let parts: [(&str, &str); 4] = [
        ("word/styles.xml", &styles),
        ("word/numbering.xml", &numbering),
        ("word/_rels/document.xml.rels", &relations()),
        ("docProps/core.xml", &core),
    ];
    docx(&body, &parts)
}

fn relations() -> String {
    let lines = [
        ("rId1", "styles", "styles.xml"),
        ("rId2", "numbering", "numbering.xml"),
    ];
    super::support::package::relations(&lines)
}

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr>{}</w:p>", runs(text))
}

fn runs(text: &str) -> String {
    let run = |span: super::source::Span| {
        let bold = if span.bold { "<w:b/>" } else { "" };
        let italic = if span.italic { "<w:i/>" } else { "" };
        let text = escape(&span.text);
        format!("<w:r><w:rPr>{bold}{italic}</w:rPr><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
    };
    spans(text).into_iter().map(run).collect()
}

fn list(items: &[String], number: usize) -> String {
    let place = format!("<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"{number}\"/></w:numPr>");
    items.iter().map(|item| paragraph(&place, item)).collect()
}

fn table(rows: &[Vec<String>]) -> String {
    let cell = |text: &String| format!("<w:tc><w:tcPr/>{}</w:tc>", paragraph("", text));
    let row =
        |row: &Vec<String>| format!("<w:tr>{}</w:tr>", row.iter().map(cell).collect::<String>());
    let columns = rows.first().map_or(0, Vec::len);
    let rows: String = rows.iter().map(row).collect();
    let grid = "<w:gridCol/>".repeat(columns);
    format!("<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>")
}

fn styles() -> String {
    let heading = |level: usize| {
        let (outline, size) = (level - 1, 40 - level * 6);
        format!(
            "<w:style w:type=\"paragraph\" w:styleId=\"Heading{level}\"><w:name w:val=\"heading {level}\"/><w:pPr><w:outlineLvl w:val=\"{outline}\"/></w:pPr><w:rPr><w:b/><w:sz w:val=\"{size}\"/></w:rPr></w:style>"
        )
    };
    wordprocessing("styles", &(1..=3).map(heading).collect::<String>())
}

/// Pattern 0 has bullets, pattern 1 numbers; each numbered list begins at 1 again.
fn numbering(lists: usize) -> String {
    let pattern = |id: usize, format: &str, text: &str| {
        format!(
            "<w:abstractNum w:abstractNumId=\"{id}\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"{format}\"/><w:lvlText w:val=\"{text}\"/></w:lvl></w:abstractNum>"
        )
    };
    let list = |number: usize| {
        let pattern = usize::from(number != BULLETS);
        format!("<w:num w:numId=\"{number}\"><w:abstractNumId w:val=\"{pattern}\"/></w:num>")
    };
    let lists: String = (BULLETS..=lists).map(list).collect();
    let patterns = pattern(0, "bullet", "\u{2022}") + &pattern(1, "decimal", "%1.");
    wordprocessing("numbering", &(patterns + &lists))
}
