//! A guide as PPTX: a slide for each part, on one layout.

use super::parts;
use super::source::{Block, plain, spans};
use super::support::package::{core_properties, escape, relations, types};
use super::support::slides::{Relation, part, pptx};

/// Widths and heights in the unit of the format, 914,400 to the inch.
const SLIDE: (i64, i64) = (12_192_000, 6_858_000);
const MARGIN: i64 = 685_800;
const BODY_TOP: i64 = 1_600_200;
const ROW: i64 = 370_840;

/// Writes the slides with what programs need to show them: a master, a layout and a theme.
pub(crate) fn write(blocks: &[Block]) -> Vec<u8> {
    let parts = parts(blocks);
    let shapes: Vec<String> = parts.iter().map(|part| slide(part)).collect();
    let layout: [Relation; 1] = [("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml")];
    let slides: Vec<(&str, &[Relation])> = shapes
        .iter()
        .map(|shapes| (&**shapes, &layout[..]))
        .collect();
    let title = match blocks.first() {
        Some(Block::Heading { text, .. }) => plain(text),
        _ => String::new(),
    };
    let parts: [(&str, String); 9] = [
        ("[Content_Types].xml", listed(slides.len())),
        ("docProps/core.xml", core_properties(&title)),
        ("ppt/presentation.xml", presentation(slides.len())),
        (
            "ppt/_rels/presentation.xml.rels",
            deck_relations(slides.len()),
        ),
        ("ppt/slideMasters/slideMaster1.xml", master()),
        (
            "ppt/slideMasters/_rels/slideMaster1.xml.rels",
            relations(&[
                ("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml"),
                ("rId2", "theme", "../theme/theme1.xml"),
            ]),
        ),
        (
            "ppt/slideLayouts/slideLayout1.xml",
            part(
                "sldLayout",
                &format!("<p:cSld><p:spTree>{EMPTY_TREE}</p:spTree></p:cSld>"),
            ),
        ),
        (
            "ppt/slideLayouts/_rels/slideLayout1.xml.rels",
            relations(&[("rId1", "slideMaster", "../slideMasters/slideMaster1.xml")]),
        ),
        ("ppt/theme/theme1.xml", theme()),
    ];
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (*name, &**text)).collect();
    pptx(&slides, &parts)
}

/// What each tree of shapes begins with.
const EMPTY_TREE: &str =
    "<p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>";

fn slide(blocks: &[Block]) -> String {
    let mut shapes = EMPTY_TREE.to_owned();
    let mut text = String::new();
    let mut top = BODY_TOP;
    for block in blocks {
        match block {
            Block::Heading { level, text } => {
                let kind = if *level == 1 { "ctrTitle" } else { "title" };
                shapes.push_str(&shape(kind, MARGIN, &paragraph("", text, 3_600)));
            }
            Block::Paragraph(one) => text.push_str(&paragraph("<a:buNone/>", one, 2_000)),
            Block::Bullets(items) => {
                let bullet = "<a:buChar char=\"\u{2022}\"/>";
                text.extend(items.iter().map(|item| paragraph(bullet, item, 2_000)));
            }
            Block::Numbers(items) => {
                let number = "<a:buAutoNum type=\"arabicPeriod\"/>";
                text.extend(items.iter().map(|item| paragraph(number, item, 2_000)));
            }
            Block::Table(rows) => {
                shapes.push_str(&table(rows, top));
                top += ROW * rows.len() as i64;
            }
        }
    }
    if !text.is_empty() {
        shapes.push_str(&shape("body", top, &text));
    }
    shapes
}

fn shape(kind: &str, top: i64, paragraphs: &str) -> String {
    let (width, height) = (SLIDE.0 - 2 * MARGIN, SLIDE.1 - top - MARGIN);
    let height = if kind == "body" {
        height
    } else {
        BODY_TOP - MARGIN
    };
    let id = if kind == "body" { 3 } else { 2 };
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"{id}\" name=\"{kind}\"/><p:cNvSpPr/><p:nvPr><p:ph type=\"{kind}\"/></p:nvPr></p:nvSpPr>\
         <p:spPr><a:xfrm><a:off x=\"{MARGIN}\" y=\"{top}\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
         <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></p:spPr>\
         <p:txBody><a:bodyPr wrap=\"square\"/><a:lstStyle/>{paragraphs}</p:txBody></p:sp>"
    )
}

fn paragraph(mark: &str, text: &str, size: u32) -> String {
    let indent = if mark.is_empty() || mark.contains("None") {
        ""
    } else {
        " marL=\"342900\" indent=\"-342900\""
    };
    let runs = spans(text).into_iter().map(|span| {
        let (bold, text) = (u8::from(span.bold), escape(&span.text));
        format!("<a:r><a:rPr lang=\"en-GB\" sz=\"{size}\" b=\"{bold}\"/><a:t>{text}</a:t></a:r>")
    });
    format!(
        "<a:p><a:pPr{indent}>{mark}</a:pPr>{}</a:p>",
        runs.collect::<String>()
    )
}

fn table(rows: &[Vec<String>], top: i64) -> String {
    let columns = rows.first().map_or(1, Vec::len) as i64;
    let width = (SLIDE.0 - 2 * MARGIN) / columns;
    let cell = |text: &String| {
        let text = paragraph("", text, 1_600);
        format!("<a:tc><a:txBody><a:bodyPr/><a:lstStyle/>{text}</a:txBody><a:tcPr/></a:tc>")
    };
    let row = |row: &Vec<String>| {
        format!(
            "<a:tr h=\"{ROW}\">{}</a:tr>",
            row.iter().map(cell).collect::<String>()
        )
    };
    let grid = format!("<a:gridCol w=\"{width}\"/>").repeat(columns as usize);
    let (all, height) = (width * columns, ROW * rows.len() as i64);
    format!(
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id=\"4\" name=\"table\"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>\
         <p:xfrm><a:off x=\"{MARGIN}\" y=\"{top}\"/><a:ext cx=\"{all}\" cy=\"{height}\"/></p:xfrm>\
         <a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/table\">\
         <a:tbl><a:tblPr firstRow=\"1\"/><a:tblGrid>{grid}</a:tblGrid>{}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>",
        rows.iter().map(row).collect::<String>()
    )
}

fn presentation(slides: usize) -> String {
    let ids = (1..=slides)
        .map(|number| format!("<p:sldId id=\"{}\" r:id=\"rId{number}\"/>", 255 + number));
    part(
        "presentation",
        &format!(
            "<p:sldMasterIdLst><p:sldMasterId id=\"2147483648\" r:id=\"rIdM\"/></p:sldMasterIdLst>\
             <p:sldIdLst>{}</p:sldIdLst><p:sldSz cx=\"{}\" cy=\"{}\"/><p:notesSz cx=\"{}\" cy=\"{}\"/>",
            ids.collect::<String>(),
            SLIDE.0,
            SLIDE.1,
            SLIDE.1,
            SLIDE.0
        ),
    )
}

fn deck_relations(slides: usize) -> String {
    let slides: Vec<(String, String)> = (1..=slides)
        .map(|number| (format!("rId{number}"), format!("slides/slide{number}.xml")))
        .collect();
    let mut lines: Vec<Relation> = slides
        .iter()
        .map(|(id, to)| (&**id, "slide", &**to))
        .collect();
    lines.push(("rIdM", "slideMaster", "slideMasters/slideMaster1.xml"));
    lines.push(("rIdT", "theme", "theme/theme1.xml"));
    relations(&lines)
}

fn master() -> String {
    let colours = "bg1=\"lt1\" tx1=\"dk1\" bg2=\"lt2\" tx2=\"dk2\" accent1=\"accent1\" accent2=\"accent2\" accent3=\"accent3\" \
         accent4=\"accent4\" accent5=\"accent5\" accent6=\"accent6\" hlink=\"hlink\" folHlink=\"folHlink\"";
    part(
        "sldMaster",
        &format!(
            "<p:cSld><p:spTree>{EMPTY_TREE}</p:spTree></p:cSld><p:clrMap {colours}/>\
             <p:sldLayoutIdLst><p:sldLayoutId id=\"2147483649\" r:id=\"rId1\"/></p:sldLayoutIdLst>"
        ),
    )
}

fn theme() -> String {
    let colours = [
        ("dk1", "202124"),
        ("lt1", "FFFFFF"),
        ("dk2", "1F3A5F"),
        ("lt2", "EEF2F6"),
        ("accent1", "2F6DB5"),
        ("accent2", "2E8B57"),
        ("accent3", "B5651D"),
        ("accent4", "7A4FA3"),
        ("accent5", "3A8C8C"),
        ("accent6", "B03A48"),
        ("hlink", "2F6DB5"),
        ("folHlink", "7A4FA3"),
    ];
    let colours = colours
        .iter()
        .map(|(name, value)| format!("<a:{name}><a:srgbClr val=\"{value}\"/></a:{name}>"));
    let font = "<a:latin typeface=\"Arial\"/><a:ea typeface=\"\"/><a:cs typeface=\"\"/>";
    let fill = "<a:solidFill><a:schemeClr val=\"phClr\"/></a:solidFill>";
    let line = format!("<a:ln>{fill}</a:ln>").repeat(3);
    let effect = "<a:effectStyle><a:effectLst/></a:effectStyle>".repeat(3);
    let fills = fill.repeat(3);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <a:theme xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" name=\"Guide\"><a:themeElements>\
         <a:clrScheme name=\"Guide\">{}</a:clrScheme>\
         <a:fontScheme name=\"Guide\"><a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>\
         <a:fmtScheme name=\"Guide\"><a:fillStyleLst>{fills}</a:fillStyleLst><a:lnStyleLst>{line}</a:lnStyleLst>\
         <a:effectStyleLst>{effect}</a:effectStyleLst><a:bgFillStyleLst>{fills}</a:bgFillStyleLst></a:fmtScheme>\
         </a:themeElements></a:theme>",
        colours.collect::<String>()
    )
}

fn listed(slides: usize) -> String {
    let kind = |name: &str| format!("application/vnd.openxmlformats-officedocument.{name}+xml");
    let mut parts = vec![
        (
            "ppt/presentation.xml".to_owned(),
            kind("presentationml.presentation.main"),
        ),
        (
            "ppt/slideMasters/slideMaster1.xml".to_owned(),
            kind("presentationml.slideMaster"),
        ),
        (
            "ppt/slideLayouts/slideLayout1.xml".to_owned(),
            kind("presentationml.slideLayout"),
        ),
        ("ppt/theme/theme1.xml".to_owned(), kind("theme")),
        (
            "docProps/core.xml".to_owned(),
            "application/vnd.openxmlformats-package.core-properties+xml".to_owned(),
        ),
    ];
    for number in 1..=slides {
        parts.push((
            format!("ppt/slides/slide{number}.xml"),
            kind("presentationml.slide"),
        ));
    }
    types(&parts)
}
