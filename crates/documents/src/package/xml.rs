//! A pull reader for XML that comes from strangers: bounded depth, no declarations of their own, and
//! no entities but the five of XML itself.

use std::fmt::Display;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::QName;
use quick_xml::reader::Reader;

use crate::TranscribeError;
use crate::error::Problem;
use crate::limits::MARKUP_DEPTH_MAX;

type Done = Result<(), TranscribeError>;

/// Reads one part from front to back.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// What stands next, comments and declarations aside.
enum Token<'a> {
    Open(BytesStart<'a>),
    Text(String),
    Close,
    End,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0 }
    }

    /// Calls `read` for the outermost element; a part without one is empty, not wrong.
    pub(crate) fn root(
        &mut self,
        mut read: impl FnMut(&mut Self, &BytesStart<'a>) -> Done,
    ) -> Done {
        loop {
            match self.next()? {
                Token::Open(element) => return read(self, &element),
                Token::End => return Ok(()),
                Token::Text(_) | Token::Close => {}
            }
        }
    }

    /// Calls `read` for every element directly inside the one just opened, up to its end. `read`
    /// has to consume its element: with this, [`skip`](Self::skip) or [`text`](Self::text).
    pub(crate) fn children(
        &mut self,
        mut read: impl FnMut(&mut Self, &BytesStart<'a>) -> Done,
    ) -> Done {
        loop {
            match self.next()? {
                Token::Open(element) => read(self, &element)?,
                Token::Close => return Ok(()),
                Token::Text(_) => {}
                Token::End => return Err(malformed("an element is not closed")),
            }
        }
    }

    /// Passes over the rest of the element just opened.
    pub(crate) fn skip(&mut self) -> Done {
        self.consume(|_| {})
    }

    /// The text of the element just opened and of all that is in it.
    pub(crate) fn text(&mut self) -> Result<String, TranscribeError> {
        let mut text = String::new();
        self.consume(|more| text.push_str(more))?;
        Ok(text)
    }

    fn consume(&mut self, mut take: impl FnMut(&str)) -> Done {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.next()? {
                Token::Text(more) => take(&more),
                Token::Open(_) | Token::Close => {}
                Token::End => return Err(malformed("an element is not closed")),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Token<'a>, TranscribeError> {
        loop {
            return Ok(match self.reader.read_event().map_err(malformed)? {
                Event::Start(element) => {
                    self.go_deeper()?;
                    Token::Open(element)
                }
                Event::End(_) => {
                    self.depth -= 1;
                    Token::Close
                }
                Event::Text(text) => Token::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Token::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Token::Text(resolve(&reference)?),
                Event::DocType(kind) if kind.xml10_content().contains('[') => {
                    return Err(forbidden("a document type with declarations of its own"));
                }
                Event::Eof => Token::End,
                // A document type that only names a file is passed over: the file is never read.
                Event::DocType(_) => continue,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    fn go_deeper(&mut self) -> Done {
        self.depth += 1;
        if self.depth <= MARKUP_DEPTH_MAX {
            return Ok(());
        }
        let cause =
            format!("the XML nests deeper than the {MARKUP_DEPTH_MAX} levels that are allowed");
        Err(TranscribeError::new(Problem::MarkupLimit, cause))
    }
}

fn resolve(reference: &BytesRef) -> Result<String, TranscribeError> {
    if let Some(c) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(c.to_string());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| forbidden(&format!("the entity &{name};")))
}

fn malformed(cause: impl Display) -> TranscribeError {
    let cause = format!("the XML in it is broken: {cause}");
    TranscribeError::new(Problem::Malformed, cause)
}

fn forbidden(what: &str) -> TranscribeError {
    let cause = format!("the XML in it has {what}, which no document needs");
    TranscribeError::new(Problem::ForbiddenMarkup, cause)
}

/// The name of an element without its prefix.
pub(crate) fn name<'e>(element: &'e BytesStart) -> &'e str {
    element.local_name().into_inner()
}

/// The value of an attribute, found by its name without a prefix.
pub(crate) fn attribute(element: &BytesStart, wanted: &str) -> Option<String> {
    find(element, |key| key.local_name().into_inner() == wanted)
}

/// The value of an attribute that has a prefix, such as `r:id` beside `id`.
pub(crate) fn prefixed(element: &BytesStart, wanted: &str) -> Option<String> {
    find(element, |key| {
        key.prefix().is_some() && key.local_name().into_inner() == wanted
    })
}

fn find(element: &BytesStart, wanted: impl Fn(QName) -> bool) -> Option<String> {
    let mut attributes = element.attributes();
    let mut found = attributes
        .with_checks(false)
        .flatten()
        .filter(|attr| wanted(attr.key));
    let value = found
        .next()?
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()?;
    Some(value.into_owned())
}

/// The attribute `val`, which holds the value of most elements.
pub(crate) fn value(element: &BytesStart) -> Option<String> {
    attribute(element, "val")
}

/// Whether an element that switches something on does so.
pub(crate) fn is_on(element: &BytesStart) -> bool {
    !matches!(
        value(element).as_deref(),
        Some("0" | "false" | "off" | "none")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_text(xml: &str) -> Result<String, TranscribeError> {
        let mut text = String::new();
        Xml::new(xml).root(|xml, _| {
            text = xml.text()?;
            Ok(())
        })?;
        Ok(text)
    }

    #[test]
    fn the_five_entities_and_characters_by_number_are_resolved() {
        assert_eq!(
            all_text("<a>&lt;<b>&#65;&amp;</b>&#x42;</a>").unwrap(),
            "<A&B"
        );
    }

    #[test]
    fn a_document_type_is_refused_before_any_entity_grows() {
        let xml = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert_eq!(all_text(xml).unwrap_err().code(), "forbidden_markup");
        assert_eq!(
            all_text("<a>&b;</a>").unwrap_err().code(),
            "forbidden_markup"
        );
    }

    #[test]
    fn a_document_type_that_names_a_file_is_passed_over() {
        let xml = "<!DOCTYPE a PUBLIC \"-//x\" \"http://x/a.dtd\"><a>b</a>";
        assert_eq!(all_text(xml).unwrap(), "b");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let xml = format!("{}{}", "<a>".repeat(300), "</a>".repeat(300));
        assert_eq!(all_text(&xml).unwrap_err().code(), "markup_limit");
    }

    #[test]
    fn an_unclosed_element_is_malformed() {
        assert_eq!(all_text("<a><b>").unwrap_err().code(), "malformed");
    }
}
