//! PDF files: pages of lines in the fonts that every reader has, and pages that are a picture.

use std::fmt::Write;

/// Width and height of A4 in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);

/// One of the standard fonts.
#[derive(Clone, Copy)]
pub(crate) enum Font {
    Plain,
    Bold,
}

/// A page as it is drawn; the origin is its lower left corner.
#[derive(Default)]
pub(crate) struct Page {
    content: String,
    picture: Option<Picture>,
}

/// A picture in shades of grey, as a scanner makes it.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Page {
    /// Shows one line of Latin text with its baseline at `y`.
    pub(crate) fn text(&mut self, font: Font, size: f32, x: f32, y: f32, text: &str) {
        let font = match font {
            Font::Plain => "F1",
            Font::Bold => "F2",
        };
        let text = literal(text);
        self.line(format_args!(
            "BT /{font} {size:.1} Tf {x:.1} {y:.1} Td {text} Tj ET"
        ));
    }

    /// Fills the page with a picture.
    pub(crate) fn picture(&mut self, picture: Picture) {
        let (width, height) = PAGE;
        self.line(format_args!("q {width} 0 0 {height} 0 0 cm /Im1 Do Q"));
        self.picture = Some(picture);
    }

    /// Draws a thin line.
    pub(crate) fn rule(&mut self, from: (f32, f32), to: (f32, f32)) {
        let ((x0, y0), (x1, y1)) = (from, to);
        self.line(format_args!("0.5 w {x0:.1} {y0:.1} m {x1:.1} {y1:.1} l S"));
    }

    fn line(&mut self, operators: std::fmt::Arguments) {
        writeln!(self.content, "{operators}").expect("a text grows");
    }
}

/// A file of these pages.
pub(crate) fn write(title: &str, pages: &[Page]) -> Vec<u8> {
    finish(&objects(title, pages), "")
}

/// The same file with an encryption that no empty password opens.
pub(crate) fn write_encrypted(title: &str, pages: &[Page]) -> Vec<u8> {
    let mut objects = objects(title, pages);
    let key = "00".repeat(32);
    objects.push(format!(
        "<< /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O <{key}> /U <{key}> >>"
    ));
    let entry = format!(
        "/Encrypt {} 0 R /ID [<{1}> <{1}>]",
        objects.len(),
        "ab".repeat(16)
    );
    finish(&objects, &entry)
}

/// The same with an outline: titles, the depth of each from 0, and the page that it leads to.
pub(crate) fn write_with_outline(
    title: &str,
    pages: &[Page],
    outline: &[(&str, usize, usize)],
) -> Vec<u8> {
    let mut objects = objects(title, pages);
    let root = objects.len() + 1;
    objects[0] = format!("<< /Type /Catalog /Pages 2 0 R /Outlines {root} 0 R >>");
    let number = |index: usize| root + 1 + index;
    let of_parent = |parent: Option<usize>| -> Vec<usize> {
        let first = parent.map_or(0, |parent| parent + 1);
        let depth = parent.map_or(0, |parent| outline[parent].1 + 1);
        let inside = (first..outline.len()).take_while(|index| outline[*index].1 >= depth);
        inside.filter(|index| outline[*index].1 == depth).collect()
    };
    let ends = |children: &[usize]| match (children.first(), children.last()) {
        (Some(first), Some(last)) => {
            format!("/First {} 0 R /Last {} 0 R", number(*first), number(*last))
        }
        _ => String::new(),
    };
    objects.push(format!("<< /Type /Outlines {} >>", ends(&of_parent(None))));
    for (index, (title, depth, page)) in outline.iter().enumerate() {
        let parent = (0..index).rev().find(|other| outline[*other].1 < *depth);
        let siblings = of_parent(parent);
        let place = siblings.iter().position(|other| *other == index);
        let next = place.and_then(|place| siblings.get(place + 1));
        let next = next.map_or(String::new(), |next| format!("/Next {} 0 R", number(*next)));
        let parent = parent.map_or(root, number);
        let page = FIRST_PAGE + page * 2;
        objects.push(format!(
            "<< /Title {} /Parent {parent} 0 R {next} {} /Dest [{page} 0 R /Fit] >>",
            literal(title),
            ends(&of_parent(Some(index)))
        ));
    }
    finish(&objects, "")
}

/// The number of the first page's object.
const FIRST_PAGE: usize = 6;

/// Objects in the order of their numbers, from 1: catalog, pages, two fonts, information, and for
/// each page the page and its content.
fn objects(title: &str, pages: &[Page]) -> Vec<String> {
    let first = FIRST_PAGE;
    let kids: Vec<_> = (0..pages.len())
        .map(|page| format!("{} 0 R", first + page * 2))
        .collect();
    let font = |name: &str| {
        format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
    };
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!(
            "<< /Type /Pages /Count {} /Kids [{}] >>",
            kids.len(),
            kids.join(" ")
        ),
        font("Helvetica"),
        font("Helvetica-Bold"),
        format!("<< /Title {} >>", literal(title)),
    ];
    let mut pictures = Vec::new();
    for (index, page) in pages.iter().enumerate() {
        let (width, height) = PAGE;
        let content = first + index * 2 + 1;
        let picture = page.picture.as_ref().map_or(String::new(), |picture| {
            pictures.push(picture);
            let number = first + pages.len() * 2 + pictures.len() - 1;
            format!(" /XObject << /Im1 {number} 0 R >>")
        });
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {content} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >>{picture} >> >>"
        ));
        let (length, content) = (page.content.len(), &page.content);
        objects.push(format!(
            "<< /Length {length} >>\nstream\n{content}endstream"
        ));
    }
    objects.extend(pictures.into_iter().map(picture_object));
    objects
}

/// The pixels in hexadecimal, so that the file stays text.
fn picture_object(picture: &Picture) -> String {
    let Picture { width, height, .. } = picture;
    let mut data = String::with_capacity(picture.pixels.len() * 2 + 1);
    for pixel in &picture.pixels {
        write!(data, "{pixel:02x}").expect("a text grows");
    }
    data.push('>');
    format!(
        "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /ASCIIHexDecode /Length {} >>\nstream\n{data}\nendstream",
        data.len()
    )
}

fn finish(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(out.len());
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (table, count) = (out.len(), objects.len() + 1);
    out.push_str(&format!("xref\n0 {count}\n0000000000 65535 f \n"));
    offsets
        .iter()
        .for_each(|offset| out.push_str(&format!("{offset:010} 00000 n \n")));
    out.push_str(&format!(
        "trailer\n<< /Size {count} /Root 1 0 R /Info 5 0 R {trailer} >>\n"
    ));
    out.push_str(&format!("startxref\n{table}\n%%EOF\n"));
    out.into_bytes()
}

/// A string object. Only ASCII is written as it is; the rest as octal numbers of Latin-1.
fn literal(text: &str) -> String {
    let mut out = String::from("(");
    for c in text.chars() {
        match c {
            '(' | ')' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            '\u{a0}'..='\u{ff}' => out.push_str(&format!("\\{:03o}", u32::from(c))),
            _ => out.push('?'),
        }
    }
    out.push(')');
    out
}
