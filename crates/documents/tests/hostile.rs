//! Input that means harm or is broken: each case ends with the code that is named here, soon, and
//! without a panic.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{TranscribeError, limits, transcribe};
use std::time::{Duration, Instant};
use support::package::{docx, packed_zip, relations, zip};
use support::xls::container;

/// Far above what a case needs, far below what a hang is.
const SOON: Duration = Duration::from_secs(60);

fn refused(bytes: &[u8], name: &str) -> TranscribeError {
    let started = Instant::now();
    let result = transcribe(bytes, Some(name));
    let error = result.map(|document| document.markdown.len()).unwrap_err();
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert!(error.is_invalid_input(), "{error}");
    error
}

#[test]
fn nothing_at_all_is_empty() {
    assert_eq!(refused(b"", "a.txt").code(), "empty");
    assert_eq!(refused(b" \n\t\n", "a.txt").code(), "no_text");
    assert_eq!(refused(b"\xef\xbb\xbf", "a.txt").code(), "no_text");
}

#[test]
fn a_file_above_the_limit_is_too_large() {
    let bytes = vec![b'a'; limits::INPUT_BYTES_MAX + 1];
    assert_eq!(refused(&bytes, "a.txt").code(), "input_too_large");
}

#[test]
fn text_above_the_limit_of_a_result_is_too_large() {
    let bytes = "word ".repeat(limits::OUTPUT_BYTES_MAX / 5 + 1);
    assert_eq!(
        refused(bytes.as_bytes(), "a.txt").code(),
        "output_too_large"
    );
}

#[test]
fn bytes_without_meaning_are_unsupported() {
    let noise: Vec<u8> = (0..5_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_eq!(refused(&noise, "a.txt").code(), "unsupported_format");
    assert_eq!(refused(&[0; 1_000], "a.txt").code(), "unsupported_format");
}

#[test]
fn other_formats_are_named_whatever_their_ending_says() {
    let binary = relations(&[("rId1", "officeDocument", "xl/workbook.bin")]);
    let old = |stream: &str| container(&[(stream, b"")]);
    let cases: [(&[u8], &str); 8] = [
        (b"\xff\xd8\xff\xe0 and so on", "a JPEG image"),
        (&old("WordDocument"), "an old Word document (DOC)"),
        (
            &old("PowerPoint Document"),
            "an old PowerPoint presentation (PPT)",
        ),
        (&old("__properties_version1.0"), "an Outlook message (MSG)"),
        (&old("Else"), "an old Office file that holds no workbook"),
        (
            &zip(&[
                ("xl/workbook.bin", b"x"),
                ("_rels/.rels", binary.as_bytes()),
            ]),
            "a binary Excel workbook (XLSB)",
        ),
        (&zip(&[("content.xml", b"<a/>")]), "an OpenDocument file"),
        (
            &zip(&[("a.txt", b"x")]),
            "a ZIP archive that holds no document",
        ),
    ];
    for (bytes, what) in cases {
        let error = refused(bytes, "a.docx");
        assert_eq!(error.code(), "unsupported_format");
        assert!(error.cause().ends_with(what), "{error}");
    }
}

#[test]
fn a_cut_docx_is_malformed_wherever_it_is_cut() {
    let bytes = docx("<w:p><w:r><w:t>text</w:t></w:r></w:p>", &[]);
    for end in (4..bytes.len()).step_by(37) {
        let code = refused(&bytes[..end], "a.docx").code();
        assert!(
            ["malformed", "unsupported_format"].contains(&code),
            "{end}: {code}"
        );
    }
}

#[test]
fn broken_xml_is_malformed() {
    for body in ["<w:p>", "<w:p></w:r>", "<w:p a=></w:p", "&"] {
        assert_eq!(
            refused(&docx(body, &[]), "a.docx").code(),
            "malformed",
            "{body}"
        );
    }
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let zeros = vec![b' '; 40 << 20];
    let bytes = packed_zip(&[("word/document.xml", &zeros)]);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(refused(&bytes, "a.docx").code(), "archive_limit");
}

#[test]
fn an_archive_of_very_many_entries_is_refused() {
    let names: Vec<String> = (0..10_001).map(|n| format!("word/{n}.xml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refused(&zip(&entries), "a.docx").code(), "archive_limit");
}

#[test]
fn names_that_lead_out_of_the_archive_are_refused() {
    for name in [
        "../../etc/passwd",
        "/etc/passwd",
        "..\\..\\boot.ini",
        "C:\\boot.ini",
    ] {
        let bytes = zip(&[("word/document.xml", b"<w:document/>"), (name, b"x")]);
        assert_eq!(refused(&bytes, "a.docx").code(), "archive_path", "{name}");
    }
}

#[test]
fn billions_of_laughs_and_outside_entities_are_refused_unread() {
    let laughs = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let outside = "<!DOCTYPE d [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>";
    for doctype in [laughs, outside] {
        let xml = format!("{doctype}<w:document><w:body><w:p>&b;</w:p></w:body></w:document>");
        let bytes = zip(&[("word/document.xml", xml.as_bytes())]);
        assert_eq!(refused(&bytes, "a.docx").code(), "forbidden_markup");
    }
}

#[test]
fn deep_xml_is_refused_and_does_not_overflow_the_stack() {
    let body = "<w:sdt>".repeat(100_000);
    assert_eq!(refused(&docx(&body, &[]), "a.docx").code(), "markup_limit");
    let table = "<w:tbl><w:tr><w:tc>";
    let closed = "</w:tc></w:tr></w:tbl>";
    let body = format!("{}<w:p/>{}", table.repeat(80), closed.repeat(80));
    assert_eq!(refused(&docx(&body, &[]), "a.docx").code(), "no_text");
}

#[test]
fn deep_html_is_refused_and_does_not_overflow_the_stack() {
    for tag in ["<div>", "<b>", "<table><td>", "<ul><li>", "<blockquote>"] {
        let html = format!("<html>{}", tag.repeat(100_000));
        assert_eq!(
            refused(html.as_bytes(), "a.html").code(),
            "markup_limit",
            "{tag}"
        );
    }
}

#[test]
fn the_deepest_html_that_is_allowed_is_converted() {
    for tag in ["div", "b", "blockquote", "span"] {
        let html = format!("<html>{}text", format!("<{tag}>").repeat(240));
        assert!(
            transcribe(html.as_bytes(), None)
                .unwrap()
                .markdown
                .contains("text"),
            "{tag}"
        );
    }
}

#[test]
fn formatting_that_a_parser_would_repeat_without_end_is_refused() {
    let open: String = (0..200).map(|n| format!("<b id={n}>")).collect();
    let html = format!("<html><p>{open}</p>{}", "<p>x</p>".repeat(100_000));
    assert_eq!(refused(html.as_bytes(), "a.html").code(), "markup_limit");
}

#[test]
fn one_long_cell_does_not_pad_a_whole_table() {
    let row = "<tr><td>a</td><td>b</td></tr>";
    let long = "x".repeat(1 << 20);
    let html = format!(
        "<html><table><tr><td>{long}</td><td>c</td></tr>{}</table>",
        row.repeat(20_000)
    );
    assert!(transcribe(html.as_bytes(), None).unwrap().markdown.len() < 2 << 20);
}

#[test]
fn a_header_alone_is_a_malformed_pdf() {
    assert_eq!(refused(b"%PDF-1.7\n", "a.pdf").code(), "malformed");
    assert_eq!(refused(b"%PDF-1.7\n%%EOF", "a.txt").code(), "malformed");
}
