//! What the bytes are. The name of a file is asked only where two text formats look the same.

use crate::error::Problem;
use crate::limits::PDF_HEADER_WITHIN;
use crate::package::{self, Opened};
use crate::text::{Decoded, decode};
use crate::{Format, TranscribeError, xls};

/// A format, with what looking for it has already brought to light.
pub(crate) enum Kind<'a> {
    Pdf,
    Picture(Format),
    Package(Opened<'a>),
    Xls(xls::Workbook),
    Html(Decoded),
    Markdown(Decoded),
    Text(Decoded),
}

/// First bytes of pictures.
const PICTURES: &[(&[u8], Format)] = &[
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
];

/// First bytes of formats that are not read, with a name that a person knows.
const NOT_READ: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a sound, film or picture file (RIFF)"),
    (b"{\\rtf", "an RTF file"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
];

pub(crate) fn detect<'a>(bytes: &'a [u8], name: Option<&str>) -> Result<Kind<'a>, TranscribeError> {
    let head = &bytes[..bytes.len().min(PDF_HEADER_WITHIN)];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return package::open(bytes).map(Kind::Package);
    }
    if head.starts_with(xls::MAGIC) {
        return xls::open(bytes).map(Kind::Xls);
    }
    if let Some((_, format)) = PICTURES.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Ok(Kind::Picture(*format));
    }
    if let Some((_, what)) = NOT_READ.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(unsupported(what));
    }
    if is_pdf(bytes) {
        return Ok(Kind::Pdf);
    }
    let decoded = decode(bytes)?;
    Ok(match text_format(&decoded.text, name) {
        Format::Html => Kind::Html(decoded),
        Format::Markdown => Kind::Markdown(decoded),
        _ => Kind::Text(decoded),
    })
}

/// A PDF begins with its header, or has it a little later and its trailer at the end; a text that
/// only speaks of PDF has neither.
fn is_pdf(bytes: &[u8]) -> bool {
    let holds = |part: &[u8], wanted: &[u8]| part.windows(wanted.len()).any(|w| w == wanted);
    let head = &bytes[..bytes.len().min(PDF_HEADER_WITHIN)];
    let tail = &bytes[bytes.len().saturating_sub(PDF_HEADER_WITHIN)..];
    bytes.trim_ascii_start().starts_with(b"%PDF-")
        || (holds(head, b"%PDF-") && holds(tail, b"startxref"))
}

/// The refusal of a format that is known but not read.
pub(crate) fn unsupported(what: &str) -> TranscribeError {
    TranscribeError::new(Problem::Unsupported, format!("the file is {what}"))
}

/// Certain HTML is HTML whatever its name; the name decides next, then a look at the lines.
fn text_format(text: &str, name: Option<&str>) -> Format {
    if starts_as_html(text) {
        return Format::Html;
    }
    let ending = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, end)| end.to_lowercase());
    match ending.as_deref() {
        Some("html" | "htm" | "xhtml") if has_tags(text) => Format::Html,
        Some("md" | "markdown" | "mdown" | "mkd") => Format::Markdown,
        Some("txt" | "text" | "log") => Format::Text,
        _ if looks_like_markdown(text) => Format::Markdown,
        _ => Format::Text,
    }
}

/// Whether the first thing that is neither space, comment nor declaration is a tag of a page.
fn starts_as_html(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<!--") => rest.find("-->").map(|at| at + 3),
            _ if rest.starts_with("<?xml") => rest.find("?>").map(|at| at + 2),
            _ => break,
        };
        let Some(end) = end else { return false };
        rest = rest[end..].trim_start();
    }
    let start: String = rest
        .chars()
        .take(14)
        .collect::<String>()
        .to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| start.starts_with(tag))
}

fn has_tags(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && rest.contains('>')
    })
}

/// Two kinds of Markdown lines, or one heading after an empty line or at the start.
fn looks_like_markdown(text: &str) -> bool {
    let mut fences = 0;
    let mut above_is_empty = true;
    for line in text.lines() {
        let level = line.bytes().take_while(|b| *b == b'#').count();
        if above_is_empty && (1..=6).contains(&level) && line[level..].starts_with(' ') {
            return true;
        }
        fences += usize::from(line.starts_with("```"));
        above_is_empty = line.trim().is_empty();
    }
    fences >= 2 || text.contains("](http")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_html_is_html_under_any_name() {
        for text in [
            "<!DOCTYPE HTML>\n<p>x",
            "<?xml version='1.0'?>\n<!-- c -->\n<html>",
        ] {
            assert_eq!(text_format(text, Some("page.txt")), Format::Html);
        }
    }

    #[test]
    fn the_name_decides_between_text_formats_that_look_the_same() {
        assert_eq!(
            text_format("plain <b>words</b>", Some("a.html")),
            Format::Html
        );
        assert_eq!(text_format("plain words", Some("a.html")), Format::Text);
        assert_eq!(text_format("plain words", Some("a.md")), Format::Markdown);
        assert_eq!(text_format("# heading\n", Some("a.txt")), Format::Text);
    }

    #[test]
    fn without_a_name_the_lines_decide() {
        assert_eq!(text_format("# heading\n\ntext", None), Format::Markdown);
        assert_eq!(
            text_format("text\n#!/bin/sh\n# comment in a script\n", None),
            Format::Text
        );
        assert_eq!(text_format("x\n```\ncode\n```\n", None), Format::Markdown);
    }

    #[test]
    fn known_formats_that_are_not_read_are_named() {
        let error = detect(b"GIF89a and so on", Some("a.txt")).err().unwrap();
        assert!(error.to_string().contains("a GIF image"), "{error}");
    }
}
