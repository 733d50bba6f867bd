//! The archive that a DOCX is: checked as a whole before any part is unpacked.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::properties::{self, Links};
use crate::detect::unsupported;
use crate::error::Problem;
use crate::limits::{
    ARCHIVE_ENTRIES_MAX, ARCHIVE_RATIO_FROM_BYTES, ARCHIVE_RATIO_MAX, ARCHIVE_UNPACKED_BYTES_MAX,
};
use crate::{Format, TranscribeError};

/// Parts that tell which other format an archive is.
const OTHER_PACKAGES: &[(&str, &str)] = &[
    ("ppt/presentation.xml", "a PowerPoint presentation (PPTX)"),
    ("xl/workbook.xml", "an Excel workbook (XLSX)"),
    ("META-INF/container.xml", "an e-book (EPUB)"),
    ("content.xml", "an OpenDocument file"),
];

/// An archive that holds a DOCX.
pub(crate) struct Parts<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    main: String,
}

/// Opens an archive, looks at all of its entries, and finds the main part.
pub(crate) fn open(bytes: &[u8]) -> Result<Parts<'_>, TranscribeError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    check_entries(&mut archive)?;
    let mut parts = Parts {
        archive,
        main: String::new(),
    };
    let relations = parts.xml("_rels/.rels")?.unwrap_or_default();
    let stated = properties::main_part(&relations)?;
    parts.main = stated.unwrap_or_else(|| "word/document.xml".to_owned());
    let is_word = parts.main.starts_with("word/") && parts.has(&parts.main);
    if is_word {
        return Ok(parts);
    }
    let other = OTHER_PACKAGES.iter().find(|(part, _)| parts.has(part));
    Err(unsupported(
        other.map_or("a ZIP archive that holds no DOCX", |(_, what)| what),
    ))
}

impl Parts<'_> {
    fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// The text of a part; `None` when the archive has no such part.
    pub(super) fn xml(&mut self, name: &str) -> Result<Option<String>, TranscribeError> {
        let Some(index) = self.archive.index_for_name(name) else {
            return Ok(None);
        };
        let entry = self.archive.by_index(index).map_err(broken)?;
        let stated = entry.size();
        let mut bytes = Vec::new();
        // The stated size was checked; what is unpacked may not be more than that.
        let read = entry.take(stated + 1).read_to_end(&mut bytes);
        let read = read.map_err(|e| TranscribeError::malformed(Format::Docx, e))?;
        if read as u64 > stated {
            let cause = format!("the entry {name} unpacks to more than it states");
            return Err(TranscribeError::new(Problem::ArchiveLimit, cause));
        }
        Ok(Some(decode(bytes)))
    }

    /// The main part.
    pub(super) fn main_xml(&mut self) -> Result<String, TranscribeError> {
        let main = self.main.clone();
        self.xml(&main).map(Option::unwrap_or_default)
    }

    /// A part beside the main one; empty when there is none.
    pub(super) fn sibling_xml(&mut self, name: &str) -> Result<String, TranscribeError> {
        let folder = self.main.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = format!("{folder}/{name}");
        self.xml(&path).map(Option::unwrap_or_default)
    }

    /// Where the links of the main part lead.
    pub(super) fn main_links(&mut self) -> Result<Links, TranscribeError> {
        let (folder, file) = self.main.rsplit_once('/').unwrap_or(("", &self.main));
        let path = format!("{folder}/_rels/{file}.rels");
        properties::links(&self.xml(&path)?.unwrap_or_default())
    }
}

/// XML is UTF-8 unless a byte order mark says otherwise.
fn decode(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text
            .strip_prefix('\u{feff}')
            .map(str::to_owned)
            .unwrap_or(text),
        Err(error) => encoding_rs::UTF_8.decode(error.as_bytes()).0.into_owned(),
    }
}

fn check_entries(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<(), TranscribeError> {
    let entries = archive.len();
    if entries > ARCHIVE_ENTRIES_MAX {
        return Err(over(format!(
            "has {entries} entries, {ARCHIVE_ENTRIES_MAX} are allowed"
        )));
    }
    let mut unpacked = 0_u64;
    for index in 0..entries {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if entry.encrypted() {
            let cause = format!("the entry {name} is encrypted");
            return Err(TranscribeError::new(Problem::Encrypted, cause));
        }
        if leads_out(&name) {
            let cause = format!("the archive has an entry named {name}");
            return Err(TranscribeError::new(Problem::ArchivePath, cause));
        }
        check_ratio(&name, entry.size(), entry.compressed_size())?;
        unpacked = unpacked.saturating_add(entry.size());
    }
    if unpacked > ARCHIVE_UNPACKED_BYTES_MAX {
        let most = ARCHIVE_UNPACKED_BYTES_MAX;
        return Err(over(format!(
            "unpacks to {unpacked} bytes, {most} are allowed"
        )));
    }
    Ok(())
}

fn check_ratio(name: &str, unpacked: u64, packed: u64) -> Result<(), TranscribeError> {
    let most = packed
        .saturating_mul(ARCHIVE_RATIO_MAX)
        .max(ARCHIVE_RATIO_FROM_BYTES);
    if unpacked <= most {
        return Ok(());
    }
    Err(over(format!(
        "has the entry {name} that grows from {packed} to {unpacked} bytes"
    )))
}

/// Nothing is ever unpacked to a disk, yet no honest program writes such names.
fn leads_out(name: &str) -> bool {
    name.starts_with(['/', '\\'])
        || name
            .get(1..3)
            .is_some_and(|drive| drive == ":\\" || drive == ":/")
        || name.split(['/', '\\']).any(|part| part == "..")
}

fn over(what: String) -> TranscribeError {
    TranscribeError::new(Problem::ArchiveLimit, format!("the archive {what}"))
}

fn broken(error: ZipError) -> TranscribeError {
    TranscribeError::malformed(Format::Docx, format!("its ZIP archive is broken: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_known() {
        for name in [
            "../a",
            "a/../../b",
            "/etc/passwd",
            "\\a",
            "a\\..\\b",
            "C:\\a",
            "c:/a",
        ] {
            assert!(leads_out(name), "{name}");
        }
        for name in ["word/document.xml", "a..b", "word/é.xml", ""] {
            assert!(!leads_out(name), "{name}");
        }
    }
}
