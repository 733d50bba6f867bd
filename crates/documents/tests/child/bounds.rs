//! Real documents in real children: what they give, and what bounds them.

use std::time::Duration;

use dutiful_documents::child::{self, ChildProcess, Isolation};
use dutiful_documents::{Document, Engines, Reading, TranscribeError, guides, transcribe};

use crate::Promise;
use crate::support::package::{docx, packed_zip};
use crate::support::pdf::{self, Font, Page};

pub(crate) const PROMISES: &[Promise] = &[
    (
        "a_child_gives_what_this_process_gives",
        a_child_gives_what_this_process_gives,
    ),
    (
        "what_means_harm_is_refused_with_the_same_code",
        what_means_harm_is_refused_with_the_same_code,
    ),
    (
        "who_computes_too_long_is_ended_for_good",
        who_computes_too_long_is_ended_for_good,
    ),
    (
        "who_wants_too_much_memory_is_ended_for_good",
        who_wants_too_much_memory_is_ended_for_good,
    ),
];

fn read(
    bytes: &[u8],
    name: Option<&str>,
    child: ChildProcess,
) -> Result<Document, TranscribeError> {
    let engines = Engines::none();
    let reading = Reading {
        name_hint: name,
        ..Reading::new(&engines)
    };
    child::transcribe(bytes, &reading, &Isolation::Child(child))
}

/// A PDF that takes seconds, whoever reads it.
pub(crate) fn long_pdf() -> Vec<u8> {
    let pages: Vec<Page> = (0..4_000)
        .map(|number| {
            let mut page = Page::default();
            for line in 0..40_u8 {
                let text = format!("Line {line} of page {number} has some words.");
                page.text(
                    Font::Plain,
                    10.0,
                    50.0,
                    800.0 - 18.0 * f32::from(line),
                    &text,
                );
            }
            page
        })
        .collect();
    pdf::write("Long", &pages)
}

fn a_child_gives_what_this_process_gives() {
    assert_ne!(Isolation::default(), Isolation::InProcess);
    for guide in guides::all() {
        let here = transcribe(guide.bytes, Some(guide.file_name)).unwrap();
        let there = read(guide.bytes, Some(guide.file_name), ChildProcess::default());
        assert_eq!(there.unwrap(), here, "{}", guide.file_name);
    }
    // The name reaches it.
    let there = read(b"# a\n", Some("a.txt"), ChildProcess::default()).unwrap();
    assert_eq!(there, transcribe(b"# a\n", Some("a.txt")).unwrap());
}

fn what_means_harm_is_refused_with_the_same_code() {
    let spaces = vec![b' '; 40 << 20];
    let bomb = packed_zip(&[("word/document.xml", &spaces)]);
    let deep = docx(&"<w:sdt>".repeat(100_000), &[]);
    let html = format!("<html>{}", "<div>".repeat(100_000)).into_bytes();
    let pages: Vec<Page> = (0..5_001).map(|_| Page::default()).collect();
    let pages = pdf::write("Many", &pages);
    let cases: [(&[u8], &str); 7] = [
        (&bomb, "archive_limit"),
        (&deep, "markup_limit"),
        (&html, "markup_limit"),
        (&pages, "too_many_pages"),
        (b"%PDF-1.7\n", "malformed"),
        (&[0; 1_000], "unsupported_format"),
        (b"", "empty"),
    ];
    for (bytes, code) in cases {
        let here = transcribe(bytes, None).unwrap_err();
        assert_eq!(here.code(), code, "{here}");
        assert_eq!(
            read(bytes, None, ChildProcess::default()).unwrap_err(),
            here
        );
    }
}

fn who_computes_too_long_is_ended_for_good() {
    let child = ChildProcess {
        cpu: Duration::from_secs(1),
        ..ChildProcess::default()
    };
    let error = read(&long_pdf(), None, child).unwrap_err();
    assert_eq!(error.code(), "cpu_limit", "{error}");
    assert!(error.is_invalid_input());
}

fn who_wants_too_much_memory_is_ended_for_good() {
    let child = ChildProcess {
        memory_bytes: 0,
        ..ChildProcess::default()
    };
    // A small document has enough with the least that there is.
    assert!(read(b"text", None, child.clone()).is_ok());
    let html = format!("<html><p>{}", "<i>a</i>".repeat(400_000));
    let error = read(html.as_bytes(), None, child).unwrap_err();
    assert_eq!(error.code(), "memory_limit", "{error}");
    assert!(error.is_invalid_input());
}
