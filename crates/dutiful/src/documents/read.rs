//! Looking documents up, and reading what they consist of.

use super::add::check_collection;
use super::kept::{DocumentId, Generation, GenerationId, StoredDocument};
use super::parts::{StoredChunk, StoredPage};
use super::{Documents, no_such_document};
use crate::store::documents::{chunks, contents, find, pages};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{DOCUMENT_PAGES_READ_MAX, LIST_OTHERS_MAX};

impl Documents<'_> {
    /// A document.
    ///
    /// # Errors
    /// `not_found` for an id that there is not; whatever the database says.
    pub async fn get(&self, id: DocumentId) -> Result<StoredDocument> {
        let row = find::by_id(self.client.db(), id.0).await?;
        row.ok_or_else(|| no_such_document(id))?.try_into()
    }

    /// The document of a name, if there is one.
    ///
    /// # Errors
    /// `config` for what is no name of a collection; whatever the database says.
    pub async fn find(&self, collection: &str, name: &str) -> Result<Option<StoredDocument>> {
        check_collection(collection)?;
        let row = find::by_name(self.client.db(), collection, name).await?;
        row.map(StoredDocument::try_from).transpose()
    }

    /// The documents of a collection by name, behind the name `after` (empty: from the first on), at most 1,000.
    ///
    /// # Errors
    /// `config` for what is no name of a collection; whatever the database says.
    pub async fn list(
        &self,
        collection: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StoredDocument>> {
        check_collection(collection)?;
        let limit = i64::from(limit).clamp(1, LIST_OTHERS_MAX);
        let rows = find::list(self.client.db(), collection, after, limit).await?;
        rows.into_iter().map(StoredDocument::try_from).collect()
    }

    /// The names of the collections, at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn collections(&self) -> Result<Vec<String>> {
        let rows = find::collections(self.client.db(), LIST_OTHERS_MAX).await?;
        Ok(rows.into_iter().map(|(name, _)| name).collect())
    }

    /// A generation.
    ///
    /// # Errors
    /// `not_found` for an id that there is not; whatever the database says.
    pub async fn generation(&self, id: GenerationId) -> Result<Generation> {
        let row = find::generation(self.client.db(), id.0).await?;
        let gone = || {
            let text = format!("there is no generation {id} of a document");
            Error::new(ErrorKind::NotFound, text)
        };
        row.ok_or_else(gone)?.try_into()
    }

    /// The bytes of a generation, as they were added.
    ///
    /// # Errors
    /// `not_found` when they are gone; whatever the database says.
    pub async fn content(&self, generation: &Generation) -> Result<Vec<u8>> {
        let row = find::generation(self.client.db(), generation.id.0).await?;
        let hash = row.map(|row| row.hash).unwrap_or_default();
        let bytes = contents::get(self.client.db(), &hash).await?;
        if bytes.len() as u64 == generation.bytes {
            return Ok(bytes);
        }
        let text = format!("the bytes of generation {} are gone", generation.id);
        Err(Error::new(ErrorKind::NotFound, text))
    }

    /// Pages of a generation from a number on, counted from 1; at most 100.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn pages(
        &self,
        generation: GenerationId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<StoredPage>> {
        let limit = i64::from(limit).clamp(1, DOCUMENT_PAGES_READ_MAX);
        let rows = pages::get(self.client.db(), generation.0, from.into(), limit).await?;
        rows.into_iter().map(StoredPage::try_from).collect()
    }

    /// How many pages of a generation are there so far.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn pages_done(&self, generation: GenerationId) -> Result<u32> {
        let count = pages::count(self.client.db(), generation.0).await?;
        Ok(super::kept::number(count))
    }

    /// Chunks of a generation from a number on, counted from 0; at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn chunks(
        &self,
        generation: GenerationId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<StoredChunk>> {
        let limit = i64::from(limit).clamp(1, LIST_OTHERS_MAX);
        let rows = chunks::get(self.client.db(), generation.0, from.into(), limit).await?;
        rows.into_iter().map(StoredChunk::try_from).collect()
    }
}
