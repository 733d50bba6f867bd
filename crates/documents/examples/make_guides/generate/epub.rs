//! A guide as EPUB: a chapter for each part.

use super::source::{Block, plain};
use super::support::epub::{chapter, epub, item};
use super::{html, parts};

/// Writes the parts with a table of contents beside them.
pub(crate) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut files = Vec::new();
    let (mut items, mut spine, mut contents) = (String::new(), String::new(), String::new());
    let mut title = String::new();
    for (number, blocks) in (1..).zip(parts(blocks)) {
        let heading = match blocks.first() {
            Some(Block::Heading { text, .. }) => plain(text),
            _ => String::new(),
        };
        let (id, name) = (format!("c{number}"), format!("chapter{number}.xhtml"));
        items.push_str(&item(&id, &name, ""));
        spine.push_str(&format!("<itemref idref=\"{id}\"/>"));
        contents.push_str(&format!("<li><a href=\"{name}\">{heading}</a></li>"));
        files.push((
            format!("OEBPS/{name}"),
            chapter(&heading, &html::body(blocks)),
        ));
        if number == 1 {
            title = heading;
        }
    }
    items.push_str(&item("nav", "nav.xhtml", "nav"));
    let nav = format!("<nav epub:type=\"toc\"><ol>{contents}</ol></nav>");
    files.push(("OEBPS/nav.xhtml".to_owned(), chapter(&title, &nav)));
    let metadata = format!(
        "<dc:identifier id=\"id\">dutiful-guide-schedules</dc:identifier><dc:title>{title}</dc:title>\
         <dc:language>en</dc:language><meta property=\"dcterms:modified\">2026-01-01T00:00:00Z</meta>"
    );
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    epub(&metadata, &items, &spine, &files)
}
