//! A model on this machine, run by onnxruntime.
//!
//! [`folder`] reads what describes the model, [`library`] loads onnxruntime, [`session`] runs the model. Here is how
//! a text becomes tokens.

mod folder;
mod library;
mod session;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};
use tokenizers::{Tokenizer, TruncationDirection};

use super::error::Problem;
use super::{EmbedError, EmbedModel, Embedded, Embedder, Embedding, Purpose};
use crate::clean::boundary;
use crate::limits::{CHUNK_BYTES_PER_TOKEN_MAX, TOKENIZER_BYTES_MAX};
use folder::Folder;
use session::Model;

/// Where the model is, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxSettings {
    /// The folder of the ONNX export of a sentence-transformers model: `model.onnx` (or `onnx/model.onnx`),
    /// `tokenizer.json`, and what describes them. What no file says is as all-MiniLM-L6-v2 has it: 256 tokens, the
    /// mean of all tokens.
    pub folder: PathBuf,
    /// The library: `libonnxruntime.so` of onnxruntime 1.22 or later. Without it, where the system finds libraries.
    #[serde(default)]
    pub library: Option<PathBuf>,
    /// The model within the folder, where there are several.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// What the model is called; the folder's name without it.
    #[serde(default)]
    pub name: Option<String>,
    /// Threads that compute one text together; as many as there are processors without it.
    #[serde(default)]
    pub threads: Option<usize>,
}

impl OnnxSettings {
    /// The model in a folder, everything else as it comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            library: None,
            file: None,
            name: None,
            threads: None,
        }
    }
}

/// A sentence-transformers model on this machine.
///
/// Texts are computed one by one, which is faster on processors than together; several callers take turns. A text
/// that is longer than the model takes is cut, and [`Embedded::cut`] says so.
///
/// ```
/// use dutiful_documents::embed::{OnnxEmbedder, OnnxSettings, Remedy};
///
/// let error = OnnxEmbedder::load(&OnnxSettings::new("/no/such/folder")).unwrap_err();
/// assert_eq!((error.code(), error.remedy()), ("model_unusable", Remedy::Final));
/// assert!(error.cause().contains("/no/such/folder"));
/// ```
#[derive(Debug)]
pub struct OnnxEmbedder {
    model: EmbedModel,
    tokenizer: Tokenizer,
    prompts: [String; 2],
    running: Mutex<Model>,
}

impl OnnxEmbedder {
    /// Loads the library and the model, and tries it on a word.
    ///
    /// # Errors
    /// `library_unusable` and `model_unusable`, with the file and what is wrong with it.
    pub fn load(settings: &OnnxSettings) -> Result<Self, EmbedError> {
        let folder = Folder::read(&settings.folder, settings.file.as_deref())?;
        let tokenizer = tokenizer(&folder.tokenizer)?;
        let unusable = |why: &str| {
            let cause = format!("the model in {}: {why}", settings.folder.display());
            EmbedError::new(Problem::ModelUnusable, cause)
        };
        let added = u32::try_from(added_tokens(&tokenizer)).unwrap_or(u32::MAX);
        let max_tokens = folder.max_tokens.saturating_sub(added);
        if max_tokens == 0 {
            return Err(unusable("there is no room for the tokens of a text"));
        }
        library::load(settings.library.as_deref())?;
        let threads = settings.threads.filter(|threads| *threads > 0);
        let threads = threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
        let loaded = catch_unwind(|| Model::load(&folder.model, threads, folder.pooling));
        let loaded = loaded.map_err(|_| unusable("it cannot be loaded"))??;
        let name = settings.name.clone().or_else(|| name_of(&settings.folder));
        let mut embedder = Self {
            model: EmbedModel {
                name: name.unwrap_or_default(),
                revision: folder.revision,
                dimensions: 0,
                max_tokens,
            },
            tokenizer,
            prompts: folder.prompts,
            running: Mutex::new(loaded),
        };
        let word = embedder.embed_one(Purpose::Passage, "word");
        let word = word.map_err(|error| unusable(error.cause()))?;
        embedder.model.dimensions = u32::try_from(word.vector.len()).unwrap_or(u32::MAX);
        Ok(embedder)
    }

    fn embed_one(&self, purpose: Purpose, text: &str) -> Result<Embedded, EmbedError> {
        if text.trim().is_empty() {
            return Err(EmbedError::new(Problem::EmptyText, "a text is empty"));
        }
        let (ids, cut) = self.encode(purpose, text)?;
        // A panic within the crate below is one text's failure.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let run = catch_unwind(AssertUnwindSafe(|| running.run(&ids)));
        drop(running);
        let vector = run.unwrap_or_else(|_| {
            let cause = "onnxruntime could not be called";
            Err(EmbedError::new(Problem::InferenceFailed, cause))
        })?;
        let mut embedded = Embedded::new(vector)?;
        embedded.cut = cut;
        embedded.tokens = u32::try_from(ids.len()).ok();
        Ok(embedded)
    }

    /// The tokens of a text with those that the model wants around them, and whether the text was cut.
    fn encode(&self, purpose: Purpose, text: &str) -> Result<(Vec<u32>, bool), EmbedError> {
        let failed =
            |error| EmbedError::new(Problem::InferenceFailed, format!("tokenizer: {error}"));
        let most = self.model.max_tokens as usize;
        let prompt = match purpose {
            Purpose::Query => &self.prompts[0],
            Purpose::Passage => &self.prompts[1],
        };
        // What is far beyond the limit would only cost memory.
        let bytes = most.saturating_mul(CHUNK_BYTES_PER_TOKEN_MAX);
        let begin = &text[..boundary(text, bytes)];
        let encoding = match prompt.as_str() {
            "" => self.tokenizer.encode_fast(begin, false),
            prompt => self
                .tokenizer
                .encode_fast(format!("{prompt}{begin}"), false),
        };
        let mut encoding = encoding.map_err(failed)?;
        let cut = begin.len() < text.len() || encoding.len() > most;
        encoding.truncate(most, 0, TruncationDirection::Right);
        let encoding = self.tokenizer.post_process(encoding, None, true);
        Ok((encoding.map_err(failed)?.get_ids().to_vec(), cut))
    }
}

impl Embedder for OnnxEmbedder {
    fn model(&self) -> &EmbedModel {
        &self.model
    }

    fn embed<'a>(&'a self, purpose: Purpose, texts: &'a [&'a str]) -> Embedding<'a> {
        Box::pin(async move {
            let mut done = Vec::with_capacity(texts.len());
            for text in texts {
                done.push(self.embed_one(purpose, text));
                give_way().await;
            }
            done
        })
    }
}

fn tokenizer(path: &Path) -> Result<Tokenizer, EmbedError> {
    let unusable = |why: String| {
        let cause = format!("{} cannot be used: {why}", path.display());
        EmbedError::new(Problem::ModelUnusable, cause)
    };
    let metadata = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    if metadata.len() > TOKENIZER_BYTES_MAX as u64 {
        return Err(unusable(format!(
            "it has more than {TOKENIZER_BYTES_MAX} bytes"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let read = Tokenizer::from_bytes(bytes);
    let mut tokenizer = read.map_err(|error| unusable(error.to_string()))?;
    let off = tokenizer.with_truncation(None);
    off.map_err(|error| unusable(error.to_string()))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// How many tokens the model adds to those of a text.
fn added_tokens(tokenizer: &Tokenizer) -> usize {
    use tokenizers::PostProcessor;
    let processor = tokenizer.get_post_processor();
    processor.map_or(0, |processor| processor.added_tokens(false))
}

fn name_of(folder: &Path) -> Option<String> {
    let whole = folder.canonicalize().ok()?;
    Some(whole.file_name()?.to_string_lossy().into_owned())
}

/// Lets others run on this thread, and lets whoever waits for this drop it.
async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|cx| {
        if gave {
            return Poll::Ready(());
        }
        gave = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
