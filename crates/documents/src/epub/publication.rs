//! The description of a book: what it says about itself, its files, and their order.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use crate::TranscribeError;
use crate::assemble::{Assembly, too_many_pages};
use crate::limits::PAGES_MAX;
use crate::package::xml::{self, Xml};

type Done = Result<(), TranscribeError>;

/// Names of metadata, and under which of ours they are kept.
const KEPT: &[(&str, &str)] = &[
    ("creator", "author"),
    ("contributor", "contributor"),
    ("publisher", "publisher"),
    ("date", "published"),
    ("subject", "subject"),
    ("description", "description"),
    ("rights", "rights"),
    ("identifier", "identifier"),
    ("dcterms:modified", "modified"),
    ("generator", "program"),
];

#[derive(Debug, Default)]
pub(super) struct Publication {
    titles: Vec<String>,
    languages: Vec<String>,
    metadata: Vec<(&'static str, String)>,
    files: HashMap<String, File>,
    order: Vec<Reference>,
}

/// A file of the book.
#[derive(Debug)]
struct File {
    path: String,
    is_text: bool,
    is_navigation: bool,
}

/// A place in the order of reading.
#[derive(Debug)]
struct Reference {
    id: String,
    /// Whether a reader who turns page after page comes by.
    linear: bool,
}

/// What is read as one page.
#[derive(Debug, Default)]
pub(super) struct Chapter {
    /// As seen from the description.
    pub(super) path: String,
    pub(super) is_text: bool,
    pub(super) is_navigation: bool,
}

impl Publication {
    pub(super) fn read(text: &str) -> Result<Self, TranscribeError> {
        let mut publication = Self::default();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| match xml::name(element) {
                "metadata" => publication.read_metadata(xml),
                "manifest" => xml.children(|xml, item| {
                    publication.add_file(item);
                    xml.skip()
                }),
                "spine" => xml.children(|xml, item| {
                    publication.add_reference(item)?;
                    xml.skip()
                }),
                _ => xml.skip(),
            })
        })?;
        Ok(publication)
    }

    fn read_metadata(&mut self, xml: &mut Xml) -> Done {
        xml.children(|xml, element| {
            let name = xml::name(element).to_ascii_lowercase();
            // Newer books name a property, older ones have a name and a content.
            let named = xml::attribute(element, "property").or(xml::attribute(element, "name"));
            let content = xml::attribute(element, "content");
            match name.as_str() {
                "dc-metadata" | "x-metadata" => return self.read_metadata(xml),
                "title" => self.titles.push(xml.text()?),
                "language" => self.languages.push(xml.text()?),
                "meta" => {
                    let text = xml.text()?;
                    self.keep(&named.unwrap_or_default(), content.unwrap_or(text));
                }
                _ => {
                    let text = xml.text()?;
                    self.keep(&name, text);
                }
            }
            Ok(())
        })
    }

    fn keep(&mut self, name: &str, text: String) {
        if let Some((_, key)) = KEPT.iter().find(|(stated, _)| *stated == name) {
            self.metadata.push((key, text));
        }
    }

    fn add_file(&mut self, item: &BytesStart) {
        let get = |name| xml::attribute(item, name).unwrap_or_default();
        let (kind, properties, href) = (get("media-type"), get("properties"), get("href"));
        let path = href.split('#').next().unwrap_or_default();
        let file = File {
            path: percent_decoded(path),
            is_text: matches!(
                &*kind,
                "application/xhtml+xml" | "text/html" | "text/x-oeb1-document"
            ),
            is_navigation: properties
                .split_whitespace()
                .any(|property| property == "nav"),
        };
        self.files.insert(get("id"), file);
    }

    fn add_reference(&mut self, item: &BytesStart) -> Done {
        if self.order.len() >= PAGES_MAX {
            return Err(too_many_pages(self.order.len() + 1));
        }
        self.order
            .extend(xml::attribute(item, "idref").map(|id| Reference {
                id,
                linear: xml::attribute(item, "linear").is_none_or(|linear| linear != "no"),
            }));
        Ok(())
    }

    /// Tells the document what the book says about itself.
    pub(super) fn state(&self, assembly: &mut Assembly) {
        if let Some(title) = self.titles.first() {
            assembly.title(title);
        }
        if let Some(language) = self.languages.first() {
            assembly.language(language);
        }
        for (key, text) in &self.metadata {
            assembly.meta(key, text);
        }
    }

    /// The chapters in order. A table of contents beside the order is for programs, not for reading;
    /// one that is part of it is.
    pub(super) fn chapters(&self) -> impl Iterator<Item = Chapter> {
        self.order.iter().filter_map(|reference| {
            let Some(file) = self.files.get(&reference.id) else {
                return Some(Chapter::default());
            };
            let beside = file.is_navigation && !reference.linear;
            (!beside).then(|| Chapter {
                path: file.path.clone(),
                is_text: file.is_text,
                is_navigation: file.is_navigation,
            })
        })
    }
}

/// Resolves `%20` and the like; what is no such escape stays.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_paths_are_resolved() {
        assert_eq!(percent_decoded("a%20b%C3%A9.xhtml"), "a bé.xhtml");
        assert_eq!(percent_decoded("100%é%2"), "100%é%2");
    }
}
