//! What of a workbook becomes Markdown, in its newer and in its older format.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, Format, transcribe};
use support::package::{core_properties, relations};
use support::workbook::{data, part, row, rows, xlsx};
use support::xls::{cell, container, record, text, workbook, xls};

fn read(bytes: &[u8], format: Format) -> Document {
    let document = transcribe(bytes, Some("a.pdf")).unwrap();
    assert_eq!(document.format, format);
    document
}

fn sheet(content: &str) -> Vec<u8> {
    xlsx(&[("Sheet", "", content.to_owned())], &[])
}

fn texts(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| row.iter().map(|text| (*text).to_owned()).collect())
        .collect()
}

#[test]
fn each_sheet_is_a_page_under_its_name() {
    let filled = |text: &str| data(&rows(&texts(&[&[text, "b"]])));
    let sheets = [
        ("First & <one>", "", filled("a")),
        ("Empty", "", data("")),
        ("Hidden", "state=\"veryHidden\"", filled("c")),
    ];
    let core = core_properties("Figures");
    let document = read(
        &xlsx(&sheets, &[("docProps/core.xml", &core)]),
        Format::Xlsx,
    );
    assert_eq!(document.title.as_deref(), Some("Figures"));
    assert_eq!(
        document.page_text(1),
        Some("# First & <one>\n\n| a | b |\n| --- | --- |")
    );
    assert_eq!(document.page_text(2), Some(""));
    assert_eq!(
        document.page_text(3),
        Some("# Hidden\n\n| c | b |\n| --- | --- |")
    );
    assert_eq!(document.warnings, ["the sheet Hidden is hidden"]);
}

#[test]
fn values_are_shown_as_a_person_sees_them() {
    let styles = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm\"/></numFmts>\
        <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"10\"/></cellXfs>";
    let shared = "<si><t>shared</t></si><si><r><t>rich </t></r><r><rPr/><t>text</t></r><rPh><t>no</t></rPh></si>";
    let cells = row(
        1,
        &[
            ("A1", "t=\"s\"", "<v>0</v>"),
            ("B1", "t=\"s\"", "<v>1</v>"),
            ("C1", "t=\"str\"", "<f>A1</f><v>a_x000D_|b</v>"),
            ("D1", "", "<v>0.30000000000000004</v>"),
            ("E1", "s=\"1\"", "<v>46356</v>"),
            ("F1", "s=\"2\"", "<v>46356.25</v>"),
            ("G1", "s=\"3\"", "<v>0.125</v>"),
            ("H1", "t=\"b\"", "<v>1</v>"),
            ("I1", "t=\"e\"", "<v>#DIV/0!</v>"),
            ("J1", "t=\"d\"", "<v>2026-11-30</v>"),
            ("K1", "t=\"s\"", "<v>99</v>"),
            ("L1", "s=\"77\"", "<v>7</v>"),
        ],
    );
    let parts = [
        ("xl/styles.xml", &*part("styleSheet", styles)),
        ("xl/sharedStrings.xml", &*part("sst", shared)),
    ];
    let document = read(&xlsx(&[("S", "", data(&cells))], &parts), Format::Xlsx);
    let line = document.markdown.lines().nth(2).unwrap();
    assert_eq!(
        line,
        "| shared | rich text | a \\|b | 0.3 | 2026-11-30 | 2026-11-30T06:00:00 | 12.50% | TRUE | #DIV/0! | 2026-11-30 | 7 |"
    );
}

#[test]
fn empty_rows_and_columns_are_left_out_wherever_they_are() {
    let cells = row(
        3,
        &[
            ("C3", "", "<v>1</v>"),
            ("F3", "", "<v>2</v>"),
            ("G3", "t=\"s\"", ""),
        ],
    ) + &row(
        7,
        &[
            ("C7", "", "<v>3</v>"),
            ("F7", "t=\"inlineStr\"", "<is><t>two\nlines</t></is>"),
        ],
    );
    let document = read(&sheet(&data(&cells)), Format::Xlsx);
    assert_eq!(
        document.markdown,
        "# Sheet\n\n| 1 | 2 |\n| --- | --- |\n| 3 | two lines |"
    );
}

#[test]
fn cells_without_names_follow_one_another() {
    let cells = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c r=\"?\"><v>4</v></c></row>";
    let document = read(&sheet(&data(cells)), Format::Xlsx);
    assert_eq!(
        document.markdown,
        "# Sheet\n\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |"
    );
}

#[test]
fn links_lead_where_the_relations_say() {
    let content = data(&rows(&texts(&[&["there", "here"]])))
        + "<hyperlinks><hyperlink ref=\"A1\" r:id=\"rId1\"/><hyperlink ref=\"B1\" location=\"S!A1\"/></hyperlinks>";
    let links = relations(&[("rId1", "hyperlink", "https://example.org/")]);
    let parts = [("xl/worksheets/_rels/sheet1.xml.rels", &*links)];
    let document = read(&xlsx(&[("S", "", content)], &parts), Format::Xlsx);
    assert!(
        document
            .markdown
            .contains("| [there](https://example.org/) | here |")
    );
}

#[test]
fn days_may_be_counted_from_1904() {
    let styles = part("styleSheet", "<cellXfs><xf numFmtId=\"14\"/></cellXfs>");
    let main = part(
        "workbook",
        "<workbookPr date1904=\"1\"/><sheets><sheet name=\"S\" r:id=\"rId1\"/></sheets>",
    );
    let parts = [("xl/styles.xml", &*styles), ("xl/workbook.xml", &*main)];
    let cells = row(1, &[("A1", "", "<v>0</v>")]);
    let document = read(&xlsx(&[("S", "", data(&cells))], &parts), Format::Xlsx);
    assert_eq!(document.markdown, "# S\n\n1904-01-01");
}

#[test]
fn cells_at_the_ends_of_a_sheet_cost_nothing() {
    let far =
        row(1, &[("A1", "", "<v>1</v>")]) + &row(1_048_576, &[("XFD1048576", "", "<v>2</v>")]);
    let content = format!("<dimension ref=\"A1:XFD1048576\"/>{}", data(&far));
    let document = read(&sheet(&content), Format::Xlsx);
    assert_eq!(
        document.markdown,
        "# Sheet\n\n| 1 | |\n| --- | --- |\n| | 2 |"
    );
    let empty: String = (0..100_000).map(|_| "<c r=\"XFD1048576\"/>").collect();
    let content = data(&format!(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c>{empty}</row>"
    ));
    assert_eq!(
        read(&sheet(&content), Format::Xlsx).markdown,
        "# Sheet\n\n1"
    );
}

#[test]
fn a_sheet_that_does_not_fit_is_cut_and_said_to_be() {
    let cells: String = (1..=110_000)
        .map(|n| format!("<row><c><v>{n}</v></c><c><v>1</v></c></row>"))
        .collect();
    let document = read(&sheet(&data(&cells)), Format::Xlsx);
    assert!(document.markdown.ends_with("| 100000 | 1 |"));
    assert_eq!(
        document.warnings,
        ["the sheet Sheet is too large; what comes after row 100000 was left out"]
    );
}

#[test]
fn sheets_that_are_no_tables_or_are_missing_are_pages_with_a_warning() {
    let main = part(
        "workbook",
        "<sheets><sheet name=\"Chart\" r:id=\"c\"/><sheet name=\"None\" r:id=\"n\"/><sheet name=\"S\" r:id=\"rId1\"/></sheets>",
    );
    let lines = relations(&[
        ("c", "chartsheet", "chartsheets/sheet1.xml"),
        ("n", "worksheet", "../../up.xml"),
        ("rId1", "worksheet", "worksheets/sheet1.xml"),
    ]);
    let parts = [
        ("xl/workbook.xml", &*main),
        ("xl/_rels/workbook.xml.rels", &*lines),
    ];
    let content = data(&row(1, &[("A1", "", "<v>1</v>")]));
    let document = read(&xlsx(&[("S", "", content)], &parts), Format::Xlsx);
    assert_eq!(document.page_text(3), Some("# S\n\n1"));
    assert_eq!(
        document.warnings,
        [
            "the sheet Chart is no table and was left out",
            "the sheet None is missing in the file"
        ]
    );
}

fn style(format: u16) -> Vec<u8> {
    let mut data = vec![0; 20];
    data[2..4].copy_from_slice(&format.to_le_bytes());
    record(0xe0, &data)
}

#[test]
fn an_old_workbook_gives_the_same() {
    let format = [&164_u16.to_le_bytes()[..], &text("yyyy-mm-dd hh:mm")].concat();
    let strings = [&[2, 0, 0, 0, 1, 0, 0, 0][..], &text("shared")].concat();
    let before = [
        record(0x41e, &format),
        style(0),
        style(164),
        style(9),
        record(0xfc, &strings),
    ];
    let numbers = [
        &[1, 0, 0, 0][..],
        &[2, 0],
        &(3_u32 | 1250 << 2).to_le_bytes(),
        &[0, 0],
        &(2_u32 | 9 << 2).to_le_bytes(),
        &[1, 0],
    ]
    .concat();
    let computed = [&[0_u8, 0, 0, 0, 0, 0, 0xff, 0xff][..], &[0; 14]].concat();
    let records = [
        record(0x200, &[0xff; 14]),
        cell(0xfd, 0, 0, 0, &0_u32.to_le_bytes()),
        cell(0x203, 0, 1, 1, &46_356.25_f64.to_le_bytes()),
        record(0xbd, &numbers),
        cell(0x204, 2, 0, 0, &text("label | x")),
        cell(0x205, 2, 1, 0, &[1, 0]),
        cell(0x205, 3, 0, 0, &[0x2a, 1]),
        cell(0x06, 3, 1, 0, &computed),
        record(0x207, &text("computed")),
    ];
    let document = read(&xls(&before, &records), Format::Xls);
    assert_eq!(
        document.markdown,
        "# Sheet\n\n| shared | 2026-11-30T06:00:00 |\n| --- | --- |\n| 1250% | 9 |\n\
         | label \\| x | TRUE |\n| #N/A | computed |"
    );
}

#[test]
fn old_sheets_have_their_order_and_may_be_hidden() {
    let number = |value: u32| cell(0x27e, 0, 0, 0, &(2 | value << 2).to_le_bytes());
    let sheets = [("B", 0, number(1)), ("A", 2, number(2))];
    let document = read(
        &container(&[("Book", &workbook(&[], &sheets))]),
        Format::Xls,
    );
    assert_eq!(document.page_text(1), Some("# B\n\n1"));
    assert_eq!(document.page_text(2), Some("# A\n\n2"));
    assert_eq!(document.warnings, ["the sheet A is hidden"]);
}

#[test]
fn shared_strings_cost_their_cells_no_memory_in_an_old_workbook() {
    let strings = [&[1, 0, 0, 0, 1, 0, 0, 0][..], &text(&"long ".repeat(1_600))].concat();
    let cells: Vec<_> = (0..3_000)
        .map(|row| cell(0xfd, row, 0, 0, &0_u32.to_le_bytes()))
        .collect();
    let stream = workbook(&[record(0xfc, &strings)], &[("S", 0, cells.concat())]);
    let document = read(&container(&[("Workbook", &stream)]), Format::Xls);
    assert!(document.markdown.len() < 7 << 20);
    assert!(
        document.warnings[0].contains("is too large"),
        "{:?}",
        document.warnings
    );
}
