//! What a search reads: what readers see of a collection, its vectors, chunks by words and by number.

use super::Documents;
use super::add::check_collection;
use super::kept::GenerationId;
use super::parts::StoredChunk;
use crate::Result;
use crate::store::documents::{chunks, publish, vectors, words};
use dutiful_core::limits::LIST_OTHERS_MAX;

/// A vector with the chunk that it stands for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredVector {
    /// The chunk's number in the database.
    pub chunk: i64,
    /// Its place among the chunks of its generation.
    pub number: u32,
    /// The vector.
    pub vector: Vec<f32>,
}

impl Documents<'_> {
    /// A number that changes whenever readers see something else of a collection; `None` when there is no such
    /// collection.
    ///
    /// # Errors
    /// `config` for what is no name of a collection; whatever the database says.
    pub async fn version(&self, collection: &str) -> Result<Option<i64>> {
        check_collection(collection)?;
        Ok(publish::version(self.client.db(), collection).await?)
    }

    /// The generations that readers see of a collection, in the order of their numbers, behind one; at most 1,000.
    ///
    /// # Errors
    /// `config` for what is no name of a collection; whatever the database says.
    pub async fn seen(
        &self,
        collection: &str,
        behind: Option<GenerationId>,
    ) -> Result<Vec<GenerationId>> {
        check_collection(collection)?;
        let behind = behind.map_or(0, |generation| generation.0);
        let rows = publish::seen(self.client.db(), collection, behind, LIST_OTHERS_MAX).await?;
        Ok(rows.into_iter().map(GenerationId).collect())
    }

    /// Vectors of a model for the chunks of a generation, in their order, behind the chunk with a number (`None`:
    /// from the first on); at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn vectors(
        &self,
        generation: GenerationId,
        model: &str,
        behind: Option<u32>,
    ) -> Result<Vec<StoredVector>> {
        let behind = behind.map_or(-1, i64::from);
        let db = self.client.db();
        let rows = vectors::of_generation(db, model, generation.0, behind, LIST_OTHERS_MAX).await?;
        let read = |row: vectors::VectorRow| StoredVector {
            chunk: row.chunk,
            number: super::kept::number(row.number),
            vector: floats(&row.vector),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// The numbers of chunks that readers see of a collection and that have any of the words, the best first, by
    /// the full-text search of the engine; at most 1,000.
    ///
    /// # Errors
    /// `config` for what is no name of a collection; whatever the database says.
    pub async fn with_words(
        &self,
        collection: &str,
        question: &str,
        limit: u32,
    ) -> Result<Vec<i64>> {
        check_collection(collection)?;
        let limit = i64::from(limit).clamp(1, LIST_OTHERS_MAX);
        Ok(words::find(self.client.db(), collection, question, limit).await?)
    }

    /// The chunks with these numbers in the database, in the order of the numbers; those that are gone are left
    /// out. At most 1,000 are read.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn chunks_by_id(&self, ids: &[i64]) -> Result<Vec<StoredChunk>> {
        let most = usize::try_from(LIST_OTHERS_MAX).unwrap_or(usize::MAX);
        let ids = &ids[..ids.len().min(most)];
        let rows = chunks::by_ids(self.client.db(), ids.to_vec()).await?;
        let mut chunks = rows
            .into_iter()
            .map(StoredChunk::try_from)
            .collect::<Result<Vec<_>>>()?;
        chunks.sort_by_key(|chunk| ids.iter().position(|id| *id == chunk.id));
        Ok(chunks)
    }
}

/// Little-endian floats of 32 bits; bytes that are left over are no float.
fn floats(bytes: &[u8]) -> Vec<f32> {
    let four = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(f32::from_le_bytes);
    bytes.chunks_exact(4).filter_map(four).collect()
}
