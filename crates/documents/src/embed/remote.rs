//! A provider that speaks the API of OpenAI, on the internet or in the house.
//!
//! `settings` says where it is and what it allows, `key` holds its key, `link` makes one request, `refusal`
//! and `hold` understand why one was refused and for how long, `answer` reads vectors, `batch` cuts texts into
//! requests. `vision` and `speech` are the same client for pictures and sound.
//!
//! Nothing here waits for a provider that is busy, or asks twice for the same: the error says what to do.

mod answer;
mod batch;
mod hold;
mod key;
mod link;
mod refusal;
mod settings;
mod speech;
mod vision;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::error::Problem;
use super::{EmbedError, EmbedModel, Embedded, Embedder, Embedding, Purpose, Remedy};
use crate::tokenizer::{Estimate, Tokenizer};
use batch::{Batches, Splits};
use link::{Body, Link};
use refusal::Refusal;

pub use settings::{Provider, RemoteLimits, RemoteSettings, VectorFormat};
pub use speech::{Transcript, transcribe_speech};
pub use vision::describe_picture;

/// A provider of `/v1/embeddings`.
///
/// Texts are packed into requests within the provider's limits, one request after the other. When it refuses a
/// request for what is in it, the request is halved until the text is found, and the others are embedded.
///
/// ```
/// use dutiful_documents::embed::remote::{Provider, RemoteEmbedder, RemoteSettings};
///
/// let provider = Provider::new("http://127.0.0.1:8000/v1");
/// let settings = RemoteSettings::new(provider, "multilingual-e5-small", 384);
/// let embedder = RemoteEmbedder::new(settings)?;
/// # Ok::<(), dutiful_documents::embed::EmbedError>(())
/// ```
pub struct RemoteEmbedder {
    settings: RemoteSettings,
    model: EmbedModel,
    link: Link,
    tokenizer: Arc<dyn Tokenizer>,
    /// Times in a row that it wanted to be left alone.
    held: AtomicU32,
}

impl std::fmt::Debug for RemoteEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("RemoteEmbedder");
        debug
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl RemoteEmbedder {
    /// Checks the settings and reads the key. Nothing is asked yet.
    ///
    /// # Errors
    /// `invalid_settings`, and `key_unusable` when the file or variable holds none.
    pub fn new(settings: RemoteSettings) -> Result<Self, EmbedError> {
        settings.check()?;
        Ok(Self {
            model: EmbedModel {
                name: settings.model.clone(),
                revision: settings.revision.clone(),
                dimensions: settings.dimensions,
                max_tokens: settings.limits.text_tokens,
            },
            link: Link::new(&settings.provider)?,
            tokenizer: Arc::new(Estimate),
            held: AtomicU32::new(0),
            settings,
        })
    }

    /// Counts tokens by the model's own tokenizer. Without it they are estimated, rather too high.
    #[must_use]
    pub fn with_tokenizer(mut self, tokenizer: Arc<dyn Tokenizer>) -> Self {
        self.tokenizer = tokenizer;
        self
    }

    /// Vectors of texts that fit into one request.
    async fn ask(&self, texts: &[String]) -> Result<Vec<Embedded>, Refusal> {
        let settings = &self.settings;
        let request = Request {
            model: &settings.model,
            input: texts,
            encoding_format: settings.format.name(),
            dimensions: settings.ask_dimensions.then_some(settings.dimensions),
        };
        let body = serde_json::to_vec(&request);
        let body = body.map_err(|error| EmbedError::answer_unusable(error.to_string()))?;
        let most = answer::bytes_max(texts.len(), settings.dimensions);
        let body = Body {
            bytes: body,
            kind: "application/json".to_owned(),
        };
        let answer = self.link.post("/embeddings", body, most).await?;
        if !answer.status.is_success() {
            let held = self.held.load(Ordering::Relaxed);
            let refusal = refusal::of(&answer, held, self.link.key()?.as_ref());
            if matches!(refusal.why().remedy(), Remedy::HoldFor(_)) {
                self.held.store(held.saturating_add(1), Ordering::Relaxed);
            }
            return Err(refusal);
        }
        self.held.store(0, Ordering::Relaxed);
        Ok(answer::vectors(
            &answer.body,
            texts.len(),
            settings.dimensions,
        )?)
    }

    /// Embeds the texts of one batch into their places; an error ends everything.
    async fn batch(
        &self,
        texts: &[String],
        places: &[usize],
        done: &mut [Option<Result<Embedded, EmbedError>>],
    ) -> Result<(), EmbedError> {
        let mut splits = Splits::new(texts.len());
        while let Some(part) = splits.next() {
            match self.ask(&texts[part.clone()]).await {
                Ok(vectors) => {
                    for (vector, place) in vectors.into_iter().zip(&places[part]) {
                        done[*place] = Some(Ok(vector));
                    }
                }
                Err(Refusal::All(error)) => return Err(error),
                Err(Refusal::Some(error)) if part.len() == 1 => {
                    done[places[part.start]] = Some(Err(error));
                }
                Err(Refusal::Some(error)) => {
                    if let Some(rest) = splits.halve(part) {
                        let cause = format!("the provider refuses much of it: {}", error.cause());
                        let error = EmbedError::new(Problem::BatchRefused, cause);
                        for place in &places[rest] {
                            done[*place].get_or_insert_with(|| Err(error.clone()));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn all(&self, purpose: Purpose, texts: &[&str]) -> Vec<Result<Embedded, EmbedError>> {
        let mut done: Vec<Option<Result<Embedded, EmbedError>>> = vec![None; texts.len()];
        let prefix = match purpose {
            Purpose::Query => &self.settings.query_prefix,
            Purpose::Passage => &self.settings.passage_prefix,
        };
        let mut batches = Batches::new(self.settings.limits);
        let mut ended = None;
        for (place, text) in texts.iter().enumerate() {
            let text = format!("{prefix}{text}");
            match self.check(&text, texts[place]) {
                Ok(tokens) => batches.add(place, text, tokens),
                Err(error) => done[place] = Some(Err(error)),
            }
        }
        for (texts, places) in batches.finish() {
            if let Err(error) = self.batch(&texts, &places, &mut done).await {
                ended = Some(error);
                break;
            }
        }
        let missing = || EmbedError::answer_unusable("a text was passed over");
        let ended = ended.unwrap_or_else(missing);
        let filled = done.into_iter();
        filled
            .map(|one| one.unwrap_or_else(|| Err(ended.clone())))
            .collect()
    }

    /// The tokens of a text, if it may be sent.
    fn check(&self, whole: &str, text: &str) -> Result<u32, EmbedError> {
        if text.trim().is_empty() {
            return Err(EmbedError::new(Problem::EmptyText, "a text is empty"));
        }
        let limits = self.settings.limits;
        let too_long = |what: String| Err(EmbedError::new(Problem::TextTooLong, what));
        if whole.len() > limits.request_bytes as usize {
            let bytes = limits.request_bytes;
            return too_long(format!("it has more than the {bytes} bytes of a request"));
        }
        // A token has a byte at least, so that short texts are not estimated too high.
        let bytes = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        let counted = self.tokenizer.count(whole);
        let counted = counted.map_err(|error| {
            EmbedError::new(Problem::TextRefused, format!("its tokens: {error}"))
        })?;
        let tokens = u32::try_from(counted).unwrap_or(u32::MAX).min(bytes);
        match limits.text_tokens {
            most if tokens > most => {
                too_long(format!("it has {tokens} tokens, {most} are allowed"))
            }
            _ => Ok(tokens),
        }
    }
}

impl Embedder for RemoteEmbedder {
    fn model(&self) -> &EmbedModel {
        &self.model
    }

    fn embed<'a>(&'a self, purpose: Purpose, texts: &'a [&'a str]) -> Embedding<'a> {
        Box::pin(self.all(purpose, texts))
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

/// What a provider is given to answer one request, when nothing else is set.
const ANSWER_TIME: Duration = Duration::from_secs(60);
