//! What a generation consists of: pages, chunks, vectors; writing them.

use super::Documents;
use super::kept::{GenerationId, number, unsigned};
use crate::db::DbError;
use crate::store::documents::{chunks, pages, text, vectors};
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{DOCUMENT_WRITE_BYTES, ERROR_BYTES_MAX, LIST_OTHERS_MAX};
use serde::{Deserialize, Serialize};

/// A page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPage {
    /// Counted from 1.
    pub number: u32,
    /// How its text was had, for example `text` or `ocr`.
    pub method: String,
    /// How sure that is, from 0 to 1, where it is known.
    pub confidence: Option<f32>,
    /// The bytes of the document's text that the page is; `None` while the document is being read.
    pub place: Option<(u64, u64)>,
    /// What was left out or guessed.
    pub warnings: Vec<String>,
    /// Its text.
    pub markdown: String,
}

/// A chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChunk {
    /// Its number in the database; 0 before it is stored.
    pub id: i64,
    /// Whose it is.
    pub generation: GenerationId,
    /// Its place among the chunks, counted from 0.
    pub number: u32,
    /// The byte of the document's text at which it begins.
    pub start: u64,
    /// The byte after its last one.
    pub end: u64,
    /// The page on which it begins.
    pub first_page: u32,
    /// The page on which it ends.
    pub last_page: u32,
    /// How many tokens it has.
    pub tokens: u32,
    /// SHA-256 of what is embedded of it.
    #[serde(skip)]
    pub content_hash: [u8; 32],
    /// The headings above it, the highest first.
    pub heading_path: Vec<String>,
    /// Its text.
    pub text: String,
}

/// What is told of a text once its pages are all there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewText {
    /// What the bytes are, for example `pdf`; at most 40 bytes.
    pub format: String,
    /// The title.
    pub title: Option<String>,
    /// The language, as a tag.
    pub language: Option<String>,
    /// What else is known.
    pub facts: serde_json::Value,
    /// How many pages there are.
    pub pages: u32,
    /// How many bytes of text.
    pub bytes: u64,
}

/// A vector for a text, or why the model takes it not.
#[derive(Debug, Clone, PartialEq)]
pub struct NewVector {
    /// SHA-256 of what was embedded.
    pub content_hash: [u8; 32],
    /// The vector, or the error.
    pub vector: Result<Vec<f32>, String>,
}

/// A chunk that a model has not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnseenChunk {
    /// Its place among the chunks.
    pub number: u32,
    /// SHA-256 of what is embedded of it.
    pub content_hash: [u8; 32],
    /// Its text.
    pub text: String,
}

/// How far the vectors of a generation are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VectorCounts {
    /// How many chunks have one.
    pub there: u32,
    /// How many chunks the model does not take.
    pub refused: u32,
    /// Why not, of one of them.
    pub why: Option<String>,
}

impl Documents<'_> {
    /// Keeps pages of a generation that is being read, so that another attempt need not read them again. Safe to
    /// repeat; a page that is there is replaced.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn put_pages(&self, generation: GenerationId, pages: &[StoredPage]) -> Result<()> {
        let rows = pages.iter().map(page_row).collect::<Result<Vec<_>>>()?;
        for run in runs(&rows, |row| row.markdown.len()) {
            pages::put(self.client.db(), generation.0, run).await?;
        }
        Ok(())
    }

    /// Says that the pages of a generation are all there. Gives back whether the generation still waits for what
    /// comes next: not when it is gone, replaced or live.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn transcribed(&self, generation: GenerationId, new: &NewText) -> Result<bool> {
        let told = text::Text {
            format: &new.format,
            title: new.title.as_deref(),
            language: new.language.as_deref(),
            facts: &new.facts.to_string(),
            pages: new.pages.into(),
            bytes: i64::try_from(new.bytes).unwrap_or(i64::MAX),
        };
        Ok(text::transcribed(self.client.db(), generation.0, &told).await?)
    }

    /// Stores the chunks of a generation in place of those that it had, and says that they are all there, to be
    /// embedded by `model` (`None`: by none). Gives back whether the generation still waits for what comes next.
    /// Safe to repeat.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn put_chunks(
        &self,
        generation: GenerationId,
        chunks: &[StoredChunk],
        model: Option<&str>,
    ) -> Result<bool> {
        let rows = chunks.iter().map(chunk_row).collect::<Result<Vec<_>>>()?;
        for run in runs(&rows, |row| row.body.len()) {
            chunks::put(self.client.db(), generation.0, run).await?;
        }
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        chunks::trim(self.client.db(), generation.0, count).await?;
        Ok(text::chunked(self.client.db(), generation.0, count, model).await?)
    }

    /// The chunks with numbers from `from` to before `until` that a model has neither taken nor refused, at most
    /// 1,000, in their order.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn unseen(
        &self,
        generation: GenerationId,
        model: &str,
        from: u32,
        until: u32,
    ) -> Result<Vec<UnseenChunk>> {
        let between = (i64::from(from), i64::from(until));
        let db = self.client.db();
        let rows = vectors::missing(db, model, generation.0, between, LIST_OTHERS_MAX).await?;
        let read = |row: vectors::MissingRow| UnseenChunk {
            number: number(row.number),
            content_hash: row.hash,
            text: row.body,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Stores vectors of a model. One that is there stays. Safe to repeat.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn put_vectors(&self, model: &str, new: &[NewVector]) -> Result<()> {
        let row = |one: &NewVector| vectors::NewVector {
            hash: one.content_hash,
            vector: match &one.vector {
                Ok(floats) => Ok(floats.iter().flat_map(|f| f.to_le_bytes()).collect()),
                Err(error) => Err(storable(error, ERROR_BYTES_MAX)),
            },
        };
        let rows: Vec<_> = new.iter().map(row).collect();
        let bytes = |row: &vectors::NewVector| row.vector.as_ref().map_or(0, Vec::len);
        for run in runs(&rows, bytes) {
            vectors::put(self.client.db(), model, run).await?;
        }
        Ok(())
    }

    /// How many chunks of a generation have a vector of a model.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn vector_counts(
        &self,
        generation: GenerationId,
        model: &str,
    ) -> Result<VectorCounts> {
        let counts = vectors::counts(self.client.db(), model, generation.0).await?;
        Ok(VectorCounts {
            there: number(counts.there),
            refused: number(counts.refused),
            why: counts.why,
        })
    }

    /// Says that nothing comes of a generation, and why. What readers see stays.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn failed(&self, generation: GenerationId, error: &str) -> Result<()> {
        let error = storable(error, ERROR_BYTES_MAX);
        Ok(text::failed(self.client.db(), generation.0, &error).await?)
    }
}

/// Rows for one statement each: about 1 MiB, at least one row.
fn runs<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        let size = bytes(row) + 200;
        if index > start && sum + size > DOCUMENT_WRITE_BYTES {
            runs.push(&rows[start..index]);
            (start, sum) = (index, 0);
        }
        sum += size;
    }
    if start < rows.len() {
        runs.push(&rows[start..]);
    }
    runs
}

fn page_row(page: &StoredPage) -> Result<pages::PageRow> {
    let signed = |(start, end): (u64, u64)| {
        let one = |value| i64::try_from(value).unwrap_or(i64::MAX);
        (one(start), one(end))
    };
    let warnings = (!page.warnings.is_empty()).then(|| serde_json::to_string(&page.warnings));
    Ok(pages::PageRow {
        number: page.number.into(),
        method: page.method.clone(),
        // In thousandths, so that it is the same on every engine.
        confidence: page
            .confidence
            .map(|c| (f64::from(c) * 1_000.0).round() as i64),
        place: page.place.map(signed),
        warnings: warnings.transpose().map_err(no_json)?,
        markdown: page.markdown.clone(),
    })
}

impl TryFrom<pages::PageRow> for StoredPage {
    type Error = Error;

    fn try_from(row: pages::PageRow) -> Result<StoredPage> {
        let warnings = row.warnings.as_deref().map(serde_json::from_str);
        Ok(StoredPage {
            number: number(row.number),
            method: row.method,
            confidence: row.confidence.map(|c| c as f32 / 1_000.0),
            place: row
                .place
                .map(|(start, end)| (unsigned(start), unsigned(end))),
            warnings: warnings
                .transpose()
                .map_err(|_| DbError::decode(5, "warnings of a page"))?
                .unwrap_or_default(),
            markdown: row.markdown,
        })
    }
}

fn chunk_row(chunk: &StoredChunk) -> Result<chunks::ChunkRow> {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Ok(chunks::ChunkRow {
        id: 0,
        generation: chunk.generation.0,
        number: chunk.number.into(),
        start: signed(chunk.start),
        end: signed(chunk.end),
        first_page: chunk.first_page.into(),
        last_page: chunk.last_page.into(),
        tokens: chunk.tokens.into(),
        hash: chunk.content_hash,
        heading_path: serde_json::to_string(&chunk.heading_path).map_err(no_json)?,
        body: chunk.text.clone(),
    })
}

impl TryFrom<chunks::ChunkRow> for StoredChunk {
    type Error = Error;

    fn try_from(row: chunks::ChunkRow) -> Result<StoredChunk> {
        let path = serde_json::from_str(&row.heading_path);
        Ok(StoredChunk {
            id: row.id,
            generation: GenerationId(row.generation),
            number: number(row.number),
            start: unsigned(row.start),
            end: unsigned(row.end),
            first_page: number(row.first_page),
            last_page: number(row.last_page),
            tokens: number(row.tokens),
            content_hash: row.hash,
            heading_path: path.map_err(|_| DbError::decode(9, "the headings above a chunk"))?,
            text: row.body,
        })
    }
}

fn no_json(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidPayload, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_runs_that_are_not_too_large() {
        let rows = [
            DOCUMENT_WRITE_BYTES,
            1,
            1,
            DOCUMENT_WRITE_BYTES / 2,
            DOCUMENT_WRITE_BYTES,
        ];
        let lengths: Vec<_> = runs(&rows, |bytes| *bytes)
            .iter()
            .map(|run| run.len())
            .collect();
        assert_eq!(lengths, [1, 3, 1]);
        assert!(runs(&[] as &[usize], |bytes| *bytes).is_empty());
    }
}
