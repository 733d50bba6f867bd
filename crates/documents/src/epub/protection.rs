//! Whether a book is protected against copying, so that its chapters cannot be read.

use crate::TranscribeError;
use crate::error::Problem;
use crate::package::Archive;
use crate::package::xml::{self, Xml};

/// Ways to make fonts useless outside of their book; the text is not touched by them.
const OF_FONTS: &[&str] = &[
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
];

/// An error when something other than fonts is encrypted.
pub(super) fn check(archive: &mut Archive) -> Result<(), TranscribeError> {
    let text = archive.xml("META-INF/encryption.xml")?.unwrap_or_default();
    Xml::new(&text).root(|xml, _| {
        xml.children(|xml, element| match xml::name(element) {
            "EncryptedData" => xml.children(|xml, inner| {
                let method = xml::attribute(inner, "Algorithm").unwrap_or_default();
                let is_method = xml::name(inner) == "EncryptionMethod";
                if is_method && !OF_FONTS.contains(&method.as_str()) {
                    let cause = "the EPUB is protected against copying";
                    return Err(TranscribeError::new(Problem::Encrypted, cause));
                }
                xml.skip()
            }),
            _ => xml.skip(),
        })
    })
}
