//! What of a PDF becomes Markdown.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Format, transcribe, transcribe_until};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::pdf::{Font, Page, write, write_encrypted, write_with_outline};

fn page(heading: &str, text: &str) -> Page {
    let mut page = Page::default();
    page.text(Font::Bold, 20.0, 60.0, 760.0, heading);
    for (line, text) in (0..).zip(text.lines()) {
        page.text(Font::Plain, 10.0, 60.0, 720.0 - 14.0 * line as f32, text);
    }
    page
}

const PROSE: &str = "A paragraph of plain words that goes on\nover two lines (with brackets).";

#[test]
fn pages_headings_and_the_stated_title_are_found() {
    let bytes = write("Stated", &[page("First", PROSE), page("Second", PROSE)]);
    let document = transcribe(&bytes, Some("a.pdf")).unwrap();
    assert_eq!(document.format, Format::Pdf);
    assert_eq!(document.title.as_deref(), Some("Stated"));
    assert_eq!(
        document.page_text(1).unwrap(),
        format!("# First\n\n{PROSE}")
    );
    assert_eq!(
        document.page_text(2).unwrap(),
        format!("# Second\n\n{PROSE}")
    );
    assert_eq!(document.warnings, Vec::<String>::new());
}

#[test]
fn headings_are_those_of_the_outline_at_its_depths() {
    let mut small = Page::default();
    small.text(Font::Bold, 20.0, 60.0, 760.0, "Merely large");
    small.text(Font::Plain, 10.0, 60.0, 720.0, "Some words before it.");
    small.text(
        Font::Plain,
        10.0,
        60.0,
        706.0,
        "1.1. A section in small type",
    );
    small.text(Font::Plain, 10.0, 60.0, 692.0, "Some words behind it.");
    let pages = [page("1. First", PROSE), small, page("2. Second", PROSE)];
    let outline = [
        ("First", 0, 0),
        ("A section in small type", 1, 1),
        ("Second", 0, 2),
    ];
    let with = transcribe(&write_with_outline("x", &pages, &outline), None).unwrap();
    assert_eq!(with.page_text(1).unwrap(), format!("# 1. First\n\n{PROSE}"));
    let small = "Merely large\n\nSome words before it.\n\n## 1.1. A section in small type\n\n\
                 Some words behind it.";
    assert_eq!(with.page_text(2).unwrap().replace("**", ""), small);
    assert_eq!(
        with.page_text(3).unwrap(),
        format!("# 2. Second\n\n{PROSE}")
    );
    // One that leads nowhere near says nothing about what is no heading.
    let strange = [("Other", 0, 0), ("Words", 0, 1), ("Here", 0, 2)];
    let guessed = transcribe(&write_with_outline("x", &pages, &strange), None).unwrap();
    assert!(guessed.page_text(2).unwrap().starts_with("# Merely large"));
}

#[test]
fn without_a_stated_title_the_first_heading_is_it() {
    let bytes = write("untitled", &[page("A heading", PROSE)]);
    assert_eq!(
        transcribe(&bytes, None).unwrap().title.as_deref(),
        Some("A heading")
    );
}

#[test]
fn accented_letters_come_through() {
    let bytes = write("x", &[page("Überblick", "Fünf große Äpfel, déjà vu")]);
    let markdown = transcribe(&bytes, None).unwrap().markdown;
    assert_eq!(markdown, "# Überblick\n\nFünf große Äpfel, déjà vu");
}

#[test]
fn a_page_without_text_keeps_its_number_and_is_named() {
    let bytes = write(
        "x",
        &[page("One", PROSE), Page::default(), page("Three", PROSE)],
    );
    let document = transcribe(&bytes, None).unwrap();
    assert_eq!(document.pages.len(), 3);
    assert_eq!(document.page_text(2), Some(""));
    assert!(document.page_text(3).unwrap().starts_with("# Three"));
    assert_eq!(document.warnings, ["no text on page 2"]);
}

#[test]
fn a_pdf_of_pictures_only_has_no_text() {
    let error = transcribe(&write("x", &[Page::default()]), None).unwrap_err();
    assert_eq!(error.code(), "no_text");
    assert!(error.is_invalid_input());
}

#[test]
fn a_pdf_that_needs_a_password_is_encrypted() {
    let error = transcribe(&write_encrypted("x", &[page("A", PROSE)]), None).unwrap_err();
    assert_eq!(error.code(), "encrypted");
}

#[test]
fn too_many_pages_are_refused_before_they_are_read() {
    let pages: Vec<Page> = (0..5_001).map(|_| Page::default()).collect();
    assert_eq!(
        transcribe(&write("x", &pages), None).unwrap_err().code(),
        "too_many_pages"
    );
}

#[test]
fn a_stop_is_heard_between_two_pages() {
    let bytes = write("x", &(0..50).map(|_| page("A", PROSE)).collect::<Vec<_>>());
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) >= 10;
    let error = transcribe_until(&bytes, None, &stop).unwrap_err();
    assert_eq!(error.code(), "stopped");
    assert_eq!(asked.load(Ordering::Relaxed), 11);
}

#[test]
fn a_cut_file_without_its_tables_gives_what_is_left_or_says_that_it_is_malformed() {
    let bytes = write("x", &[page("First", PROSE), page("Second", PROSE)]);
    for percent in 1..100 {
        let cut = &bytes[..bytes.len() * percent / 100];
        match transcribe(cut, Some("a.pdf")) {
            Ok(document) => assert!(document.markdown.contains("First"), "{percent} %"),
            Err(error) => {
                assert!(
                    ["malformed", "no_text"].contains(&error.code()),
                    "{percent} %: {error}"
                );
            }
        }
    }
}

#[test]
fn a_text_about_pdf_is_no_pdf() {
    let text = b"The header of a PDF is %PDF-1.7, and its end is %%EOF.\n";
    assert_eq!(transcribe(text, None).unwrap().format, Format::Text);
}
