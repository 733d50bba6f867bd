//! The small parts: relations between parts, and the properties of the document.

use std::collections::HashMap;

use super::xml::{self, Xml};
use crate::TranscribeError;

/// Targets of links by the id that a paragraph names.
pub(super) type Links = HashMap<String, String>;

/// One line of a relations part.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

fn relations(text: &str) -> Result<Vec<Relation>, TranscribeError> {
    let mut found = Vec::new();
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| {
            let get = |wanted| xml::attribute(element, wanted).unwrap_or_default();
            found.push(Relation {
                id: get("Id"),
                kind: get("Type"),
                target: get("Target"),
            });
            xml.skip()
        })
    })?;
    Ok(found)
}

/// The path of the main part inside the package.
pub(super) fn main_part(text: &str) -> Result<Option<String>, TranscribeError> {
    let relations = relations(text)?;
    let main = relations
        .into_iter()
        .find(|r| r.kind.ends_with("/officeDocument"));
    Ok(main.map(|relation| relation.target.trim_start_matches('/').to_owned()))
}

/// The hyperlinks among the relations.
pub(super) fn links(text: &str) -> Result<Links, TranscribeError> {
    let relations = relations(text)?.into_iter();
    Ok(relations
        .filter(|r| r.kind.ends_with("/hyperlink"))
        .map(|r| (r.id, r.target))
        .collect())
}

/// The title among the properties of a document.
pub(super) fn title(text: &str) -> Result<Option<String>, TranscribeError> {
    let mut title = None;
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| {
            match xml::name(element) {
                "title" => title = Some(xml.text()?),
                _ => xml.skip()?,
            }
            Ok(())
        })
    })?;
    Ok(title.filter(|title| !title.trim().is_empty()))
}
