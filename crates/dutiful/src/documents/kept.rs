//! A document and its generations as they are told.

use crate::db::DbError;
use crate::store::documents::row::{DocumentRow, GenerationRow};
use crate::store::documents::stage;
use crate::{Error, Result};
use dutiful_core::{TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A document's number, given by the database.
    DocumentId
}
id! {
    /// The number of a generation of a document, given by the database; a newer one has a higher number.
    GenerationId
}

/// How far a generation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Its bytes are there, and its first task is submitted.
    Waiting,
    /// Its pages are there.
    Transcribed,
    /// Its chunks are there.
    Chunked,
    /// Readers see it.
    Live,
    /// Nothing comes of it; its `error` says why.
    Failed,
    /// A newer one is seen in its place, or its document is gone.
    Replaced,
}

impl Stage {
    /// The word for it, as it is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Waiting => stage::WAITING,
            Stage::Transcribed => stage::TRANSCRIBED,
            Stage::Chunked => stage::CHUNKED,
            Stage::Live => stage::LIVE,
            Stage::Failed => stage::FAILED,
            Stage::Replaced => stage::REPLACED,
        }
    }

    fn read(word: &str) -> Result<Stage> {
        let all = [
            Stage::Waiting,
            Stage::Transcribed,
            Stage::Chunked,
            Stage::Live,
            Stage::Failed,
            Stage::Replaced,
        ];
        let found = all.into_iter().find(|stage| stage.as_str() == word);
        found.ok_or_else(|| Error::from(DbError::decode(4, "a stage of a document")))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What one content of a document has become so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Generation {
    /// Its number.
    pub id: GenerationId,
    /// Whose it is.
    pub document: DocumentId,
    /// SHA-256 of the bytes, in hex.
    pub content_hash: String,
    /// How many bytes the content has.
    pub bytes: u64,
    /// How far it has come.
    pub stage: Stage,
    /// The task that reads it.
    pub task: Option<TaskId>,
    /// What the bytes are, once they are read, for example `pdf`.
    pub format: Option<String>,
    /// The title that it states, or its first heading.
    pub title: Option<String>,
    /// The language that it states, as a tag such as `en`.
    pub language: Option<String>,
    /// What else is known of it: what it states about itself, and warnings. `null` before it is read.
    pub facts: serde_json::Value,
    /// How many pages it has, once it is read.
    pub pages: Option<u32>,
    /// Bytes of its text, once it is read.
    pub text_bytes: Option<u64>,
    /// How many chunks it has, once it is cut.
    pub chunks: Option<u32>,
    /// The model whose vectors it gets; `None` when it gets none, or is not cut yet.
    pub model: Option<String>,
    /// Why nothing comes of it, if nothing does.
    pub error: Option<String>,
    /// When it came this far, by the database's clock.
    pub changed_at: Timestamp,
}

/// A document, with the generation that is its newest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredDocument {
    /// Its number.
    pub id: DocumentId,
    /// The collection that it stands in.
    pub collection: String,
    /// Its name there.
    pub name: String,
    /// The generation that readers see; `None` until the first is whole.
    pub live: Option<GenerationId>,
    /// When it was added first, by the database's clock.
    pub created_at: Timestamp,
    /// The newest generation: the one that readers see, or the one that is to take its place.
    pub generation: Generation,
}

impl TryFrom<GenerationRow> for Generation {
    type Error = Error;

    fn try_from(row: GenerationRow) -> Result<Generation> {
        let facts = row.facts.as_deref().map(serde_json::from_str).transpose();
        Ok(Generation {
            id: GenerationId(row.id),
            document: DocumentId(row.document),
            content_hash: row.hash.iter().map(|b| format!("{b:02x}")).collect(),
            bytes: unsigned(row.bytes),
            stage: Stage::read(&row.stage)?,
            task: row.task.map(TaskId),
            format: row.format,
            title: row.title,
            language: row.language,
            facts: facts
                .map_err(|_| DbError::decode(9, "facts about a document"))?
                .unwrap_or_default(),
            pages: row.pages.map(number),
            text_bytes: row.text_bytes.map(unsigned),
            chunks: row.chunks.map(number),
            model: row.model,
            error: row.error,
            changed_at: row.changed_at,
        })
    }
}

impl TryFrom<DocumentRow> for StoredDocument {
    type Error = Error;

    fn try_from(row: DocumentRow) -> Result<StoredDocument> {
        Ok(StoredDocument {
            id: DocumentId(row.id),
            collection: row.collection,
            name: row.name,
            live: row.live.map(GenerationId),
            created_at: row.created_at,
            generation: row.generation.try_into()?,
        })
    }
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn number(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}
