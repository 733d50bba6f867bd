//! The vectors of what readers see of one collection, in memory.

use std::collections::{BTreeSet, HashMap};

use dutiful::documents::{Documents, GenerationId};

use super::{Matrix, SearchError};

/// What was read, and of which state of the collection.
#[derive(Debug, Default)]
pub(super) struct Seen {
    version: Option<i64>,
    /// The chunks of each generation that are in the matrix.
    chunks: HashMap<GenerationId, Vec<i64>>,
    matrix: Matrix,
}

impl Seen {
    pub(super) fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Reads what has changed since the last time: one statement where nothing has.
    pub(super) async fn refresh(
        &mut self,
        documents: Documents<'_>,
        collection: &str,
        model: &str,
    ) -> Result<(), SearchError> {
        // Asked before the rest: what changes meanwhile is read once more the next time.
        let version = documents.version(collection).await?;
        if version.is_some() && version == self.version {
            return Ok(());
        }
        let now = seen_by_readers(documents, collection).await?;
        let gone: Vec<GenerationId> = self.chunks.keys().copied().collect();
        for generation in gone.into_iter().filter(|one| !now.contains(one)) {
            self.forget(generation);
        }
        for generation in now {
            if !self.chunks.contains_key(&generation) {
                self.read(documents, generation, model).await?;
            }
        }
        self.version = version;
        Ok(())
    }

    fn forget(&mut self, generation: GenerationId) {
        for chunk in self.chunks.remove(&generation).unwrap_or_default() {
            self.matrix.remove(chunk);
        }
    }

    async fn read(
        &mut self,
        documents: Documents<'_>,
        generation: GenerationId,
        model: &str,
    ) -> Result<(), SearchError> {
        // Known from the first vector on, so that what came of a reading that ended early can be forgotten.
        let mut behind = None;
        let chunks = self.chunks.entry(generation).or_default();
        loop {
            let vectors = documents.vectors(generation, model, behind).await;
            let vectors = match vectors {
                Ok(vectors) => vectors,
                Err(error) => return Err(self.given_up(generation, error.into())),
            };
            let Some(last) = vectors.last() else {
                return Ok(());
            };
            behind = Some(last.number);
            for one in &vectors {
                if self.matrix.dimensions() == 0 {
                    self.matrix = Matrix::new(one.vector.len());
                }
                if let Err(error) = self.matrix.put(one.chunk, &one.vector) {
                    return Err(self.given_up(generation, error.into()));
                }
                chunks.push(one.chunk);
            }
        }
    }

    /// Forgets what was read of a generation, so that it is read anew.
    fn given_up(&mut self, generation: GenerationId, error: SearchError) -> SearchError {
        self.forget(generation);
        error
    }
}

async fn seen_by_readers(
    documents: Documents<'_>,
    collection: &str,
) -> Result<BTreeSet<GenerationId>, SearchError> {
    let mut all = BTreeSet::new();
    loop {
        let some = documents.seen(collection, all.last().copied()).await?;
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
    }
}
