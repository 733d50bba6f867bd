//! What documents state about themselves: language and metadata, in every format that has them.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, transcribe};
use support::package::{docx, wordprocessing};
use support::pdf::{Font, Page, write};
use support::slides::{p, pptx, shape};
use support::workbook::{data, xlsx};
use support::xls::{cell, container, text, workbook};

const CORE: &str = "<cp:coreProperties xmlns:cp=\"c\" xmlns:dc=\"d\" xmlns:dcterms=\"t\"><dc:creator>A. One</dc:creator>\
    <dc:subject> A  subject </dc:subject><dcterms:created>2026-11-30T10:00:00Z</dcterms:created>\
    <cp:unknown>x</cp:unknown></cp:coreProperties>";
const APP: &str = "<Properties><Application>A program</Application><Company/></Properties>";

fn read(bytes: &[u8]) -> Document {
    transcribe(bytes, Some("a.md")).unwrap()
}

fn stated(document: &Document) -> Vec<(&str, &str)> {
    let entries = document.metadata.iter();
    entries
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

#[test]
fn office_documents_state_their_properties() {
    let parts = [("docProps/core.xml", CORE), ("docProps/app.xml", APP)];
    let styles = wordprocessing(
        "styles",
        "<w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val=\"de-CH\" w:eastAsia=\"ja-JP\"/></w:rPr></w:rPrDefault></w:docDefaults>",
    );
    let word = [parts[0], parts[1], ("word/styles.xml", &styles)];
    let shapes = shape(None, None, &p("", "text"));
    let cells = data("<row><c><v>1</v></c></row>");
    let documents = [
        (
            docx("<w:p><w:r><w:t>text</w:t></w:r></w:p>", &word),
            Some("de-CH"),
        ),
        (pptx(&[(&shapes, &[])], &parts), Some("en-GB")),
        (xlsx(&[("S", "", cells)], &parts), None),
    ];
    for (bytes, language) in documents {
        let document = read(&bytes);
        assert_eq!(
            stated(&document),
            [
                ("author", "A. One"),
                ("created", "2026-11-30T10:00:00Z"),
                ("program", "A program"),
                ("subject", "A subject")
            ]
        );
        assert_eq!(document.language.as_deref(), language);
    }
}

/// A stream of properties: (number, type, bytes behind the type).
fn properties(entries: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let mut offset = 8 + entries.len() as u32 * 8;
    let (mut list, mut values) = (Vec::new(), Vec::new());
    for (number, kind, bytes) in entries {
        list.extend(number.to_le_bytes());
        list.extend(offset.to_le_bytes());
        values.extend(kind.to_le_bytes());
        values.extend(bytes);
        offset += 4 + bytes.len() as u32;
    }
    let mut stream = vec![0; 44];
    stream.extend(48_u32.to_le_bytes());
    stream.extend(offset.to_le_bytes());
    stream.extend((entries.len() as u32).to_le_bytes());
    stream.extend(list);
    stream.extend(values);
    stream
}

#[test]
fn old_workbooks_state_their_properties() {
    let bytes = |text: &[u8]| [&(text.len() as u32).to_le_bytes(), text].concat();
    let summary = properties(&[
        (1, 2, 1252_u16.to_le_bytes().to_vec()),
        (2, 0x1e, bytes(b"A title\0")),
        (4, 0x1e, bytes(b"Zo\xeb\0")),
        (3, 0x1e, u32::MAX.to_le_bytes().to_vec()),
        (12, 0x40, 134_245_728_000_000_000_u64.to_le_bytes().to_vec()),
    ]);
    let stream = workbook(&[], &[("S", 0, cell(0x204, 0, 0, 0, &text("text")))]);
    let document = read(&container(&[
        ("Workbook", &stream),
        ("\u{5}SummaryInformation", &summary),
    ]));
    assert_eq!(document.title.as_deref(), Some("A title"));
    assert_eq!(
        stated(&document),
        [("author", "Zoë"), ("created", "2026-05-30T00:00:00Z")]
    );
}

#[test]
fn pages_texts_and_pdf_state_what_they_have() {
    let html = "<html lang=\"fr\"><head><meta name=\"Author\" content=\"A. One\"><meta name=\"viewport\" content=\"x\"></head><p>text</p>";
    let document = read(html.as_bytes());
    assert_eq!(document.language.as_deref(), Some("fr"));
    assert_eq!(stated(&document), [("author", "A. One")]);
    let document = read(b"---\ntitle: T\nlang: it\nauthor: A. One\n---\n\ntext\n");
    assert_eq!(document.title.as_deref(), Some("T"));
    assert_eq!(document.language.as_deref(), Some("it"));
    assert_eq!(stated(&document), [("author", "A. One")]);
    let mut page = Page::default();
    page.text(Font::Plain, 10.0, 60.0, 700.0, "text");
    let title = "x".repeat(40);
    let pdf = String::from_utf8(write(&title, &[page])).unwrap();
    // As long as it was, so that all places in the file stay as they are.
    let entries = format!("{:<49}", "/Title (T) /Author (A. One) /Producer (P)");
    let pdf = pdf.replace(&format!("/Title ({title})"), &entries);
    let document = read(pdf.as_bytes());
    assert_eq!(document.title.as_deref(), Some("T"));
    assert_eq!(stated(&document), [("author", "A. One"), ("producer", "P")]);
}

#[test]
fn documents_that_were_stored_without_either_can_be_read() {
    let stored = r##"{"title":null,"format":"text","markdown":"x","pages":[{"number":1,"start":0,"end":1}],"warnings":[]}"##;
    let document: Document = serde_json::from_str(stored).unwrap();
    assert_eq!((document.language, document.metadata.len()), (None, 0));
}
