//! Relations between the parts of a package: which part an id leads to, and what it is there for.

use std::collections::HashMap;

use super::archive::resolve;
use super::xml::{self, Xml};
use crate::TranscribeError;

/// Targets of links by the id that a paragraph names.
pub(crate) type Links = HashMap<String, String>;

/// The relations of one part.
#[derive(Debug, Default)]
pub(crate) struct Relations(Vec<Relation>);

#[derive(Debug)]
struct Relation {
    id: String,
    /// The last word of its type, such as `hyperlink`.
    kind: String,
    target: String,
    /// The part that it leads to, unless it leads out of the package.
    part: Option<String>,
}

impl Relations {
    /// Reads a relations part; its targets are seen from `folder`.
    pub(super) fn read(text: &str, folder: &str) -> Result<Self, TranscribeError> {
        let mut found = Vec::new();
        Xml::new(text).root(|xml, _| {
            xml.children(|xml, element| {
                let get = |wanted| xml::attribute(element, wanted).unwrap_or_default();
                let (kind, target) = (get("Type"), get("Target"));
                let outside = get("TargetMode").eq_ignore_ascii_case("external");
                found.push(Relation {
                    id: get("Id"),
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    part: resolve(folder, &target).filter(|_| !outside),
                    target,
                });
                xml.skip()
            })
        })?;
        Ok(Self(found))
    }

    /// The part that an id leads to.
    pub(crate) fn part(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|r| r.id == id)?.part.as_deref()
    }

    /// The last word of the type of a relation.
    pub(crate) fn kind(&self, id: &str) -> Option<&str> {
        Some(&self.0.iter().find(|r| r.id == id)?.kind)
    }

    /// The first part that is there for this, such as `notesSlide`.
    pub(crate) fn first(&self, kind: &str) -> Option<&str> {
        let mut of_kind = self.0.iter().filter(|r| r.kind == kind);
        of_kind.find_map(|r| r.part.as_deref())
    }

    /// Where the hyperlinks lead.
    pub(crate) fn links(&self) -> Links {
        let links = self.0.iter().filter(|r| r.kind == "hyperlink");
        links.map(|r| (r.id.clone(), r.target.clone())).collect()
    }
}
