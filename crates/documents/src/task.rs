//! The task that transcribes a file.

use std::path::PathBuf;
use std::thread::available_parallelism;

use dutiful::{Context, Task, TaskError, Threads};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::read_below;
use crate::transcribe::transcribe_until;
use crate::{Document, TranscribeError};

/// How many documents are transcribed at once when the number of processors is not known.
const AT_ONCE: usize = 2;

/// Which file to transcribe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscribePayload {
    /// Path of a regular file below the worker's root, relative to it, without `..`.
    pub path: String,
}

/// Turns a file into a [`Document`], which is stored as the task's result.
///
/// Files are read below one root only. A document that cannot be read ends its task as invalid, at
/// once and for good; a missing file or one that cannot be opened is tried again.
///
/// ```
/// use dutiful::{Client, Worker};
/// use dutiful_documents::{TranscribeDocument, TranscribePayload};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// let client = Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// let payload = TranscribePayload { path: "reports/2026.pdf".into() };
/// client.submit::<TranscribeDocument>(payload).await?;
/// # let patience = std::time::Duration::from_millis(100);
/// # let runs_on = tokio::time::timeout(patience, async {
/// Worker::new(client).register(TranscribeDocument::new("/srv/documents".into())).run().await
/// # }).await;
/// # assert!(runs_on.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct TranscribeDocument {
    root: PathBuf,
}

impl TranscribeDocument {
    /// A handler that reads files below `root`. The root need not exist yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn transcribe(
        &self,
        path: &str,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Document, TranscribeError> {
        let bytes = read_below(&self.root, path)?;
        transcribe_until(&bytes, Some(path), stop)
    }
}

impl Task for TranscribeDocument {
    type Payload = TranscribePayload;
    type Output = Document;

    async fn process(&self, payload: Self::Payload, cx: &Context) -> Result<Document, TaskError> {
        let stop = || cx.is_cancelled();
        self.transcribe(&payload.path, &stop).map_err(|error| {
            if error.is_invalid_input() {
                TaskError::invalid(error)
            } else {
                error.into()
            }
        })
    }

    fn name() -> &'static str {
        "TranscribeDocument"
    }

    /// Parsing computes: more at once than there are processors only costs memory.
    fn batch_size(&self) -> usize {
        available_parallelism().map_or(AT_ONCE, usize::from)
    }

    fn threads(&self) -> Threads {
        Threads::Own
    }

    fn emoji(&self) -> &'static str {
        "📄"
    }
}
