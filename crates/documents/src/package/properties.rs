//! What an office document states about itself, outside of its text.

use super::Package;
use super::xml::{self, Xml};
use crate::TranscribeError;
use crate::assemble::Assembly;

/// Names in `docProps/core.xml` and `docProps/app.xml`, and under which of ours they are kept.
const KEPT: &[(&str, &str)] = &[
    ("creator", "author"),
    ("lastModifiedBy", "modified_by"),
    ("subject", "subject"),
    ("description", "description"),
    ("keywords", "keywords"),
    ("category", "category"),
    ("created", "created"),
    ("modified", "modified"),
    ("Application", "program"),
    ("Company", "company"),
];

/// What programs write where nobody stated a title.
const NO_TITLES: &[&str] = &["PowerPoint Presentation", "Presentation", "Word Document"];

/// Reads title, language and metadata into the document.
pub(crate) fn read(package: &mut Package, assembly: &mut Assembly) -> Result<(), TranscribeError> {
    for part in ["docProps/core.xml", "docProps/app.xml"] {
        let text = package.archive.xml(part)?.unwrap_or_default();
        Xml::new(&text).root(|xml, _| {
            xml.children(|xml, element| {
                let name = xml::name(element);
                let kept = KEPT.iter().find(|(stated, _)| *stated == name);
                match (name, kept) {
                    ("title", _) => {
                        let title = xml.text()?;
                        if !NO_TITLES.contains(&title.trim()) {
                            assembly.title(&title);
                        }
                    }
                    ("language", _) => assembly.language(&xml.text()?),
                    (_, Some((_, key))) => assembly.meta(key, &xml.text()?),
                    _ => xml.skip()?,
                }
                Ok(())
            })
        })?;
    }
    Ok(())
}
