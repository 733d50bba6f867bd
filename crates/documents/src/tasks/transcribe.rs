//! The task that reads a document: a stored one, or a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use dutiful::documents::{Generation, GenerationId, NewText, Stage};
use dutiful::{Context, Task, TaskError, Threads};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::chunk::{ChunkDocument, ChunkPayload};
use super::{Config, parts};
use crate::child::{self, Isolation};
use crate::error::Problem;
use crate::files::read_below;
use crate::{Document, Engines, Reading, RecognizedPage, Told, TranscribeError};

/// How many documents are transcribed at once when the number of processors is not known.
const AT_ONCE: usize = 2;
/// Hundreds of pictures take a second each.
const TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// Which document to transcribe: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscribePayload {
    /// Path of a regular file below the worker's root, relative to it, without `..`. Its document becomes the
    /// task's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The number of a generation of a stored document. Its pages are stored, and the next task submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
}

impl TranscribePayload {
    /// A file below the worker's root.
    pub fn file(path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            generation: None,
        }
    }

    /// A generation of a stored document.
    pub fn stored(generation: GenerationId) -> Self {
        Self {
            path: None,
            generation: Some(generation.0),
        }
    }
}

/// What the task gives: the document of a file, or what was stored of a stored one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Transcribed {
    /// Of a file.
    Document(Document),
    /// Of a stored document.
    Stored(StoredText),
}

/// What was stored of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredText {
    /// The generation.
    pub generation: i64,
    /// How many pages it has.
    pub pages: u32,
    /// Bytes of its text.
    pub text_bytes: u64,
    /// What was left out or guessed.
    pub warnings: Vec<String>,
}

/// Turns a document into Markdown, page by page.
///
/// A stored document gets its pages, those that were recognized in pictures as soon as they are: another attempt
/// goes on behind them. A file is read below the worker's root only. A document that cannot be read ends its task as
/// invalid, at once and for good; what may pass is tried again. Each is read in a [child process](crate::child)
/// where the program can be one: what hangs or dies there ends its own task only.
///
/// ```
/// use dutiful::{Client, Worker};
/// use dutiful_documents::{TranscribeDocument, TranscribePayload};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// let client = Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// client.submit::<TranscribeDocument>(TranscribePayload::file("reports/2026.pdf")).await?;
/// # let patience = std::time::Duration::from_millis(100);
/// # let runs_on = tokio::time::timeout(patience, async {
/// Worker::new(client).register(TranscribeDocument::new("/srv/documents".into())).run().await
/// # }).await;
/// # assert!(runs_on.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct TranscribeDocument {
    config: Arc<Config>,
}

impl TranscribeDocument {
    /// A handler that reads files below `root`, as far as they are text. The root need not exist yet.
    pub fn new(root: PathBuf) -> Self {
        Self::with(Arc::new(Config {
            root,
            engines: Engines::none(),
            ..Config::default()
        }))
    }

    pub(super) fn with(config: Arc<Config>) -> Self {
        Self { config }
    }

    /// Where documents are read; [`Isolation::default`] if it is not said.
    ///
    /// ```
    /// use dutiful_documents::TranscribeDocument;
    /// use dutiful_documents::child::{ChildProcess, Isolation};
    ///
    /// let child = ChildProcess { memory_bytes: 512 << 20, ..ChildProcess::default() };
    /// let task = TranscribeDocument::new("/srv/documents".into()).isolated(Isolation::Child(child));
    /// ```
    #[must_use]
    pub fn isolated(self, isolation: Isolation) -> Self {
        let config = Config {
            isolation: Some(isolation),
            ..Config::clone(&self.config)
        };
        Self::with(Arc::new(config))
    }

    fn file(&self, path: &str, cx: &Context) -> Result<Document, TranscribeError> {
        let bytes = read_below(&self.config.root, path)?;
        let reading = Reading {
            name_hint: Some(path),
            stop: &|| cx.is_cancelled(),
            ..Reading::new(&self.config.engines)
        };
        child::transcribe(&bytes, &reading, &self.isolation())
    }

    fn isolation(&self) -> Isolation {
        self.config.isolation.clone().unwrap_or_default()
    }

    async fn stored(&self, id: GenerationId, cx: &Context) -> Result<StoredText, TaskError> {
        let client = cx.client()?;
        let documents = client.documents();
        let generation = documents.generation(id).await?;
        if matches!(generation.stage, Stage::Live | Stage::Replaced) {
            return Err(TaskError::discard("the generation is live or replaced"));
        }
        match self.read(&generation, cx).await? {
            Ok(document) => {
                documents.put_pages(id, &parts::pages_of(&document)).await?;
                let pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
                documents.transcribed(id, &told(&document, pages)).await?;
                cx.submit::<ChunkDocument>(ChunkPayload { generation: id.0 })
                    .await?;
                Ok(StoredText {
                    generation: id.0,
                    pages,
                    text_bytes: document.markdown.len() as u64,
                    warnings: document.warnings,
                })
            }
            Err(error) => Err(task_error(error)),
        }
    }

    /// Reads on a thread of its own, and keeps each recognized page before the next one begins.
    async fn read(
        &self,
        generation: &Generation,
        cx: &Context,
    ) -> Result<Result<Document, TranscribeError>, TaskError> {
        let client = cx.client()?;
        let documents = client.documents();
        let document = documents.get(generation.document).await?;
        let bytes = documents.content(generation).await?;
        let known = parts::known(client, generation.id).await?;
        let (tell, mut told) = mpsc::channel::<(Told, oneshot::Sender<Result<(), String>>)>(1);
        let (isolation, engines) = (self.isolation(), self.config.engines.clone());
        let cancelled = cx.cancellation();
        let reader = thread::Builder::new().name("read".into()).spawn(move || {
            let reading = Reading {
                name_hint: Some(&document.name),
                known: &known,
                tell: &|page| heard(&tell, page),
                stop: &|| cancelled.is_cancelled(),
                ..Reading::new(&engines)
            };
            child::transcribe(&bytes, &reading, &isolation)
        })?;
        let mut total = None;
        let mut kept = 0;
        while let Some((told, answer)) = told.recv().await {
            let done = match told {
                Told::Pages { total: pages } => {
                    total = Some(pages);
                    Ok(())
                }
                Told::Recognized(page) => {
                    kept += 1;
                    note(cx, &page, total, kept);
                    let page = [parts::kept(&page)];
                    documents.put_pages(generation.id, &page).await
                }
            };
            // The reader has ended when nobody hears it; then the channel ends too.
            let _ = answer.send(done.map_err(|error| error.to_string()));
        }
        let panicked = |_| TaskError::failed("the thread that reads has panicked");
        reader.join().map_err(panicked)
    }
}

/// Tells the task, and waits until it has kept what it was told.
fn heard(
    tell: &mpsc::Sender<(Told, oneshot::Sender<Result<(), String>>)>,
    told: Told,
) -> Result<(), TranscribeError> {
    let (answer, answered) = oneshot::channel();
    let stopped = || TranscribeError::new(Problem::Stopped, "the task has ended");
    tell.blocking_send((told, answer)).map_err(|_| stopped())?;
    match answered.blocking_recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let cause = format!("a page cannot be kept: {error}");
            Err(TranscribeError::new(Problem::Io, cause))
        }
        Err(_) => Err(stopped()),
    }
}

fn note(cx: &Context, page: &RecognizedPage, total: Option<u32>, kept: u32) {
    let total = total.unwrap_or(page.number).max(1);
    let percent = u64::from(page.number) * 100 / u64::from(total);
    let note = format!("page {} of {total}, {kept} recognized", page.number);
    cx.progress(u8::try_from(percent.min(99)).unwrap_or(99), &note);
}

fn told(document: &Document, pages: u32) -> NewText {
    NewText {
        format: serde_json::to_value(document.format)
            .ok()
            .and_then(|word| word.as_str().map(str::to_owned))
            .unwrap_or_default(),
        title: document.title.clone(),
        language: document.language.clone(),
        facts: json!({ "metadata": document.metadata, "warnings": document.warnings }),
        pages,
        bytes: document.markdown.len() as u64,
    }
}

fn task_error(error: TranscribeError) -> TaskError {
    if error.is_invalid_input() {
        TaskError::invalid(error)
    } else {
        error.into()
    }
}

impl Task for TranscribeDocument {
    type Payload = TranscribePayload;
    type Output = Transcribed;

    async fn process(
        &self,
        payload: Self::Payload,
        cx: &Context,
    ) -> Result<Transcribed, TaskError> {
        match (payload.path, payload.generation) {
            (Some(path), None) => {
                let document = self.file(&path, cx).map_err(task_error)?;
                Ok(Transcribed::Document(document))
            }
            (None, Some(generation)) => {
                let id = GenerationId(generation);
                let stored = parts::told(cx, id, self.stored(id, cx).await).await?;
                Ok(Transcribed::Stored(stored))
            }
            _ => Err(TaskError::invalid(EXACTLY_ONE)),
        }
    }

    fn validate(payload: &Self::Payload) -> Result<(), String> {
        match (&payload.path, payload.generation) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => Err(EXACTLY_ONE.to_owned()),
        }
    }

    fn name() -> &'static str {
        "TranscribeDocument"
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
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

const EXACTLY_ONE: &str =
    "give either `path`, a file below the worker's root, or `generation`, a stored document";
