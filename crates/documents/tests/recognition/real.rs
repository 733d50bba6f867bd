//! Scans of our own guide and of small pages, with pdfium and Tesseract.

use std::collections::HashMap;
use std::sync::Mutex;

use dutiful_documents::{
    Document, Engines, Format, Method, Reading, Told, engines, guides, transcribe, transcribe_with,
};

use crate::parts::{engines as parts, scanned};
use crate::support::pdf::{Font, Page, Picture, write};
use crate::support::picture::{jpeg, palette_png, tiff};

const PROSE: [&str; 4] = [
    "A worker takes the tasks that are due and runs each of them once.",
    "What it cannot run is tried again after a while, and in the end it is",
    "set aside with the reason, so that a person can look at it and decide.",
    "Nothing is lost when a machine goes away in the middle of its work.",
];

fn text_page(heading: &str) -> Page {
    let mut page = Page::default();
    page.text(Font::Bold, 24.0, 60.0, 760.0, heading);
    for (line, text) in (0..).zip(PROSE.iter().cycle().take(12)) {
        page.text(Font::Plain, 12.0, 60.0, 700.0 - 18.0 * line as f32, text);
    }
    page
}

fn picture_page(picture: Picture) -> Page {
    let mut page = Page::default();
    page.picture(picture);
    page
}

/// One scanned page.
fn scan(heading: &str, dpi: i32) -> Picture {
    scanned(&write("x", &[text_page(heading)]), dpi).remove(0)
}

fn read(bytes: &[u8], engines: &Engines) -> Document {
    transcribe_with(bytes, &Reading::new(engines)).unwrap()
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}

/// The share of the words of `truth` that are found.
fn recall(truth: &str, found: &str) -> f64 {
    let (truth, found) = (words(truth), words(found));
    let hits = truth
        .iter()
        .map(|(word, count)| found.get(word).copied().unwrap_or(0).min(*count));
    hits.sum::<usize>() as f64 / truth.values().sum::<usize>() as f64
}

#[test]
fn a_scan_of_the_guide_has_its_words_and_headings() {
    let Some(engines) = parts() else { return };
    let guide = guides::all()
        .iter()
        .find(|guide| guide.file_name.ends_with(".pdf"));
    let guide = guide.unwrap().bytes;
    let truth = transcribe(guide, None).unwrap();
    let pages: Vec<Page> = scanned(guide, 200).into_iter().map(picture_page).collect();
    let told = Mutex::new(Vec::new());
    let tell = |what| {
        told.lock().unwrap().push(what);
        Ok(())
    };
    let reading = Reading {
        tell: &tell,
        ..Reading::new(&engines)
    };
    let document = transcribe_with(&write("x", &pages), &reading).unwrap();
    let share = recall(&truth.markdown, &document.markdown);
    assert!(share >= 0.984, "{share}\n{}", document.markdown);
    assert!(
        document.markdown.contains("# Operating Dutiful"),
        "{}",
        document.markdown
    );
    assert_eq!(document.format, Format::Pdf);
    for page in &document.pages {
        assert_eq!(page.method, Method::Ocr);
        assert!(page.confidence.unwrap() > 0.8, "{page:?}");
    }
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), pages.len() + 1);
    let total = u32::try_from(pages.len()).unwrap();
    assert_eq!(told[0], Told::Pages { total });
}

#[test]
fn only_pages_that_are_pictures_are_recognized() {
    let Some(engines) = parts() else { return };
    let mut short = Page::default();
    short.text(Font::Bold, 20.0, 60.0, 700.0, "Part Two");
    short.rule((60.0, 690.0), (500.0, 690.0));
    let pages = [
        text_page("Written"),
        picture_page(scan("Scanned", 200)),
        Page::default(),
        short,
    ];
    let document = read(&write("x", &pages), &engines);
    let methods: Vec<_> = document.pages.iter().map(|page| page.method).collect();
    assert_eq!(
        methods,
        [Method::Text, Method::Ocr, Method::Text, Method::Text]
    );
    assert!(document.page_text(1).unwrap().starts_with("# Written"));
    assert!(
        document.page_text(2).unwrap().contains("# Scanned"),
        "{}",
        document.markdown
    );
    assert_eq!(document.page_text(4), Some("## Part Two"));
    assert_eq!(document.warnings, ["no text on page 3"]);
}

#[test]
fn pictures_of_every_format_are_read() {
    let Some(engines) = parts() else { return };
    let first = scan("First", 200);
    let second = scan("Second", 150);
    let truth = PROSE.join("\n");
    for (bytes, format) in [
        (palette_png(&first), Format::Png),
        (jpeg(&first), Format::Jpeg),
        (tiff(&[first.clone(), second]), Format::Tiff),
    ] {
        let document = read(&bytes, &engines);
        assert_eq!(document.format, format);
        assert_eq!(document.title.as_deref(), Some("First"), "{format}");
        let share = recall(&truth, &document.markdown);
        assert!(share >= 0.98, "{format}: {share}\n{}", document.markdown);
        let pages = if format == Format::Tiff { 2 } else { 1 };
        assert_eq!(document.pages.len(), pages);
    }
}

#[test]
fn without_the_parts_a_page_keeps_what_it_has_and_the_fix_is_named() {
    let Some(engines) = parts() else { return };
    let pages = [text_page("Written"), picture_page(scan("Scanned", 72))];
    let bytes = write("x", &pages);
    let without_pdfium = Engines {
        pdfium: Some("/nowhere/libpdfium.so".into()),
        ..engines.clone()
    };
    let without_tesseract = Engines {
        tesseract: Some("/nowhere/tesseract".into()),
        ..engines.clone()
    };
    for (engines, fix) in [
        (&without_pdfium, "pip install pypdfium2"),
        (&without_tesseract, "apt-get install tesseract-ocr"),
    ] {
        let document = read(&bytes, engines);
        assert!(document.markdown.starts_with("# Written"));
        assert_eq!(document.pages[1].method, Method::Text);
        let warning = document
            .warnings
            .iter()
            .find(|warning| warning.contains(fix));
        assert!(
            warning.unwrap().contains("on page 2"),
            "{:?}",
            document.warnings
        );
        let alone = write("x", &pages[1..]);
        let error = transcribe_with(&alone, &Reading::new(engines)).unwrap_err();
        assert_eq!(error.code(), "recognition_missing");
        assert!(error.cause().contains(fix), "{error}");
    }
    // Text needs none of them, and asks for none.
    let text = write("x", &pages[..1]);
    assert_eq!(read(&text, &without_pdfium).warnings, Vec::<String>::new());
    let error = transcribe(&write("x", &pages[1..]), None).unwrap_err();
    assert_eq!(error.code(), "no_text");
}

#[test]
fn a_page_of_a_huge_size_is_rendered_within_the_limit() {
    let Some(engines) = parts() else { return };
    let bytes = write("x", &[picture_page(scan("Huge", 100))]);
    let text = String::from_utf8(bytes).unwrap();
    // 200 inches on each side; the tables of the file are found again by its readers.
    let huge = text.replace("/MediaBox [0 0 595 842]", "/MediaBox [0 0 14400 14400]");
    match transcribe_with(huge.as_bytes(), &Reading::new(&engines)) {
        Ok(document) => assert_eq!(document.pages.len(), 1),
        Err(error) => assert_eq!(error.code(), "no_text", "{error}"),
    }
}

#[test]
fn the_report_tells_what_is_there() {
    let Some(engines) = parts() else { return };
    let parts = engines::report(&engines);
    assert!(
        parts
            .iter()
            .all(|part| part.path.is_some() && part.problem.is_none())
    );
    assert!(
        parts[1]
            .version
            .as_deref()
            .unwrap()
            .starts_with("tesseract"),
        "{parts:?}"
    );
}
