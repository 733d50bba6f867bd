//! Slides, workbooks and books that mean harm or are broken: each case ends soon, within the memory
//! that the limits allow, and with the code that is named here.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, TranscribeError, transcribe};
use std::time::{Duration, Instant};
use support::epub::{chapter, epub, item};
use support::package::{packed_zip, relations, zip};
use support::slides::{Relation, frame, group, p, part, pptx, shape};
use support::workbook::{data, xlsx};
use support::xls::{cell, container, record, text, workbook, xls};

/// Far above what a case needs, far below what a hang is.
const SOON: Duration = Duration::from_secs(60);

fn read(bytes: &[u8]) -> Result<Document, TranscribeError> {
    let started = Instant::now();
    let result = transcribe(bytes, None);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    result
}

fn refused(bytes: &[u8]) -> &'static str {
    let error = read(bytes)
        .map(|document| document.markdown.len())
        .unwrap_err();
    assert!(error.is_invalid_input(), "{error}");
    error.code()
}

fn sheet(content: &str) -> Vec<u8> {
    xlsx(&[("S", "", content.to_owned())], &[])
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let zeros = vec![b' '; 40 << 20];
    for name in [
        "ppt/presentation.xml",
        "xl/workbook.xml",
        "META-INF/container.xml",
    ] {
        assert_eq!(
            refused(&packed_zip(&[(name, &zeros)])),
            "archive_limit",
            "{name}"
        );
    }
}

#[test]
fn names_that_lead_out_of_the_archive_are_refused() {
    for name in [
        "ppt/presentation.xml",
        "xl/workbook.xml",
        "META-INF/container.xml",
    ] {
        let bytes = zip(&[(name, b"<a/>"), ("../../etc/passwd", b"x")]);
        assert_eq!(refused(&bytes), "archive_path", "{name}");
    }
}

#[test]
fn declarations_of_entities_are_refused_unread() {
    let laughs = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><d>&b;</d>";
    let slides = pptx(&[("", &[])], &[("ppt/slides/slide1.xml", laughs)]);
    let shared = xlsx(&[("S", "", data(""))], &[("xl/sharedStrings.xml", laughs)]);
    let book = epub("", "", "", &[("META-INF/container.xml", laughs)]);
    for bytes in [slides, shared, book] {
        assert_eq!(refused(&bytes), "forbidden_markup");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let groups = "<p:grpSp>".repeat(100_000);
    assert_eq!(refused(&pptx(&[(&groups, &[])], &[])), "markup_limit");
    assert_eq!(refused(&sheet(&"<a>".repeat(100_000))), "markup_limit");
    let deep = chapter("", &"<div>".repeat(100_000));
    let files = [("OEBPS/a.xhtml", &*deep)];
    let book = epub(
        "",
        &item("a", "a.xhtml", ""),
        "<itemref idref=\"a\"/>",
        &files,
    );
    assert_eq!(refused(&book), "markup_limit");
    let mut nested = shape(None, None, &p("", "text"));
    for _ in 0..240 {
        nested = group((0, 0), &nested);
    }
    assert_eq!(
        read(&pptx(&[(&nested, &[])], &[])).unwrap().markdown,
        "text"
    );
}

#[test]
fn parts_that_are_missing_end_as_no_text() {
    let main = relations(&[("rId1", "officeDocument", "ppt/presentation.xml")]);
    let lone = zip(&[
        ("_rels/.rels", main.as_bytes()),
        ("ppt/presentation.xml", b"<p/>"),
    ]);
    assert_eq!(refused(&lone), "no_text");
    assert_eq!(refused(&zip(&[("xl/workbook.xml", b"<w/>")])), "no_text");
    assert_eq!(
        refused(&zip(&[("META-INF/container.xml", b"")])),
        "malformed"
    );
    assert_eq!(refused(&zip(&[("xl/workbook.xml", b"<w")])), "malformed");
}

#[test]
fn relations_that_run_in_circles_are_followed_once() {
    let shapes =
        shape(None, None, &p("", "text")) + &frame((1, 1), "<c:chart xmlns:c=\"c\" r:id=\"me\"/>");
    let refers: &[Relation] = &[
        ("me", "chart", "slide1.xml"),
        ("n", "notesSlide", "slide1.xml"),
    ];
    let document = read(&pptx(&[(&shapes, refers)], &[])).unwrap();
    assert!(
        document.markdown.starts_with("text"),
        "{}",
        document.markdown
    );
    assert!(document.markdown.len() < 100, "{}", document.markdown);
}

#[test]
fn one_part_that_is_referred_to_again_and_again_is_unpacked_only_so_often() {
    let chart = format!(
        "<!--{}--><c:chartSpace xmlns:c=\"c\"/>",
        " ".repeat(4 << 20)
    );
    let frames = frame((1, 1), "<c:chart xmlns:c=\"c\" r:id=\"rId2\"/>").repeat(100);
    let refers: &[Relation] = &[("rId2", "chart", "../charts/chart1.xml")];
    let bytes = pptx(&[(&frames, refers)], &[("ppt/charts/chart1.xml", &chart)]);
    assert_eq!(refused(&bytes), "archive_limit");
}

#[test]
fn one_slide_that_is_listed_very_often_is_too_many_pages() {
    let listed = "<p:sldId r:id=\"rId1\"/>".repeat(5_001);
    let deck = part(
        "presentation",
        &format!("<p:sldIdLst>{listed}</p:sldIdLst>"),
    );
    let bytes = pptx(&[("", &[])], &[("ppt/presentation.xml", &deck)]);
    assert_eq!(refused(&bytes), "too_many_pages");
    let refer = "<itemref idref=\"a\"/>".repeat(5_001);
    assert_eq!(refused(&epub("", "", &refer, &[])), "too_many_pages");
}

#[test]
fn very_many_shared_strings_cost_little_more_than_their_letters() {
    let shared = format!("<sst>{}</sst>", "<si/>".repeat(3_000_000));
    let cells = data("<row><c t=\"s\"><v>2999999</v></c><c><v>1</v></c></row>");
    let bytes = xlsx(&[("S", "", cells)], &[("xl/sharedStrings.xml", &shared)]);
    assert_eq!(read(&bytes).unwrap().markdown, "# S\n\n1");
}

#[test]
fn a_diagonal_of_cells_stays_within_the_output() {
    let cells: String = (1..=50_000)
        .map(|row| {
            let column = ["A", "Z", "AAA", "XFD"][row % 4];
            format!("<row r=\"{row}\"><c r=\"{column}{row}\"><v>1</v></c></row>")
        })
        .collect();
    assert!(read(&sheet(&data(&cells))).unwrap().markdown.len() < 1 << 20);
}

#[test]
fn an_old_file_that_is_cut_is_malformed_wherever_it_is_cut() {
    let bytes = xls(&[], &[cell(0x204, 0, 0, 0, &text("text"))]);
    assert_eq!(read(&bytes).unwrap().markdown, "# Sheet\n\ntext");
    for end in (8..bytes.len()).step_by(61) {
        match read(&bytes[..end]) {
            // The last sector is filled up with zeros, which nobody misses.
            Ok(document) => assert_eq!(document.markdown, "# Sheet\n\ntext"),
            Err(error) => assert_eq!(error.code(), "malformed", "{end}: {error}"),
        }
    }
    assert_eq!(refused(&bytes[..8]), "malformed");
}

#[test]
fn an_old_file_with_any_byte_changed_ends_soon() {
    let good = xls(
        &[record(0x85, &[0; 20])],
        &[cell(0x204, 0, 0, 0, &text("text"))],
    );
    for at in 0..2_600 {
        for value in [0x00, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            if let Err(error) = read(&bytes) {
                assert_ne!(error.code(), "parser_panicked", "{at}={value:#x}: {error}");
            }
        }
    }
}

#[test]
fn chains_of_sectors_that_run_in_circles_are_malformed() {
    let mut bytes = xls(&[], &[cell(0x204, 0, 0, 0, &text("text"))]);
    // The table stands behind the header; its third sector begins the stream.
    bytes[512 + 2 * 4..512 + 3 * 4].copy_from_slice(&2_u32.to_le_bytes());
    assert_eq!(refused(&bytes), "malformed");
}

#[test]
fn lengths_and_dimensions_that_lie_cost_no_memory() {
    let dimensions = record(
        0x200,
        &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0],
    );
    let corners = [
        dimensions,
        cell(0x27e, 0, 0, 0, &[6, 0, 0, 0]),
        cell(0x27e, 0xffff, 0xffff, 0, &[6, 0, 0, 0]),
    ];
    assert_eq!(
        read(&xls(&[], &corners)).unwrap().markdown,
        "# Sheet\n\n| 1 | |\n| --- | --- |\n| | 1 |"
    );
    let strings = record(0xfc, &[0xff; 8]);
    let string = cell(0xfd, 0, 0, 0, &[0xff; 4]);
    assert_eq!(refused(&xls(&[strings], &[string])), "no_text");
    assert_eq!(refused(&xls(&[], &[record(0x204, &[0, 0])])), "malformed");
}

#[test]
fn sheets_that_overlap_are_refused() {
    let mut stream = workbook(&[], &[("A", 0, cell(0x27e, 0, 0, 0, &[6, 0, 0, 0]))]);
    // The record that lists the sheet, written again and again in front of its own copy.
    let listed = stream[8..8 + 13].to_vec();
    let more = listed.repeat(2_000);
    let moved = u32::from_le_bytes(listed[4..8].try_into().unwrap()) + more.len() as u32;
    let mut listed = more;
    for entry in listed.chunks_exact_mut(13) {
        entry[4..8].copy_from_slice(&moved.to_le_bytes());
    }
    stream.splice(8..8, listed);
    stream.truncate(50_000);
    let code = refused(&container(&[("Workbook", &stream)]));
    assert_eq!(code, "malformed");
}

#[test]
fn protected_office_files_are_encrypted() {
    assert_eq!(
        refused(&container(&[("EncryptedPackage", b"x")])),
        "encrypted"
    );
    assert_eq!(
        refused(&xls(&[record(0x2f, &[1, 0, 0, 0])], &[])),
        "encrypted"
    );
    let old = [record(0x409, &[0, 4, 0x10, 0])].concat();
    assert_eq!(refused(&container(&[("Book", &old)])), "malformed");
}
