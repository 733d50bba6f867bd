//! EPUB to Markdown: one page for each chapter, in the order in which the book is read.
//!
//! Chapters are pages of HTML and are converted as such. Pictures are left out, as are links that
//! lead from one place of the book to another.

mod protection;
mod publication;

use self::publication::{Chapter, Publication};
use crate::assemble::Assembly;
use crate::package::xml::{self, Xml};
use crate::package::{Archive, resolve, split};
use crate::text::decode;
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError, html};

/// Reads an opened EPUB.
pub(crate) fn read(mut archive: Archive, watch: &Watch) -> Result<Document, TranscribeError> {
    protection::check(&mut archive)?;
    let container = archive.xml("META-INF/container.xml")?.unwrap_or_default();
    let path = root_file(&container)?.unwrap_or_default();
    let Some(text) = archive.xml(&path)? else {
        let cause = "its description is missing in the file";
        return Err(TranscribeError::malformed(Format::Epub, cause));
    };
    let publication = Publication::read(&text)?;
    let mut assembly = Assembly::new(Format::Epub);
    publication.state(&mut assembly);
    let folder = split(&path).0;
    for (number, chapter) in (1..).zip(publication.chapters()) {
        watch.check()?;
        let markdown = match read_chapter(&mut archive, folder, &chapter, watch)? {
            Ok(markdown) => markdown,
            Err(why) => {
                assembly.warn(format!("chapter {number} {why}"));
                String::new()
            }
        };
        assembly.page(&markdown)?;
    }
    assembly.finish()
}

/// Where the description of the book is.
fn root_file(text: &str) -> Result<Option<String>, TranscribeError> {
    let mut path = None;
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| match xml::name(element) {
            "rootfiles" => xml.children(|xml, file| {
                let stated = xml::attribute(file, "full-path");
                path = path.take().or(stated);
                xml.skip()
            }),
            _ => xml.skip(),
        })
    })?;
    Ok(path.and_then(|path| resolve("", &path)))
}

/// A chapter as Markdown, or why it was left out.
fn read_chapter(
    archive: &mut Archive,
    folder: &str,
    chapter: &Chapter,
    watch: &Watch,
) -> Result<Result<String, &'static str>, TranscribeError> {
    if !chapter.is_text {
        return Ok(Err("is no text and was left out"));
    }
    let Some(path) = resolve(folder, &chapter.path) else {
        return Ok(Err("leads out of the book and was left out"));
    };
    let Some(bytes) = archive.bytes(&path)? else {
        return Ok(Err("is missing in the file"));
    };
    let Ok(decoded) = decode(&bytes) else {
        return Ok(Err("is no text and was left out"));
    };
    html::read_chapter(&decoded.text, chapter.is_navigation, watch).map(Ok)
}
