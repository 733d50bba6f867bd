//! The tasks that make documents findable, one after the other, over what `dutiful::documents` keeps.
//!
//! [`TranscribeDocument`] reads a stored document, page by page where that is costly; [`ChunkDocument`] cuts its
//! text; one [`EmbedChunks`] for each batch gives the chunks their vectors; [`PublishDocument`] waits for all of
//! these and then shows the new generation to readers, in one transaction. Each of them can be run again at any
//! point: what is there is not done twice.
//!
//! Not here: reading, cutting and embedding themselves, which know nothing of a queue.

mod chunk;
mod embed;
mod parts;
mod publish;
mod transcribe;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use dutiful::documents::Added;
use dutiful::{Client, Register, Registry};

pub use chunk::{ChunkDocument, ChunkPayload, Chunked};
pub use embed::{EmbedChunks, EmbedPayload, EmbeddedChunks};
pub use publish::{Publication, PublishDocument, PublishPayload};
pub use transcribe::{StoredText, TranscribeDocument, TranscribePayload, Transcribed};

use crate::ChunkOptions;
use crate::Engines;
use crate::child::Isolation;
use crate::embed::Embedder;
use crate::tokenizer::{Estimate, Tokenizer};

/// How documents are worked on.
#[derive(Clone)]
pub struct Config {
    /// Files that are named by a path are read below this folder.
    pub root: PathBuf,
    /// Programs and libraries for pages that are pictures.
    pub engines: Engines,
    /// Where documents are read; `None`: in a child process where this program can be one.
    pub isolation: Option<Isolation>,
    /// How texts are cut. Chunks are never longer than the embedder takes.
    pub chunking: ChunkOptions,
    /// What counts their tokens: the embedder's own tokenizer, or an estimate.
    pub tokenizer: Arc<dyn Tokenizer + Send + Sync>,
    /// What turns chunks into vectors; `None`: they get none, and are found by their words.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// How many batches of chunks one worker embeds at once: one where the model runs on this machine.
    pub embed_at_once: usize,
}

impl Default for Config {
    /// Files of the current folder, no embedder.
    fn default() -> Self {
        Self {
            root: ".".into(),
            engines: Engines::default(),
            isolation: None,
            chunking: ChunkOptions::default(),
            tokenizer: Arc::new(Estimate),
            embedder: None,
            embed_at_once: 1,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("root", &self.root)
            .field("model", &self.embedder.as_deref().map(model_name))
            .finish_non_exhaustive()
    }
}

/// All tasks of documents, for [`Worker::register`](dutiful::Worker::register).
#[derive(Debug, Clone)]
pub struct DocumentTasks {
    /// Reads.
    pub transcribe: TranscribeDocument,
    /// Cuts.
    pub chunk: ChunkDocument,
    /// Embeds.
    pub embed: EmbedChunks,
    /// Shows the result.
    pub publish: PublishDocument,
}

/// The tasks of documents.
///
/// ```
/// use dutiful::{Client, Worker};
/// use dutiful_documents::tasks::{self, Config};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// let client = Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// let worker = Worker::new(client.clone()).register(tasks::tasks(Config::default())).start().await?;
///
/// let added = tasks::add(&client, "manuals", "pump.md", b"# Pump\n\nIt stops by itself.").await?;
/// let documents = client.documents();
/// while documents.get(added.document.id).await?.live.is_none() {
///     tokio::time::sleep(Duration::from_millis(5)).await;
/// }
/// let found = documents.with_words("manuals", "when does it stop?", 10).await?;
/// assert_eq!(documents.chunks_by_id(&found).await?[0].heading_path, ["Pump"]);
/// worker.shutdown().await;
/// # Ok(()) }
/// ```
pub fn tasks(config: Config) -> DocumentTasks {
    let config = Arc::new(config);
    DocumentTasks {
        transcribe: TranscribeDocument::with(Arc::clone(&config)),
        chunk: ChunkDocument::with(Arc::clone(&config)),
        embed: EmbedChunks::with(config),
        publish: PublishDocument,
    }
}

impl Register for DocumentTasks {
    fn register(self, registry: &mut Registry) {
        self.transcribe.register(registry);
        self.chunk.register(registry);
        self.embed.register(registry);
        self.publish.register(registry);
    }
}

/// Stores a document and submits the task that reads it.
///
/// What becomes of a name or a content that is there, and every error:
/// [`Documents::add`](dutiful::documents::Documents::add).
///
/// # Errors
/// As there.
pub async fn add(
    client: &Client,
    collection: &str,
    name: &str,
    bytes: &[u8],
) -> dutiful::Result<Added> {
    let read = |_, generation| {
        let payload = TranscribePayload::stored(generation);
        client.submit::<TranscribeDocument>(payload)
    };
    client.documents().add(collection, name, bytes, read).await
}

/// What vectors of an embedder are stored under: models whose vectors must not be compared have different names.
pub fn model_name(embedder: &dyn Embedder) -> String {
    let model = embedder.model();
    let mut name = format!("{}@{}#{}", model.name, model.revision, model.dimensions);
    crate::clean::shorten(&mut name, 200);
    name
}
