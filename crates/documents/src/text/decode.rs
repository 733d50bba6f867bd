//! Bytes to text in whatever encoding they are.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::TranscribeError;
use crate::error::Problem;
use crate::limits::HTML_CHARSET_WITHIN;

/// Text, and what had to be guessed to get it.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) warnings: Vec<String>,
}

/// Decodes by byte order mark, else by what is valid or named in the text, else by a guess.
/// Bytes that are no text are refused.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, TranscribeError> {
    let (encoding, guessed) = find_encoding(bytes);
    let (text, encoding, replaced) = encoding.decode(bytes);
    if !is_text(&text) {
        let cause = "the bytes are neither text nor a document format that is read";
        return Err(TranscribeError::new(Problem::Unsupported, cause));
    }
    let mut warnings = Vec::new();
    if guessed {
        warnings.push(format!(
            "the encoding is not stated; {} was guessed",
            encoding.name()
        ));
    }
    if replaced {
        warnings.push(format!(
            "some bytes are not valid {}; U+FFFD stands for them",
            encoding.name()
        ));
    }
    Ok(Decoded {
        text: text.into_owned(),
        warnings,
    })
}

/// The encoding, and whether it is a guess. (`decode` itself follows a byte order mark.)
fn find_encoding(bytes: &[u8]) -> (&'static Encoding, bool) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (encoding, false);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return (encoding, true);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (UTF_8, false);
    }
    if let Some(encoding) = named_in_html(bytes) {
        return (encoding, false);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    (detector.guess(None, Utf8Detection::Allow), true)
}

/// Western text in UTF-16 has a zero in every second byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4_096) & !1];
    if sample.len() < 8 {
        return None;
    }
    let zeros = |first: usize| {
        sample
            .iter()
            .skip(first)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    let many = half * 7 / 10;
    match (even > many, odd > many) {
        (true, false) if odd < half / 10 => Some(UTF_16BE),
        (false, true) if even < half / 10 => Some(UTF_16LE),
        _ => None,
    }
}

/// The encoding in `<meta charset="...">`, `content="...; charset=..."` or an XML declaration.
fn named_in_html(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HTML_CHARSET_WITHIN)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    ["charset=", "encoding="].iter().find_map(|key| {
        let at = head.find(key)? + key.len();
        let value = head[at..].trim_start_matches(['"', '\'', ' ']);
        let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)));
        Encoding::for_label(&value.as_bytes()[..end.unwrap_or(value.len())])
    })
}

/// Text has few control characters and replacements; a handful of zero bytes is forgiven.
fn is_text(text: &str) -> bool {
    let odd = |c: char| (c.is_control() && !"\n\r\t\u{c}".contains(c)) || c == '\u{fffd}';
    let (mut all, mut strange) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        strange += usize::from(odd(c));
    }
    strange * 20 <= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(bytes: &[u8]) -> String {
        decode(bytes).unwrap().text
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn byte_order_marks_decide_and_go() {
        assert_eq!(text_of(b"\xEF\xBB\xBFabc"), "abc");
        assert_eq!(text_of(&utf16("\u{feff}aé", u16::to_le_bytes)), "aé");
        assert_eq!(text_of(&utf16("\u{feff}aé", u16::to_be_bytes)), "aé");
    }

    #[test]
    fn utf16_without_a_mark_is_found_and_said() {
        let decoded = decode(&utf16("Grüße aus Köln", u16::to_le_bytes)).unwrap();
        assert_eq!(decoded.text, "Grüße aus Köln");
        assert!(decoded.warnings[0].contains("UTF-16LE was guessed"));
        assert_eq!(
            text_of(&utf16("Grüße aus Köln", u16::to_be_bytes)),
            "Grüße aus Köln"
        );
    }

    #[test]
    fn latin1_is_guessed_and_said() {
        let decoded = decode(b"Caf\xe9 cr\xe8me, d\xe9j\xe0 vu, \xe0 bient\xf4t").unwrap();
        assert_eq!(decoded.text, "Café crème, déjà vu, à bientôt");
        assert!(decoded.warnings[0].contains("windows-1252 was guessed"));
    }

    #[test]
    fn html_names_its_encoding() {
        let bytes = b"<meta charset=\"iso-8859-2\"><p>\xb1\xe6\xea</p>";
        assert!(text_of(bytes).contains("ąćę"));
        assert!(decode(bytes).unwrap().warnings.is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let bytes: Vec<u8> = (0..2_000_u32).map(|n| (n * 7 % 32) as u8).collect();
        assert_eq!(decode(&bytes).unwrap_err().code(), "unsupported_format");
    }
}
