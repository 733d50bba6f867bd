//! What was measured, kept in files of JSON lines: a run replaces what it measures again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::numbers::Spread;

/// One figure of one contest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) engine: String,
    /// The server's name and version.
    pub(crate) server: String,
    pub(crate) figure: Figure,
    pub(crate) rival: String,
    pub(crate) version: String,
    pub(crate) settings: String,
    pub(crate) date: String,
    pub(crate) sides: Sides,
}

/// The values of both sides, pair by pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sides {
    pub(crate) rival: Side,
    pub(crate) dutiful: Side,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Side {
    pub(crate) tasks: u64,
    pub(crate) values: Vec<f64>,
    /// The most memory that any of its runs had in use.
    pub(crate) peak_memory_mb: Option<f64>,
}

impl Record {
    /// How many times better Dutiful is in each pair.
    pub(crate) fn advantages(&self) -> Option<Spread> {
        let Sides { rival, dutiful } = &self.sides;
        let pairs = dutiful.values.iter().zip(&rival.values);
        let each: Vec<f64> = pairs
            .map(|(ours, theirs)| self.figure.advantage(*ours, *theirs))
            .collect();
        Spread::of(&each)
    }
}

impl Kept for Record {
    fn is_of(&self, other: &Record) -> bool {
        (&self.engine, self.figure, &self.rival) == (&other.engine, other.figure, &other.rival)
    }
}

/// Something that is kept until it is measured again.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// Whether it is the same measurement.
    fn is_of(&self, other: &Self) -> bool;
}

/// A file of records.
pub(crate) struct Book<T> {
    path: PathBuf,
    pub(crate) records: Vec<T>,
}

impl<T: Kept> Book<T> {
    /// What was written before; nothing when there is no file.
    pub(crate) fn open(path: PathBuf) -> Result<Book<T>> {
        let text = if path.exists() {
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
        } else {
            String::new()
        };
        let records: Result<Vec<T>, _> = text.lines().map(serde_json::from_str).collect();
        let records = records
            .with_context(|| format!("{} holds something else: remove it", path.display()))?;
        Ok(Book { path, records })
    }

    /// Adds a record in place of an older one of the same, and writes the file: what was
    /// measured is kept when the rest fails.
    pub(crate) fn add(&mut self, record: T) -> Result<()> {
        match self.records.iter_mut().find(|old| old.is_of(&record)) {
            Some(old) => *old = record,
            None => self.records.push(record),
        }
        let lines: Result<Vec<String>, _> =
            self.records.iter().map(serde_json::to_string).collect();
        write(&self.path, &(lines?.join("\n") + "\n"))
    }
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
