//! Documents that are ZIP archives of XML: opened safely, told apart, their parts found.
//!
//! What the parts say is read by the readers of the formats.

mod archive;
pub(crate) mod properties;
mod relations;
pub(crate) mod xml;

pub(crate) use archive::{Archive, resolve, split};
pub(crate) use relations::{Links, Relations};

use crate::TranscribeError;
use crate::detect::unsupported;

/// An office document: an archive with a main part.
pub(crate) struct Package<'a> {
    archive: Archive<'a>,
    main: String,
}

/// An archive that holds a format that is read.
pub(crate) enum Opened<'a> {
    Docx(Package<'a>),
    Pptx(Package<'a>),
    Xlsx(Package<'a>),
    Epub(Archive<'a>),
}

/// Where the main part stands when nothing says so.
const USUAL_MAIN_PARTS: &[&str] = &[
    "word/document.xml",
    "ppt/presentation.xml",
    "xl/workbook.xml",
];

/// Opens an archive and finds out what it holds.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened<'_>, TranscribeError> {
    let mut archive = Archive::open(bytes)?;
    let Some(main) = main_part(&mut archive)? else {
        return other(archive);
    };
    let kind = kind(&mut archive, &main)?;
    let package = Package { archive, main };
    match kind {
        Some(Kind::Word) => Ok(Opened::Docx(package)),
        Some(Kind::Slides) => Ok(Opened::Pptx(package)),
        Some(Kind::Sheets) if package.main.ends_with(".bin") => {
            Err(unsupported("a binary Excel workbook (XLSB)"))
        }
        Some(Kind::Sheets) => Ok(Opened::Xlsx(package)),
        None => other(package.archive),
    }
}

/// Archives that are no office documents.
fn other(archive: Archive<'_>) -> Result<Opened<'_>, TranscribeError> {
    if archive.has("META-INF/container.xml") {
        return Ok(Opened::Epub(archive));
    }
    Err(unsupported(if archive.has("content.xml") {
        "an OpenDocument file"
    } else {
        "a ZIP archive that holds no document"
    }))
}

#[derive(Clone, Copy)]
enum Kind {
    Word,
    Slides,
    Sheets,
}

/// The main part that the relations state and that is there, or else one at its usual place.
fn main_part(archive: &mut Archive) -> Result<Option<String>, TranscribeError> {
    let text = archive.xml("_rels/.rels")?.unwrap_or_default();
    let relations = Relations::read(&text, "")?;
    let stated = relations.first("officeDocument");
    let mut places = stated.into_iter().chain(USUAL_MAIN_PARTS.iter().copied());
    Ok(places.find(|part| archive.has(part)).map(str::to_owned))
}

/// Told by the folder that programs use, or else by the type that is stated for the main part.
fn kind(archive: &mut Archive, main: &str) -> Result<Option<Kind>, TranscribeError> {
    let (word, slides, sheets) = (Some(Kind::Word), Some(Kind::Slides), Some(Kind::Sheets));
    match main.split_once('/').map_or("", |(folder, _)| folder) {
        "word" => return Ok(word),
        "ppt" => return Ok(slides),
        "xl" => return Ok(sheets),
        _ => {}
    }
    let text = archive.xml("[Content_Types].xml")?.unwrap_or_default();
    let mut stated = String::new();
    xml::Xml::new(&text).root(|xml, _| {
        xml.children(|xml, element| {
            let part = xml::attribute(element, "PartName").unwrap_or_default();
            if part.trim_start_matches('/') == main {
                stated = xml::attribute(element, "ContentType").unwrap_or_default();
            }
            xml.skip()
        })
    })?;
    let says = |words: &[&str]| words.iter().any(|word| stated.contains(word));
    Ok(match () {
        () if says(&["wordprocessingml", "ms-word"]) => word,
        () if says(&["presentationml", "ms-powerpoint"]) => slides,
        () if says(&["spreadsheetml", "ms-excel"]) => sheets,
        () => None,
    })
}

impl Package<'_> {
    /// The path of the main part.
    pub(crate) fn main(&self) -> &str {
        &self.main
    }

    /// The text of a part; `None` when there is no such part.
    pub(crate) fn xml(&mut self, part: &str) -> Result<Option<String>, TranscribeError> {
        self.archive.xml(part)
    }

    /// The main part.
    pub(crate) fn main_xml(&mut self) -> Result<String, TranscribeError> {
        let main = self.main.clone();
        self.xml(&main).map(Option::unwrap_or_default)
    }

    /// A part beside the main one; empty when there is none.
    pub(crate) fn sibling_xml(&mut self, name: &str) -> Result<String, TranscribeError> {
        let path = resolve(split(&self.main).0, name).unwrap_or_default();
        self.xml(&path).map(Option::unwrap_or_default)
    }

    /// The relations of a part; none when it has no relations part.
    pub(crate) fn relations(&mut self, part: &str) -> Result<Relations, TranscribeError> {
        let (folder, file) = split(part);
        let folder_of_relations = if folder.is_empty() { "" } else { "/" };
        let path = format!("{folder}{folder_of_relations}_rels/{file}.rels");
        Relations::read(&self.xml(&path)?.unwrap_or_default(), folder)
    }
}
