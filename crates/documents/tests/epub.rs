//! What of an EPUB becomes Markdown.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, Format, transcribe};
use support::epub::{chapter, epub, item};

fn read(bytes: &[u8]) -> Document {
    let document = transcribe(bytes, Some("a.zip")).unwrap();
    assert_eq!(document.format, Format::Epub);
    document
}

fn one(body: &str) -> String {
    let text = chapter("no", body);
    let files = [("OEBPS/a.xhtml", &*text)];
    read(&epub(
        "",
        &item("a", "a.xhtml", ""),
        "<itemref idref=\"a\"/>",
        &files,
    ))
    .markdown
}

#[test]
fn chapters_are_pages_in_the_order_of_reading_and_metadata_is_kept() {
    let metadata = "<dc:title>A book</dc:title><dc:title>Its second title</dc:title><dc:creator>One</dc:creator>\
        <dc:creator>Two</dc:creator><dc:language>de-CH</dc:language><meta property=\"dcterms:modified\">2026-11-30</meta>\
        <meta name=\"generator\" content=\"a program\"/>";
    let items = item("x", "text/b%20c.xhtml#top", "") + &item("y", "a.xhtml", "");
    let (first, second) = (
        chapter("no", "<h1>One</h1><p>text</p>"),
        chapter("no", "<h1>Two</h1>"),
    );
    let files = [
        ("OEBPS/a.xhtml", &*second),
        ("OEBPS/text/b c.xhtml", &*first),
    ];
    let document = read(&epub(
        metadata,
        &items,
        "<itemref idref=\"x\"/><itemref idref=\"y\"/>",
        &files,
    ));
    assert_eq!(document.title.as_deref(), Some("A book"));
    assert_eq!(document.language.as_deref(), Some("de-CH"));
    assert_eq!(document.metadata["author"], "One; Two");
    assert_eq!(document.metadata["modified"], "2026-11-30");
    assert_eq!(document.metadata["program"], "a program");
    assert_eq!(document.page_text(1), Some("# One\n\ntext"));
    assert_eq!(document.page_text(2), Some("# Two"));
    assert_eq!(document.warnings, Vec::<String>::new());
}

#[test]
fn links_out_of_the_book_stay_and_those_within_become_text() {
    let body = "<p><a href=\"b.xhtml#c\">in</a> <a href=\"#n\">1</a> <a href=\"https://example.org/\">out</a> \
        <img src=\"i.png\" alt=\"a picture\"/></p>";
    assert_eq!(one(body), "in 1 [out](https://example.org/) a picture");
}

#[test]
fn xhtml_is_read_as_such() {
    let body = "<a id=\"top\"/><script src=\"x\"/><p>all</p><div/><p>of<br/>it</p><footer>and notes</footer>";
    let text = one(body);
    for words in ["all", "of", "it", "and notes"] {
        assert!(text.contains(words), "{text}");
    }
    let titled = chapter("", "<p>text</p>").replace("<title></title>", "<title/>");
    let files = [("OEBPS/a.xhtml", &*titled)];
    let bytes = epub(
        "",
        &item("a", "a.xhtml", ""),
        "<itemref idref=\"a\"/>",
        &files,
    );
    assert_eq!(read(&bytes).markdown, "text");
}

#[test]
fn tables_of_chapters_are_tables() {
    let body = "<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>";
    assert_eq!(one(body), "| a | b |\n| --- | --- |\n| c | d |");
}

#[test]
fn a_table_of_contents_is_read_only_where_readers_come_by() {
    let contents = chapter(
        "no",
        "<nav><h1>Contents</h1><ol><li><a href=\"a.xhtml\">One</a></li></ol></nav>",
    );
    let text = chapter("no", "<p>text</p>");
    let files = [("OEBPS/a.xhtml", &*text), ("OEBPS/nav.xhtml", &*contents)];
    let items = item("a", "a.xhtml", "") + &item("n", "nav.xhtml", "nav");
    let with = |spine: &str| read(&epub("", &items, spine, &files));
    let text = "<itemref idref=\"a\"/>";
    assert_eq!(with(text).markdown, "text");
    assert_eq!(
        with(&format!("<itemref idref=\"n\" linear=\"no\"/>{text}"))
            .pages
            .len(),
        1
    );
    let document = with(&format!("<itemref idref=\"n\"/>{text}"));
    assert_eq!(document.page_text(1), Some("# Contents\n\n1. One"));
}

#[test]
fn chapters_that_cannot_be_read_are_pages_with_a_warning() {
    let text = chapter("no", "<p>text</p>");
    let files = [
        ("OEBPS/a.xhtml", &*text),
        ("OEBPS/b.xhtml", "\u{1}\u{2}\u{3}\u{4}"),
    ];
    let items = item("a", "a.xhtml", "")
        + &item("b", "b.xhtml", "")
        + &item("c", "none.xhtml", "")
        + &item("d", "../../etc/passwd", "")
        + &item("e", "%2e%2e/%2e%2e/etc/passwd", "")
        + "<item id=\"f\" href=\"f.svg\" media-type=\"image/svg+xml\"/>";
    let spine: String = ["a", "b", "c", "d", "e", "f", "g"]
        .iter()
        .map(|id| format!("<itemref idref=\"{id}\"/>"))
        .collect();
    let document = read(&epub("", &items, &spine, &files));
    assert_eq!(document.markdown, "text");
    assert_eq!(document.pages.len(), 7);
    let said: Vec<&str> = document.warnings.iter().map(String::as_str).collect();
    assert_eq!(
        said,
        [
            "chapter 2 is no text and was left out",
            "chapter 3 is missing in the file",
            "chapter 4 leads out of the book and was left out",
            "chapter 5 leads out of the book and was left out",
            "chapter 6 is no text and was left out",
            "chapter 7 is no text and was left out"
        ]
    );
}

#[test]
fn protection_of_text_is_refused_and_that_of_fonts_is_not() {
    let text = chapter("no", "<p>text</p>");
    let with = |method: &str| {
        let encryption = format!(
            "<encryption xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"><e:EncryptedData><e:EncryptionMethod Algorithm=\"{method}\"/>\
             <e:CipherData><e:CipherReference URI=\"OEBPS/a\"/></e:CipherData></e:EncryptedData></encryption>"
        );
        let files = [
            ("OEBPS/a.xhtml", &*text),
            ("META-INF/encryption.xml", &*encryption),
        ];
        transcribe(
            &epub(
                "",
                &item("a", "a.xhtml", ""),
                "<itemref idref=\"a\"/>",
                &files,
            ),
            None,
        )
    };
    assert_eq!(
        with("http://www.idpf.org/2008/embedding").unwrap().markdown,
        "text"
    );
    let error = with("http://www.w3.org/2001/04/xmlenc#aes256-cbc").unwrap_err();
    assert_eq!(error.code(), "encrypted");
}

#[test]
fn a_book_without_its_description_is_malformed() {
    let container =
        "<container><rootfiles><rootfile full-path=\"../x.opf\"/></rootfiles></container>";
    let bytes = epub("", "", "", &[("META-INF/container.xml", container)]);
    assert_eq!(transcribe(&bytes, None).unwrap_err().code(), "malformed");
    assert_eq!(
        transcribe(&epub("", "", "", &[]), None).unwrap_err().code(),
        "no_text"
    );
}
