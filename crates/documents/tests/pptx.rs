//! What of a PPTX becomes Markdown.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dutiful_documents::{Document, Format, transcribe, transcribe_until};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::package::{core_properties, relations};
use support::slides::{Relation, frame, group, notes, p, pptx, shape, slide};

fn read(slides: &[(&str, &[Relation])], parts: &[(&str, &str)]) -> Document {
    let document = transcribe(&pptx(slides, parts), Some("a.txt")).unwrap();
    assert_eq!(document.format, Format::Pptx);
    document
}

fn markdown(shapes: &str) -> String {
    read(&[(shapes, &[])], &[]).markdown
}

#[test]
fn each_slide_is_a_page_in_the_order_of_the_presentation() {
    let text = |title: &str, holder: &str| shape(Some(holder), None, &p("", title));
    let lines = [
        ("rId1", "slide", "slides/slide2.xml"),
        ("rId2", "slide", "/ppt/slides/slide1.xml"),
    ];
    let order = relations(&lines);
    let (first, second) = (text("Later", "title"), text("Deck", "ctrTitle"));
    let document = read(
        &[(&first, &[]), (&second, &[])],
        &[("ppt/_rels/presentation.xml.rels", &order)],
    );
    assert_eq!(document.page_text(1), Some("# Deck"));
    assert_eq!(document.page_text(2), Some("## Later"));
    assert_eq!(document.title.as_deref(), Some("Deck"));
    assert_eq!(document.language.as_deref(), Some("en-GB"));
    assert_eq!(document.warnings, Vec::<String>::new());
}

#[test]
fn the_title_comes_first_and_placed_shapes_by_their_places() {
    let shapes = [
        shape(None, Some((5, 3)), &p("", "right")),
        shape(None, Some((1, 5)), &p("", "below")),
        shape(None, Some((1, 3)), &p("", "left")),
        shape(Some("title"), None, &p("", "Title")),
        shape(Some("sldNum"), None, &p("", "7")),
        shape(Some("ftr"), None, &p("", "footer")),
    ];
    assert_eq!(
        markdown(&shapes.concat()),
        "## Title\n\nleft\n\nright\n\nbelow"
    );
}

#[test]
fn groups_are_read_whole_however_deep_they_nest() {
    let text = |place, text| shape(None, Some(place), &p("", text));
    let inner = group((1, 2), &(text((1, 3), "lower") + &text((1, 2), "upper")));
    let outer = group((1, 1), &(text((1, 1), "outer") + &inner));
    let shapes = text((1, 9), "last") + &outer;
    assert_eq!(markdown(&shapes), "outer\n\nupper\n\nlower\n\nlast");
}

#[test]
fn lists_keep_their_levels_and_numbers() {
    let numbered = |text| {
        p(
            "<a:pPr><a:buFont typeface=\"x\"/><a:buAutoNum type=\"arabicPeriod\" startAt=\"3\"/></a:pPr>",
            text,
        )
    };
    let content = [
        p("", "a"),
        p("<a:pPr lvl=\"1\"/>", "b"),
        p("<a:pPr lvl=\"5\"/>", "c"),
        p("<a:pPr><a:buNone/></a:pPr>", "# prose"),
        numbered("d"),
        numbered("e"),
    ];
    let shapes =
        shape(Some(""), None, &content.concat()) + &shape(Some("body"), None, &p("", "one"));
    assert_eq!(
        markdown(&shapes),
        "- a\n    - b\n        - c\n\n\\# prose\n\n3. d\n4. e\n\none"
    );
    let bullets = "<a:lstStyle><a:lvl1pPr><a:buChar char=\"-\"/></a:lvl1pPr></a:lstStyle>";
    let shapes = shape(
        None,
        None,
        &(bullets.to_owned() + &p("", "x") + &p("", "y")),
    );
    assert_eq!(markdown(&shapes), "- x\n- y");
}

#[test]
fn runs_breaks_fields_and_links_make_one_paragraph() {
    let paragraph = "<a:p><a:r><a:rPr b=\"1\"/><a:t>bold</a:t></a:r><a:br/>\
        <a:r><a:t>see </a:t></a:r>\
        <a:r><a:rPr><a:hlinkClick r:id=\"rId9\"/></a:rPr><a:t>the </a:t></a:r>\
        <a:r><a:rPr><a:hlinkClick r:id=\"rId9\"/></a:rPr><a:t>site</a:t></a:r>\
        <a:fld type=\"slidenum\"><a:t>3</a:t></a:fld>\
        <a:fld type=\"datetime\"><a:t> today</a:t></a:fld></a:p>";
    let shapes = shape(None, None, paragraph);
    let links: &[Relation] = &[("rId9", "hyperlink", "https://example.org/?a=1&amp;b=2")];
    let document = read(&[(&shapes, links)], &[]);
    assert_eq!(
        document.markdown,
        "**bold**  \nsee [the site](https://example.org/?a=1&b=2) today"
    );
}

#[test]
fn tables_become_pipes() {
    let cell = |text: &str| format!("<a:tc><a:txBody>{}</a:txBody></a:tc>", p("", text));
    let row = |a: &str, b: &str| format!("<a:tr>{}{}</a:tr>", cell(a), cell(b));
    let table = format!(
        "<a:tbl><a:tblGrid/>{}{}</a:tbl>",
        row("a|b", "c"),
        row("d", "e")
    );
    assert_eq!(
        markdown(&frame((1, 1), &table)),
        "| a\\|b | c |\n| --- | --- |\n| d | e |"
    );
}

fn chart_part(series: &str) -> String {
    format!(
        "<c:chartSpace xmlns:c=\"c\" xmlns:a=\"a\"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p>\
         </c:rich></c:tx></c:title><c:plotArea><c:barChart>{series}</c:barChart><c:valAx><c:title><c:tx><c:rich>\
         <a:p><a:r><a:t>Thousands</a:t></a:r></a:p></c:rich></c:tx></c:title></c:valAx></c:plotArea></c:chart></c:chartSpace>"
    )
}

fn points(values: &[&str]) -> String {
    let point =
        |(index, value): (usize, &&str)| format!("<c:pt idx=\"{index}\"><c:v>{value}</c:v></c:pt>");
    values.iter().enumerate().map(point).collect()
}

#[test]
fn charts_become_their_title_axes_and_values() {
    let series = |name: &str, values: &[&str]| {
        format!(
            "<c:ser><c:tx><c:strRef><c:f>S!$B$1</c:f><c:strCache><c:pt idx=\"0\"><c:v>{name}</c:v></c:pt></c:strCache>\
             </c:strRef></c:tx><c:cat><c:strRef><c:f>S!A</c:f><c:strCache>{}</c:strCache></c:strRef></c:cat>\
             <c:val><c:numRef><c:f>S!B</c:f><c:numCache><c:formatCode>0%</c:formatCode>{}</c:numCache></c:numRef></c:val></c:ser>",
            points(&["Spring", "Autumn"]),
            points(values)
        )
    };
    let label = "<c:dLbls><c:dLbl><c:idx val=\"1\"/><c:tx><c:rich><a:p><a:r><a:t>best</a:t></a:r></a:p></c:rich></c:tx></c:dLbl></c:dLbls>";
    let north = series("North", &["0.25", "0.5"]).replace("<c:cat>", &format!("{label}<c:cat>"));
    let chart = chart_part(&(north + &series("South", &["1"])));
    let shapes = frame((1, 1), "<c:chart xmlns:c=\"c\" r:id=\"rId2\"/>");
    let refers: &[Relation] = &[("rId2", "chart", "../charts/chart1.xml")];
    let document = read(&[(&shapes, refers)], &[("ppt/charts/chart1.xml", &chart)]);
    assert_eq!(
        document.markdown,
        "**Sales**\n\nThousands\n\n| | North | South |\n| --- | --- | --- |\n\
         | Spring | 25% | 100% |\n| Autumn | 50% | |\n\nbest"
    );
}

#[test]
fn a_chart_of_very_many_points_is_cut_and_said_to_be() {
    let values = vec!["1"; 3_000];
    let series = format!(
        "<c:ser><c:val><c:numCache>{}</c:numCache></c:val></c:ser>",
        points(&values)
    );
    let chart = chart_part(&series.repeat(60));
    let shapes = frame((1, 1), "<c:chart xmlns:c=\"c\" r:id=\"rId2\"/>");
    let refers: &[Relation] = &[("rId2", "chart", "../charts/chart1.xml")];
    let document = read(&[(&shapes, refers)], &[("ppt/charts/chart1.xml", &chart)]);
    assert!(document.markdown.len() < 1 << 20);
    assert_eq!(
        document.warnings,
        ["slide 1 has a chart of which not all points are kept"]
    );
}

#[test]
fn diagrams_become_nested_lists_even_when_their_points_run_in_circles() {
    let point = |id: &str, kind: &str, text: &str| {
        format!(
            "<dgm:pt modelId=\"{id}\" {kind}><dgm:t>{}</dgm:t></dgm:pt>",
            p("", text)
        )
    };
    let below = |from: &str, to: &str, order: u8| {
        format!("<dgm:cxn srcId=\"{from}\" destId=\"{to}\" srcOrd=\"{order}\"/>")
    };
    let data = format!(
        "<dgm:dataModel xmlns:dgm=\"d\" xmlns:a=\"a\"><dgm:ptLst>{}{}{}{}{}{}</dgm:ptLst><dgm:cxnLst>{}{}{}{}</dgm:cxnLst></dgm:dataModel>",
        point("0", "type=\"doc\"", "no"),
        point("3", "", "third"),
        point("1", "", "first"),
        point("2", "type=\"node\"", "second"),
        point("4", "type=\"pres\"", "no"),
        point("5", "", "alone"),
        below("0", "3", 1),
        below("0", "1", 0),
        below("1", "2", 0),
        below("2", "1", 0),
    );
    let shapes = frame(
        (1, 1),
        "<dgm:relIds xmlns:dgm=\"d\" r:dm=\"rId4\" r:lo=\"rId5\"/>",
    );
    let refers: &[Relation] = &[("rId4", "diagramData", "../diagrams/data1.xml")];
    let document = read(&[(&shapes, refers)], &[("ppt/diagrams/data1.xml", &data)]);
    assert_eq!(document.markdown, "- first\n    - second\n- third\n- alone");
}

#[test]
fn notes_of_the_speaker_stand_below_as_a_quotation() {
    let said = notes(
        &(shape(
            Some("body"),
            None,
            &(p("", "Say this.") + &p("", "Then that.")),
        ) + &shape(Some("sldNum"), None, &p("", "1"))),
    );
    let shapes = shape(Some("title"), None, &p("", "Title"));
    let refers: &[Relation] = &[("rId2", "notesSlide", "../notesSlides/notesSlide1.xml")];
    let document = read(
        &[(&shapes, refers)],
        &[("ppt/notesSlides/notesSlide1.xml", &said)],
    );
    assert_eq!(
        document.markdown,
        "## Title\n\n> **Notes**\n>\n> Say this.\n>\n> Then that."
    );
}

#[test]
fn of_alternatives_one_is_read() {
    let text = |text| shape(None, None, &p("", text));
    let choice = |first: &str, second: &str| {
        format!(
            "<mc:AlternateContent xmlns:mc=\"m\"><mc:Choice Requires=\"x\">{first}</mc:Choice>\
             <mc:Fallback>{second}</mc:Fallback></mc:AlternateContent>"
        )
    };
    assert_eq!(markdown(&choice(&text("new"), &text("old"))), "new");
    assert_eq!(markdown(&choice("<p:contentPart/>", &text("old"))), "old");
    let formula = choice(
        "<a:m><m:oMath xmlns:m=\"m\"><m:t>E=mc</m:t></m:oMath></a:m>",
        "<a:r><a:t>picture</a:t></a:r>",
    );
    assert_eq!(
        markdown(&shape(None, None, &format!("<a:p>{formula}</a:p>"))),
        "E=mc"
    );
}

#[test]
fn hidden_and_missing_slides_are_pages_with_a_warning() {
    let text = shape(None, None, &p("", "text"));
    let hidden = slide(&text).replacen("<p:sld ", "<p:sld show=\"0\" ", 1);
    let lines = [
        ("rId1", "slide", "slides/slide1.xml"),
        ("rId2", "slide", "slides/none.xml"),
        ("rId3", "slide", "../../../etc/passwd"),
    ];
    let order = relations(&lines);
    let document = read(
        &[("", &[]), ("", &[]), ("", &[])],
        &[
            ("ppt/slides/slide1.xml", &hidden),
            ("ppt/_rels/presentation.xml.rels", &order),
        ],
    );
    assert_eq!(document.pages.len(), 3);
    assert_eq!(document.page_text(1), Some("text"));
    assert_eq!(
        document.warnings,
        [
            "slide 1 is hidden when the slides are shown",
            "slide 2 is missing in the file",
            "slide 3 is missing in the file"
        ]
    );
}

#[test]
fn the_stated_title_goes_before_the_first_heading_unless_it_is_the_usual_one() {
    let shapes = shape(Some("title"), None, &p("", "Heading"));
    for (stated, expected) in [("Stated", "Stated"), ("PowerPoint Presentation", "Heading")] {
        let core = core_properties(stated);
        let document = read(&[(&shapes, &[])], &[("docProps/core.xml", &core)]);
        assert_eq!(document.title.as_deref(), Some(expected));
    }
}

#[test]
fn a_stop_is_heard_between_slides() {
    let shapes = shape(None, None, &p("", "text"));
    let slides: Vec<(&str, &[Relation])> = vec![(&shapes, &[]); 100];
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 20;
    let error = transcribe_until(&pptx(&slides, &[]), None, &stop).unwrap_err();
    assert_eq!(error.code(), "stopped");
}
