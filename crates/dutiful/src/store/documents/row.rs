//! A document with its newest generation, and a generation, as they are read.

use super::chunks::hash;
use crate::db::{DbResult, Row};
use dutiful_core::Timestamp;

/// One generation.
#[derive(Debug, Clone)]
pub(crate) struct GenerationRow {
    pub(crate) id: i64,
    pub(crate) document: i64,
    pub(crate) hash: [u8; 32],
    pub(crate) bytes: i64,
    pub(crate) stage: String,
    pub(crate) task: Option<i64>,
    pub(crate) format: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) language: Option<String>,
    /// JSON.
    pub(crate) facts: Option<String>,
    pub(crate) pages: Option<i64>,
    pub(crate) text_bytes: Option<i64>,
    pub(crate) chunks: Option<i64>,
    pub(crate) model: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) changed_at: Timestamp,
}

/// One document, with one of its generations.
#[derive(Debug, Clone)]
pub(crate) struct DocumentRow {
    pub(crate) id: i64,
    pub(crate) collection: String,
    pub(crate) name: String,
    pub(crate) live: Option<i64>,
    pub(crate) created_at: Timestamp,
    pub(crate) generation: GenerationRow,
}

/// Reads a generation whose columns begin at `at`.
pub(crate) fn generation(row: &mut Row, at: usize) -> DbResult<GenerationRow> {
    Ok(GenerationRow {
        id: row.int(at)?,
        document: row.int(at + 1)?,
        hash: hash(row, at + 2)?,
        bytes: row.int(at + 3)?,
        stage: row.text(at + 4)?.to_owned(),
        task: row.opt_int(at + 5)?,
        format: row.take_text(at + 6)?,
        title: row.take_text(at + 7)?,
        language: row.take_text(at + 8)?,
        facts: row.take_text(at + 9)?,
        pages: row.opt_int(at + 10)?,
        text_bytes: row.opt_int(at + 11)?,
        chunks: row.opt_int(at + 12)?,
        model: row.take_text(at + 13)?,
        error: row.take_text(at + 14)?,
        changed_at: row.time(at + 15)?,
    })
}

/// Reads a document: its own columns, then those of the generation.
pub(crate) fn document(mut row: Row) -> DbResult<DocumentRow> {
    Ok(DocumentRow {
        id: row.int(0)?,
        collection: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        live: row.opt_int(3)?,
        created_at: row.time(4)?,
        generation: generation(&mut row, 5)?,
    })
}
