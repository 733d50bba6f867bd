//! A ZIP archive that comes from strangers: checked as a whole before any entry is unpacked.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::TranscribeError;
use crate::error::Problem;
use crate::limits::{
    ARCHIVE_ENTRIES_MAX, ARCHIVE_RATIO_FROM_BYTES, ARCHIVE_RATIO_MAX, ARCHIVE_UNPACKED_BYTES_MAX,
};

/// An archive whose entries are within all limits.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that were unpacked so far, an entry that is read again counted again.
    unpacked: u64,
}

impl<'a> Archive<'a> {
    /// Opens an archive and looks at all of its entries.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, TranscribeError> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        check_entries(&mut zip)?;
        Ok(Self { zip, unpacked: 0 })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// The bytes of an entry; `None` when the archive has no such entry.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, TranscribeError> {
        let Some(index) = self.zip.index_for_name(name) else {
            return Ok(None);
        };
        let entry = self.zip.by_index(index).map_err(broken)?;
        let stated = entry.size();
        self.unpacked = self.unpacked.saturating_add(stated);
        if self.unpacked > ARCHIVE_UNPACKED_BYTES_MAX {
            let most = ARCHIVE_UNPACKED_BYTES_MAX;
            let cause = format!("has entries that are referred to for more than {most} bytes");
            return Err(over(cause));
        }
        let mut bytes = Vec::new();
        // The stated size was checked; what is unpacked may not be more than that.
        let read = entry.take(stated + 1).read_to_end(&mut bytes);
        let read = read.map_err(|e| malformed(&e.to_string()))?;
        if read as u64 > stated {
            return Err(over(format!(
                "has the entry {name} that unpacks to more than it states"
            )));
        }
        Ok(Some(bytes))
    }

    /// The text of an entry that is XML.
    pub(crate) fn xml(&mut self, name: &str) -> Result<Option<String>, TranscribeError> {
        Ok(self.bytes(name)?.map(decode))
    }
}

/// The path of an entry that `reference` leads to from a folder of the archive; `None` when it leads
/// out of the archive. An empty folder is the archive itself.
pub(crate) fn resolve(folder: &str, reference: &str) -> Option<String> {
    let from_root = reference.starts_with('/');
    let mut path: Vec<&str> = if from_root || folder.is_empty() {
        Vec::new()
    } else {
        folder.split('/').collect()
    };
    for step in reference.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop()?;
            }
            step => path.push(step),
        }
    }
    Some(path.join("/"))
}

/// The folder and the name of an entry.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// XML is UTF-8 unless a byte order mark says otherwise.
fn decode(bytes: Vec<u8>) -> String {
    let marked = encoding_rs::Encoding::for_bom(&bytes).is_some();
    match String::from_utf8(bytes) {
        Ok(text) if !marked => text,
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
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
    malformed(&error.to_string())
}

fn malformed(cause: &str) -> TranscribeError {
    let cause = format!("the ZIP archive is broken: {cause}");
    TranscribeError::new(Problem::Malformed, cause)
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

    #[test]
    fn references_are_followed_inside_of_the_archive_only() {
        let resolved = |folder, reference| resolve(folder, reference);
        assert_eq!(
            resolved("ppt/slides", "../charts/a.xml").as_deref(),
            Some("ppt/charts/a.xml")
        );
        assert_eq!(resolved("ppt", "/xl/./a.xml").as_deref(), Some("xl/a.xml"));
        assert_eq!(resolved("", "a.xml").as_deref(), Some("a.xml"));
        assert_eq!(resolved("ppt", "../../a.xml"), None);
    }
}
