//! The task that turns chunks into vectors.

use std::sync::Arc;
use std::time::Duration;

use dutiful::documents::{GenerationId, NewVector, UnseenChunk};
use dutiful::{Client, Context, Task, TaskError, Threads};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, model_name};
use crate::embed::{EmbedError, Embedder, Purpose, Remedy};
use crate::limits::{EMBED_BATCH_CHUNKS, EMBED_COMMIT_CHUNKS};

/// A worker that has another model leaves the task to others for so long.
const OTHER_MODEL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Which chunks to embed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedPayload {
    /// The number of a generation whose chunks are there.
    pub generation: i64,
    /// The model that they are for.
    pub model: String,
    /// The first of them.
    pub from: u32,
    /// The one before which it ends.
    pub until: u32,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedChunks {
    /// How many were embedded now; what was there before is not done again.
    pub embedded: u32,
    /// How many the model does not take; each has the reason in place of its vector.
    pub refused: u32,
    /// How many are longer than the model takes, so that only their beginning is in the vector.
    pub cut: u32,
}

/// Gives chunks their vectors, a few at a time, each few stored before the next.
///
/// A provider that says when it may be asked again ends the attempt: nothing is charged, and until then no worker on
/// the database asks it. A text that it refuses is refused alone. A refusal that is not about the text (a wrong key,
/// say) ends the task for good.
#[derive(Debug, Clone)]
pub struct EmbedChunks {
    config: Arc<Config>,
}

impl EmbedChunks {
    pub(super) fn with(config: Arc<Config>) -> Self {
        Self { config }
    }
}

impl Task for EmbedChunks {
    type Payload = EmbedPayload;
    type Output = EmbeddedChunks;

    async fn process(
        &self,
        payload: Self::Payload,
        cx: &Context,
    ) -> Result<EmbeddedChunks, TaskError> {
        let embedder = match self.config.embedder.as_deref() {
            Some(embedder) if model_name(embedder) == payload.model => embedder,
            _ => {
                cx.log(format!("this worker has no model {}", payload.model));
                return Err(TaskError::snooze(OTHER_MODEL));
            }
        };
        let client = cx.client()?;
        let id = GenerationId(payload.generation);
        let documents = client.documents();
        let mut done = EmbeddedChunks::default();
        let range = payload.until.saturating_sub(payload.from).max(1);
        let unseen = documents
            .unseen(id, &payload.model, payload.from, payload.until)
            .await?;
        for few in unseen.chunks(EMBED_COMMIT_CHUNKS) {
            if let Some(hold) = client.held(&hold_name(&payload.model)).await? {
                return Err(TaskError::rate_limited(hold.remaining));
            }
            let ended = embed(client, embedder, &payload.model, few, &mut done).await?;
            if let Some(error) = ended {
                return Err(self.ended(client, &payload.model, error).await?);
            }
            let here = few.last().map_or(payload.from, |chunk| chunk.number + 1);
            let percent = (here - payload.from).min(range) * 100 / range;
            cx.progress(
                u8::try_from(percent.min(99)).unwrap_or(99),
                "chunks embedded",
            );
        }
        Ok(done)
    }

    fn name() -> &'static str {
        "EmbedChunks"
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    fn batch_size(&self) -> usize {
        self.config.embed_at_once.max(1)
    }

    /// A model on this machine computes on the thread that it is asked on.
    fn threads(&self) -> Threads {
        Threads::Own
    }

    fn emoji(&self) -> &'static str {
        "🧭"
    }
}

impl EmbedChunks {
    /// What the task answers to an error that was not about a text.
    async fn ended(
        &self,
        client: &Client,
        model: &str,
        error: EmbedError,
    ) -> Result<TaskError, TaskError> {
        Ok(match error.remedy() {
            Remedy::Retry => error.into(),
            Remedy::Final => TaskError::discard(error),
            Remedy::HoldFor(time) => {
                let reason = error.to_string();
                client.hold(&hold_name(model), time, &reason).await?;
                TaskError::rate_limited(time)
            }
        })
    }
}

/// The batches of a generation in which a chunk has neither a vector nor the reason why there is none.
pub(super) async fn batches(
    client: &Client,
    id: GenerationId,
    model: &str,
    chunks: u32,
) -> Result<Vec<EmbedPayload>, TaskError> {
    let mut batches = Vec::new();
    for from in (0..chunks).step_by(EMBED_BATCH_CHUNKS as usize) {
        let until = chunks.min(from + EMBED_BATCH_CHUNKS);
        let unseen = client.documents().unseen(id, model, from, until).await?;
        if !unseen.is_empty() {
            batches.push(EmbedPayload {
                generation: id.0,
                model: model.to_owned(),
                from,
                until,
            });
        }
    }
    Ok(batches)
}

/// Embeds a few chunks and stores what came of it. Gives back the error that ended it before its time.
async fn embed(
    client: &Client,
    embedder: &dyn Embedder,
    model: &str,
    chunks: &[UnseenChunk],
    done: &mut EmbeddedChunks,
) -> Result<Option<EmbedError>, TaskError> {
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    let results = embedder.embed(Purpose::Passage, &texts).await;
    let mut vectors = Vec::with_capacity(chunks.len());
    let mut ended = None;
    for (chunk, result) in chunks.iter().zip(results) {
        let vector = match result {
            Ok(embedded) => {
                done.embedded += 1;
                done.cut += u32::from(embedded.cut);
                Ok(embedded.vector)
            }
            Err(error) if error.is_about_the_text() => {
                done.refused += 1;
                Err(error.to_string())
            }
            Err(error) => {
                ended.get_or_insert(error);
                continue;
            }
        };
        vectors.push(NewVector {
            content_hash: chunk.content_hash,
            vector,
        });
    }
    client.documents().put_vectors(model, &vectors).await?;
    Ok(ended)
}

/// The name under which a provider of a model is held.
fn hold_name(model: &str) -> String {
    let mut name = format!("embed:{model}");
    crate::clean::shorten(&mut name, dutiful::limits::HOLD_NAME_BYTES_MAX);
    name
}
