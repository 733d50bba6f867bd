//! The guides that the binary carries: up to date with their sources, and readable.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../examples/make_guides/generate/mod.rs"]
mod generate;

use dutiful_documents::{Document, Format, guides, transcribe};

fn transcribed(format: Format) -> Document {
    let all = guides::all().iter();
    let mut documents = all.map(|guide| transcribe(guide.bytes, Some(guide.file_name)).unwrap());
    documents
        .find(|document| document.format == format)
        .unwrap()
}

#[test]
fn generated_guides_are_up_to_date_with_their_sources() {
    for generated in generate::all() {
        let name = generated.file_name;
        let carried = guides::all()
            .iter()
            .find(|guide| guide.file_name == name)
            .unwrap();
        assert!(
            carried.bytes == generated.bytes,
            "{name} is old: cargo run -p dutiful-documents --example make_guides"
        );
    }
}

#[test]
fn every_guide_becomes_markdown_with_a_title_and_without_warnings() {
    let titles = [
        (Format::Text, "What a task is"),
        (Format::Markdown, "The life of a task"),
        (Format::Html, "Choosing an engine"),
        (Format::Docx, "Retries and dedup"),
        (Format::Pptx, "A first look at Dutiful"),
        (Format::Xlsx, "Numbers worth knowing"),
        (Format::Epub, "Tasks by schedule"),
        (Format::Pdf, "Operating Dutiful"),
    ];
    assert_eq!(guides::all().len(), titles.len());
    for (format, title) in titles {
        let document = transcribed(format);
        assert_eq!(document.title.as_deref(), Some(title), "{format}");
        assert_eq!(document.warnings, Vec::<String>::new(), "{format}");
    }
}

#[test]
fn guides_of_structure_give_their_sources_back() {
    let sources = [
        (Format::Docx, include_str!("../guides/retries-and-dedup.md")),
        (Format::Pptx, include_str!("../guides/first-look.md")),
        (Format::Xlsx, include_str!("../guides/limits.md")),
        (Format::Epub, include_str!("../guides/schedules.md")),
    ];
    // The levels of headings differ, and code is no more than text in most formats.
    let words = |text: &str| -> Vec<String> {
        let text = text.replace(['`', '#'], "");
        text.split_whitespace().map(str::to_owned).collect()
    };
    for (format, source) in sources {
        // The title of the workbook is the name of none of its sheets.
        let source = source.trim_start_matches(match format {
            Format::Xlsx => "# Numbers worth knowing",
            _ => "",
        });
        assert_eq!(
            words(&transcribed(format).markdown),
            words(source),
            "{format}"
        );
    }
}

#[test]
fn slides_sheets_and_chapters_of_the_guides_are_pages() {
    for (format, pages) in [(Format::Pptx, 6), (Format::Xlsx, 3), (Format::Epub, 5)] {
        assert_eq!(transcribed(format).pages.len(), pages, "{format}");
    }
    let slides = transcribed(Format::Pptx);
    assert!(
        slides
            .page_text(1)
            .unwrap()
            .starts_with("# A first look at Dutiful")
    );
    assert!(
        slides
            .page_text(3)
            .unwrap()
            .starts_with("## What you write\n\n1. A payload")
    );
    let book = transcribed(Format::Epub);
    assert_eq!(book.language.as_deref(), Some("en"));
    assert!(
        book.page_text(5)
            .unwrap()
            .starts_with("# By hand\n\n1. `dutiful periodic`")
    );
}

#[test]
fn the_pdf_guide_keeps_its_pages_headings_lists_and_tables() {
    let document = transcribed(Format::Pdf);
    assert!(document.pages.len() >= 2, "{:?}", document.pages);
    let lines: Vec<&str> = document.markdown.lines().collect();
    for line in [
        "# Operating Dutiful",
        "## Before the first start",
        "| Payload | 1 MiB |",
        "2. Is the task due? A task that failed waits for its cooldown, ten minutes by default.",
    ] {
        assert!(
            lines.contains(&line),
            "{line:?} is missing in\n{}",
            document.markdown
        );
    }
    assert!(document.page_text(1).unwrap().contains("Stopping workers"));
    assert!(document.page_text(2).unwrap().contains("What is bounded"));
}

#[test]
fn the_html_guide_is_its_main_content() {
    let markdown = transcribed(Format::Html).markdown;
    assert!(markdown.starts_with("# Choosing an engine"));
    assert!(markdown.contains("| SQLite | `sqlite:tasks.db` | one |"));
    assert!(!markdown.contains("One of the guides that the binary carries"));
}
