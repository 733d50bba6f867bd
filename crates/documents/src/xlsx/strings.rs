//! Strings: those that cells share, and those that stand in a cell.

use std::borrow::Cow;

use crate::TranscribeError;
use crate::package::xml::{self, Xml};
use crate::sheet::Strings;
use crate::watch::Watch;

/// Reads the part that holds what cells share.
pub(super) fn read(text: &str, watch: &Watch) -> Result<Strings, TranscribeError> {
    let mut strings = Strings::default();
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| {
            watch.check()?;
            match xml::name(element) {
                "si" => strings.push(&read_rich(xml)?),
                _ => xml.skip()?,
            }
            Ok(())
        })
    })?;
    Ok(strings)
}

/// The text of a string, whose pieces may be set differently, without how it is pronounced.
pub(super) fn read_rich(xml: &mut Xml) -> Result<String, TranscribeError> {
    let mut text = String::new();
    xml.children(|xml, element| {
        match xml::name(element) {
            "t" => text.push_str(&xml.text()?),
            "r" => text.push_str(&read_rich(xml)?),
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(unescape(&text).into_owned())
}

/// Resolves `_x000D_` and the like, which stand for characters that XML cannot hold.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        units.extend(rest[..at].encode_utf16());
        rest = &rest[at..];
        let code = rest.get(2..6).filter(|_| rest[6..].starts_with('_'));
        match code.and_then(|code| u16::from_str_radix(code, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                rest = &rest[7..];
            }
            None => {
                units.extend("_x".encode_utf16());
                rest = &rest[2..];
            }
        }
    }
    units.extend(rest.encode_utf16());
    Cow::Owned(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_what_only_looks_like_one_stays() {
        for (text, expected) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDE00_", "😀"),
            ("my_xylophone_x12", "my_xylophone_x12"),
            ("_xzzzz_é", "_xzzzz_é"),
            ("_x00é", "_x00é"),
        ] {
            assert_eq!(unescape(text), expected);
        }
    }
}
