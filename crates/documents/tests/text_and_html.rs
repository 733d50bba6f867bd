//! What of plain text, Markdown and HTML becomes Markdown.
#![allow(clippy::unwrap_used, missing_docs)]

use dutiful_documents::{Document, Format, transcribe};

fn read(bytes: impl AsRef<[u8]>, name: &str) -> Document {
    transcribe(bytes.as_ref(), Some(name)).unwrap()
}

#[test]
fn markdown_is_passed_through_with_one_kind_of_line_end() {
    let document = read("intro\r\n\r\n# Title *here*\r\n\r\n- a\r\n", "a.md");
    assert_eq!(document.format, Format::Markdown);
    assert_eq!(document.markdown, "intro\n\n# Title *here*\n\n- a");
    assert_eq!(document.title.as_deref(), Some("Title *here"));
}

#[test]
fn plain_text_is_kept_as_it_is() {
    let text = "A title\n\n# not a heading, a comment\n* star";
    let document = read(text, "a.txt");
    assert_eq!(document.format, Format::Text);
    assert_eq!(document.markdown, text);
    assert_eq!(document.title.as_deref(), Some("A title"));
}

#[test]
fn latin1_and_utf16_become_the_same_text() {
    let text = "Der Fluß fließt; großer Ärger über Öl. Déjà vu à Genève.";
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [vec![0xff, 0xfe], utf16.clone()].concat();
    for bytes in [text.as_bytes().to_vec(), latin1, utf16, marked] {
        assert_eq!(read(bytes, "a.txt").markdown, text);
    }
}

#[test]
fn zero_bytes_in_text_are_left_out_and_said() {
    let document = read("before\0after, and quite a lot of other text", "a.txt");
    assert!(document.markdown.starts_with("beforeafter"));
    assert_eq!(document.warnings, ["control characters were left out"]);
}

#[test]
fn html_keeps_its_main_content_only() {
    let html = "<!doctype html><title>The &amp; title</title><nav>menu</nav>\
        <main><h1>Head<a href=\"#head\">¶</a></h1><p>Some <b>bold</b> <a href=\"/x\">link</a>.</p>\
        <script>code()</script><ul><li>a<ul><li>b</li></ul></li></ul></main><footer>foot</footer>";
    let document = read(html, "a.html");
    assert_eq!(document.title.as_deref(), Some("The & title"));
    let expected = "# Head\n\nSome **bold** [link](/x).\n\n- a\n  - b";
    assert_eq!(document.markdown, expected);
}

#[test]
fn html_without_a_main_part_is_read_whole_but_for_its_frame() {
    let html = "<html><body><div role=\"navigation\">menu</div><h2>A</h2><p>b</p></body></html>";
    assert_eq!(read(html, "a.html").markdown, "## A\n\nb");
}

#[test]
fn html_tables_have_no_padding_and_need_no_header_cells() {
    let html = "<html><table><tr><td>a</td><td>b|c</td></tr><tr><td>long long</td></tr></table>";
    assert_eq!(
        read(html, "a").markdown,
        "| a | b\\|c |\n| --- | --- |\n| long long |"
    );
    let layout = "<html><table><tr><td><p>one</p><p>two</p></td><td>three</td></tr></table>";
    assert_eq!(read(layout, "a").markdown, "one\n\ntwo\n\nthree");
}

#[test]
fn preformatted_text_is_fenced_whether_or_not_it_is_marked_as_code() {
    let html = "<html><pre>a  b\n c</pre><pre><code class=\"language-rust\">x```y</code></pre>";
    assert_eq!(
        read(html, "a").markdown,
        "```\na  b\n c\n```\n\n````rust\nx```y\n````"
    );
}

#[test]
fn inline_pictures_leave_their_text_and_not_their_bytes() {
    let html = "<html><p>see <img alt=\"a cat\" src=\"data:image/png;base64,AAAA\"> \
        <img alt=\"dog\" src=\"dog.png\"></p>";
    assert_eq!(read(html, "a").markdown, "see a cat ![dog](dog.png)");
}

#[test]
fn a_page_in_an_old_encoding_is_decoded_by_what_it_states() {
    let html = b"<html><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">\
        <p>\xf0\xd2\xc9\xd7\xc5\xd4</p></html>";
    assert_eq!(read(html, "a").markdown, "Привет");
}

#[test]
fn a_document_survives_a_round_trip_through_json() {
    let document = read("# \"Quoted\"\n\n\\ tab\t", "a.md");
    let json = serde_json::to_string(&document).unwrap();
    assert!(json.contains("\"format\":\"markdown\""), "{json}");
    assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
}
