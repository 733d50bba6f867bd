//! The frame of a PPTX, and the shapes in it.

use super::package::{relations, zip};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const NAMESPACES: &str = concat!(
    "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" ",
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" ",
    "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\""
);

/// (id, kind, target) of what a slide refers to.
pub(crate) type Relation<'a> = (&'a str, &'a str, &'a str);

/// A PPTX of slides, each with its shapes and relations, and further parts.
pub(crate) fn pptx(slides: &[(&str, &[Relation])], parts: &[(&str, &str)]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut listed = String::new();
    let mut lines = Vec::new();
    for (number, (shapes, refers)) in (1..).zip(slides) {
        let (id, target) = (format!("rId{number}"), format!("slides/slide{number}.xml"));
        listed.push_str(&format!("<p:sldId id=\"{}\" r:id=\"{id}\"/>", 255 + number));
        texts.push((format!("ppt/{target}"), slide(shapes)));
        let part = format!("ppt/slides/_rels/slide{number}.xml.rels");
        texts.push((part, relations(refers)));
        lines.push((id, target));
    }
    let lines: Vec<Relation> = lines
        .iter()
        .map(|(id, to)| (&**id, "slide", &**to))
        .collect();
    let deck = part(
        "presentation",
        &format!("<p:sldIdLst>{listed}</p:sldIdLst>"),
    );
    let mut all = vec![
        (
            "_rels/.rels".to_owned(),
            relations(&[("rId1", "officeDocument", "ppt/presentation.xml")]),
        ),
        ("ppt/presentation.xml".to_owned(), deck),
        (
            "ppt/_rels/presentation.xml.rels".to_owned(),
            relations(&lines),
        ),
    ];
    // Parts of the same name take the place of those that are made here.
    all.extend(texts);
    all.retain(|(name, _)| parts.iter().all(|(other, _)| other != name));
    let mut entries: Vec<(&str, &[u8])> = Vec::new();
    entries.extend(
        all.iter()
            .map(|(name, text)| (name.as_str(), text.as_bytes())),
    );
    entries.extend(parts.iter().map(|(name, text)| (*name, text.as_bytes())));
    zip(&entries)
}

/// A part with this outermost element.
pub(crate) fn part(root: &str, content: &str) -> String {
    format!("{DECLARATION}<p:{root} {NAMESPACES}>{content}</p:{root}>")
}

/// The part of a slide.
pub(crate) fn slide(shapes: &str) -> String {
    part("sld", &tree(shapes))
}

/// The part of a speaker's notes.
pub(crate) fn notes(shapes: &str) -> String {
    part("notes", &tree(shapes))
}

fn tree(shapes: &str) -> String {
    format!("<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>")
}

/// A shape that fills a placeholder, or stands at a place in inches, or both.
pub(crate) fn shape(holder: Option<&str>, place: Option<(i64, i64)>, paragraphs: &str) -> String {
    let holder = holder.map(|kind| match kind {
        "" => "<p:ph idx=\"1\"/>".to_owned(),
        kind => format!("<p:ph type=\"{kind}\"/>"),
    });
    let holder = holder.unwrap_or_default();
    let place = place.map_or(String::new(), |place| offset("a", place));
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"n\"/><p:cNvSpPr/><p:nvPr>{holder}</p:nvPr></p:nvSpPr>\
         <p:spPr>{place}</p:spPr><p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )
}

/// A frame with this graphic, at a place in inches.
pub(crate) fn frame(place: (i64, i64), graphic: &str) -> String {
    let place = offset("p", place);
    format!(
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id=\"3\" name=\"f\"/><p:nvPr/></p:nvGraphicFramePr>\
         {place}<a:graphic><a:graphicData>{graphic}</a:graphicData></a:graphic></p:graphicFrame>"
    )
}

/// A group of shapes at a place in inches.
pub(crate) fn group(place: (i64, i64), shapes: &str) -> String {
    let place = offset("a", place);
    format!("<p:grpSp><p:nvGrpSpPr/><p:grpSpPr>{place}</p:grpSpPr>{shapes}</p:grpSp>")
}

fn offset(prefix: &str, (left, top): (i64, i64)) -> String {
    let (x, y) = (left * 914_400, top * 914_400);
    format!("<{prefix}:xfrm><a:off x=\"{x}\" y=\"{y}\"/></{prefix}:xfrm>")
}

/// A paragraph of one run.
pub(crate) fn p(properties: &str, text: &str) -> String {
    format!("<a:p>{properties}<a:r><a:rPr lang=\"en-GB\"/><a:t>{text}</a:t></a:r></a:p>")
}
