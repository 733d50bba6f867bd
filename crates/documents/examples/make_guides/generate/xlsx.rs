//! A guide as XLSX: a sheet for each part, with its table.

use super::parts;
use super::source::{Block, plain};
use super::support::package::{core_properties, types};
use super::support::workbook::{data, rows, xlsx};

/// Writes the tables; the heading of the guide is its title.
pub(crate) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut title = String::new();
    let mut sheets = Vec::new();
    for part in parts(blocks) {
        match part {
            [Block::Heading { text, .. }, Block::Table(cells)] => {
                let texts: Vec<Vec<String>> = cells
                    .iter()
                    .map(|row| row.iter().map(|cell| plain(cell)).collect())
                    .collect();
                sheets.push((plain(text), data(&rows(&texts))));
            }
            [Block::Heading { text, .. }, ..] => title = plain(text),
            _ => {}
        }
    }
    let kind = |name: &str| {
        format!("application/vnd.openxmlformats-officedocument.spreadsheetml.{name}+xml")
    };
    let mut listed = vec![
        ("xl/workbook.xml".to_owned(), kind("sheet.main")),
        (
            "docProps/core.xml".to_owned(),
            "application/vnd.openxmlformats-package.core-properties+xml".to_owned(),
        ),
    ];
    for number in 1..=sheets.len() {
        listed.push((
            format!("xl/worksheets/sheet{number}.xml"),
            kind("worksheet"),
        ));
    }
    let (types, core) = (types(&listed), core_properties(&title));
    let sheets: Vec<(&str, &str, String)> = sheets
        .iter()
        .map(|(name, content)| (&**name, "", content.clone()))
        .collect();
    xlsx(
        &sheets,
        &[
            ("[Content_Types].xml", &types),
            ("docProps/core.xml", &core),
        ],
    )
}
