//! What of a DOCX becomes Markdown.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, Format, transcribe};
use support::package::{core_properties, docx, relations, wordprocessing};

fn read(body: &str, parts: &[(&str, &str)]) -> Document {
    let document = transcribe(&docx(body, parts), Some("a.docx")).unwrap();
    assert_eq!(document.format, Format::Docx);
    assert_eq!(document.pages.len(), 1);
    document
}

fn markdown(body: &str) -> String {
    read(body, &[]).markdown
}

fn p(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn styles() -> String {
    let style = |id: &str, name: &str, more: &str| {
        format!("<w:style w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>{more}</w:style>")
    };
    let all = [
        style("T", "Title", ""),
        style("H2", "heading 2", ""),
        style("Own", "Own look", "<w:basedOn w:val=\"H2\"/>"),
        style(
            "L",
            "Own list",
            "<w:pPr><w:numPr><w:numId w:val=\"1\"/></w:numPr></w:pPr>",
        ),
    ];
    wordprocessing("styles", &all.concat())
}

fn numbering() -> String {
    let level = |level: usize, format: &str| {
        format!(
            "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"3\"/><w:numFmt w:val=\"{format}\"/></w:lvl>"
        )
    };
    let pattern = |id: usize, levels: String| {
        format!("<w:abstractNum w:abstractNumId=\"{id}\">{levels}</w:abstractNum>")
    };
    let list = |id: usize, pattern: usize| {
        format!("<w:num w:numId=\"{id}\"><w:abstractNumId w:val=\"{pattern}\"/></w:num>")
    };
    let parts = [
        pattern(0, level(0, "bullet") + &level(1, "bullet")),
        pattern(1, level(0, "decimal")),
        list(1, 0),
        list(2, 1),
    ];
    wordprocessing("numbering", &parts.concat())
}

fn place(list: usize, level: usize) -> String {
    format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>")
}

#[test]
fn headings_come_from_styles_their_ancestors_and_outline_levels() {
    let body = [
        p("<w:pStyle w:val=\"T\"/>", "The title"),
        p("<w:pStyle w:val=\"H2\"/>", "Second"),
        p("<w:pStyle w:val=\"Own\"/>", "Inherited"),
        p("<w:outlineLvl w:val=\"2\"/>", "Third"),
        p(
            "<w:pStyle w:val=\"H2\"/><w:outlineLvl w:val=\"9\"/>",
            "Prose",
        ),
    ];
    let document = read(&body.concat(), &[("word/styles.xml", &styles())]);
    let expected = "# The title\n\n## Second\n\n## Inherited\n\n### Third\n\nProse";
    assert_eq!(document.markdown, expected);
    assert_eq!(document.title.as_deref(), Some("The title"));
}

#[test]
fn the_stated_title_goes_before_the_first_heading() {
    let core = core_properties("Stated & true");
    let document = read(&p("", "text"), &[("docProps/core.xml", &core)]);
    assert_eq!(document.title.as_deref(), Some("Stated & true"));
}

#[test]
fn lists_keep_their_levels_and_numbers() {
    let body = [
        p(&place(1, 0), "a"),
        p(&place(1, 1), "b"),
        p(&place(1, 0), "c"),
        p("", "between"),
        p(&place(2, 0), "d"),
        p(&place(2, 0), "e"),
        p("<w:pStyle w:val=\"L\"/>", "by style"),
        p(
            "<w:pStyle w:val=\"L\"/><w:numPr><w:numId w:val=\"0\"/></w:numPr>",
            "taken out",
        ),
    ];
    let parts = [
        ("word/styles.xml", &*styles()),
        ("word/numbering.xml", &*numbering()),
    ];
    let expected = "- a\n    - b\n- c\n\nbetween\n\n3. d\n4. e\n- by style\n\ntaken out";
    assert_eq!(read(&body.concat(), &parts).markdown, expected);
}

#[test]
fn tables_become_pipes_and_frames_become_their_content() {
    let cell = |text: &str, span: usize| {
        format!(
            "<w:tc><w:tcPr><w:gridSpan w:val=\"{span}\"/></w:tcPr>{}</w:tc>",
            p("", text)
        )
    };
    let row = |cells: &str| format!("<w:tr>{cells}</w:tr>");
    let table = |rows: &str| format!("<w:tbl>{rows}</w:tbl>");
    let wide = row(&(cell("a|b", 1) + &cell("c", 2))) + &row(&(cell("d", 1) + &cell("e", 1)));
    assert_eq!(
        markdown(&table(&wide)),
        "| a\\|b | c | |\n| --- | --- | --- |\n| d | e |"
    );
    assert_eq!(markdown(&table(&row(&cell("framed", 1)))), "framed");
}

#[test]
fn emphasis_stands_close_to_the_words_and_runs_of_one_kind_are_joined() {
    let body = "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">bo</w:t></w:r>\
        <w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">ld </w:t></w:r>\
        <w:r><w:rPr><w:b w:val=\"0\"/><w:i/></w:rPr><w:t>italic</w:t></w:r>\
        <w:r><w:t>, 1 &lt; 2</w:t></w:r></w:p>";
    assert_eq!(markdown(body), "**bold** *italic*, 1 < 2");
}

#[test]
fn links_lead_where_the_relations_say() {
    let body = "<w:p><w:r><w:t xml:space=\"preserve\">see </w:t></w:r>\
        <w:hyperlink r:id=\"rId7\"><w:r><w:t>there</w:t></w:r></w:hyperlink>\
        <w:hyperlink w:anchor=\"x\"><w:r><w:t xml:space=\"preserve\"> and here</w:t></w:r></w:hyperlink></w:p>";
    let links = relations(&[("rId7", "hyperlink", "https://example.org/a?b=1&amp;c=2")]);
    let document = read(body, &[("word/_rels/document.xml.rels", &links)]);
    assert_eq!(
        document.markdown,
        "see [there](https://example.org/a?b=1&c=2)and here"
    );
}

#[test]
fn notes_are_numbered_as_the_text_refers_to_them() {
    let body = "<w:p><w:r><w:t>one</w:t><w:footnoteReference w:id=\"5\"/></w:r></w:p>\
        <w:p><w:r><w:t>two</w:t><w:footnoteReference w:id=\"4\"/></w:r></w:p>";
    let note =
        |id: u8, text: &str| format!("<w:footnote w:id=\"{id}\">{}</w:footnote>", p("", text));
    let notes = wordprocessing(
        "footnotes",
        &(note(4, "later") + &note(5, "first") + &note(6, "no")),
    );
    let document = read(body, &[("word/footnotes.xml", &notes)]);
    assert_eq!(
        document.markdown,
        "one[^1]\n\ntwo[^2]\n\n[^1]: first\n\n[^2]: later"
    );
}

#[test]
fn tracked_changes_are_read_as_accepted_and_hidden_text_is_left_out() {
    let body = "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>\
        <w:del><w:r><w:delText>old</w:delText></w:r></w:del>\
        <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>\
        <w:r><w:br/><w:t>line</w:t></w:r></w:p>";
    assert_eq!(markdown(body), "new  \nline");
}

#[test]
fn a_text_box_follows_its_paragraph_once_though_the_file_has_it_twice() {
    let inside = format!("<w:txbxContent>{}</w:txbxContent>", p("", "boxed"));
    let body = format!(
        "<w:p><w:r><w:t>outside</w:t></w:r><w:r><mc:AlternateContent xmlns:mc=\"m\">\
         <mc:Choice>{inside}</mc:Choice><mc:Fallback>{inside}</mc:Fallback>\
         </mc:AlternateContent></w:r></w:p>"
    );
    assert_eq!(markdown(&body), "outside\n\nboxed");
}

#[test]
fn the_content_decides_and_not_the_name() {
    let bytes = docx(&p("", "text"), &[]);
    assert_eq!(
        transcribe(&bytes, Some("a.txt")).unwrap().format,
        Format::Docx
    );
}
