//! Where documents are kept: their bytes, pages, chunks and vectors, and what readers see of them.
//!
//! A document has a name in a collection. Each content of it is a [`Generation`], which grows step by step (pages,
//! chunks, vectors) while readers go on seeing the one before; [`Documents::publish`] puts it in that one's place
//! in one transaction. Contents are stored once, and so are vectors: for each model and text.
//!
//! Not here: reading, cutting and embedding documents, and searching by meaning (crate `dutiful-documents`).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
//! # let client = dutiful::Client::connect("sqlite::memory:").await?;
//! # client.migrate().await?;
//! use dutiful::documents::Stage;
//! use serde_json::json;
//!
//! let documents = client.documents();
//! let read = |document, generation| {
//!     client.submit_json("Read", json!({ "document": document, "generation": generation }))
//! };
//! let added = documents.add("manuals", "pump.md", b"# The pump", read).await?;
//! assert!(added.is_new);
//! assert_eq!(added.document.generation.stage, Stage::Waiting);
//! assert_eq!(documents.content(&added.document.generation).await?, b"# The pump");
//!
//! // The same content again is the same document, whatever its name.
//! let again = documents.add("manuals", "copy.md", b"# The pump", read).await?;
//! assert_eq!((again.document.id, again.is_new), (added.document.id, false));
//! # Ok(()) }
//! ```

mod add;
mod kept;
mod parts;
mod read;
mod search;

pub use add::Added;
pub use kept::{DocumentId, Generation, GenerationId, Stage, StoredDocument};
pub use parts::{NewText, NewVector, StoredChunk, StoredPage, UnseenChunk, VectorCounts};
pub use search::StoredVector;

use crate::Client;
use crate::store::documents::{publish, sweep};
use crate::{Error, ErrorKind, Result};

/// The documents of a database; made by [`Client::documents`].
#[derive(Debug, Clone, Copy)]
pub struct Documents<'c> {
    client: &'c Client,
}

/// What became of a generation that was to be shown to readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// Readers see it.
    Live,
    /// Readers see a newer one already; this one is swept.
    Overtaken,
    /// It is gone, with its document.
    Gone,
}

/// Most generations that one sweep takes out.
const SWEEP_MAX: usize = 100;

impl Client {
    /// The documents of the database.
    pub fn documents(&self) -> Documents<'_> {
        Documents { client: self }
    }
}

impl Documents<'_> {
    /// Shows a generation to readers in place of the one before, in one transaction, unless they see a newer one
    /// already.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn publish(&self, generation: GenerationId) -> Result<Published> {
        let done = publish::publish(self.client.db(), generation.0).await?;
        Ok(match done {
            publish::Published::Live => Published::Live,
            publish::Published::Overtaken => Published::Overtaken,
            publish::Published::Gone => Published::Gone,
        })
    }

    /// Takes a document away from readers, in one transaction; [`Documents::sweep`] then takes out what it
    /// consisted of.
    ///
    /// # Errors
    /// `not_found` for an id that there is not; whatever the database says.
    pub async fn delete(&self, document: DocumentId) -> Result<()> {
        match publish::delete(self.client.db(), document.0).await? {
            true => Ok(()),
            false => Err(no_such_document(document)),
        }
    }

    /// Takes out what no reader sees and nothing refers to any more: pages, chunks, vectors and bytes of
    /// generations that were replaced or whose document was deleted, at most 100 generations, in small
    /// transactions. Gives back how many generations it took out. Any number of them may run at once.
    ///
    /// # Errors
    /// Whatever the database says; what was taken out until then is.
    pub async fn sweep(&self) -> Result<usize> {
        let mut swept = 0;
        while swept < SWEEP_MAX && sweep::sweep_one(self.client.db()).await? {
            swept += 1;
        }
        Ok(swept)
    }
}

fn no_such_document(id: DocumentId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no document {id}"))
}
