//! Adding documents.

use super::kept::{DocumentId, GenerationId, StoredDocument};
use super::{Documents, no_such_document};
use crate::client::Submit;
use crate::db::{DbError, DbErrorKind};
use crate::store::documents::add::{self, NewDocument};
use crate::store::documents::find;
use crate::{Error, ErrorKind, Result};
use dutiful_core::check_name;
use dutiful_core::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_NAME_BYTES_MAX};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What became of a document that was added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Added {
    /// The document.
    pub document: StoredDocument,
    /// Whether a task was submitted to read it; not so when the collection has the content already.
    pub is_new: bool,
}

impl<'c> Documents<'c> {
    /// Stores a document under its name in a collection, together with the task that `task` submits to read it,
    /// all or nothing. A name that is there gets a new generation; a content that the collection has already,
    /// under whatever name, is left as it is, unless nothing came of it.
    ///
    /// The name of a collection is made like a task name. The name of a document has 1 to 500 bytes, the document
    /// itself at most 64 MiB.
    ///
    /// # Errors
    /// `config` for a name that cannot be used, `invalid_payload` for a document that is empty or too large;
    /// whatever the database says.
    pub async fn add(
        &self,
        collection: &str,
        name: &str,
        bytes: &[u8],
        task: impl Fn(DocumentId, GenerationId) -> Submit<'c> + Sync,
    ) -> Result<Added> {
        check(collection, name, bytes)?;
        let db = self.client.db();
        let new = NewDocument {
            collection,
            name,
            hash: Sha256::digest(bytes).into(),
            bytes,
        };
        let payload_bytes_max = db.payload_bytes_max();
        let task = |document: i64, generation: i64| {
            let submit = task(DocumentId(document), GenerationId(generation));
            let task = submit
                .draft
                .and_then(|draft| draft.finish(payload_bytes_max));
            task.map_err(|error| DbError::new(DbErrorKind::Other, error.to_string()))
        };
        match add::add(db, &new, &task).await? {
            add::Added::There(there) => Ok(Added {
                document: StoredDocument::try_from(*there)?,
                is_new: false,
            }),
            add::Added::New { document, task } => {
                self.client.wake().submitted(&[task]);
                let row = find::by_id(db, document).await?;
                let row = row.ok_or_else(|| no_such_document(DocumentId(document)))?;
                Ok(Added {
                    document: StoredDocument::try_from(row)?,
                    is_new: true,
                })
            }
        }
    }
}

fn check(collection: &str, name: &str, bytes: &[u8]) -> Result<()> {
    check_collection(collection)?;
    if name.is_empty() || name.len() > DOCUMENT_NAME_BYTES_MAX || name.contains('\0') {
        let text = format!(
            "a name of {} bytes for a document; use 1 to {DOCUMENT_NAME_BYTES_MAX} bytes, none of them 0",
            name.len()
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    match bytes.len() {
        0 => Err(invalid("the document has no bytes".to_owned())),
        length if length > DOCUMENT_BYTES_MAX => Err(invalid(format!(
            "the document has {length} bytes, {DOCUMENT_BYTES_MAX} are allowed"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn check_collection(name: &str) -> Result<()> {
    check_name(name)
        .map_err(|error| Error::new(ErrorKind::Config, format!("the collection: {error}")))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::InvalidPayload, text)
}
