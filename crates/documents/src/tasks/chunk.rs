//! The task that cuts the text of a stored document, and lets its chunks be embedded.

use std::sync::Arc;
use std::thread::available_parallelism;

use dutiful::documents::{GenerationId, Stage};
use dutiful::{Context, Task, TaskError, Threads};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, embed, model_name, parts, publish};
use crate::ChunkOptions;

/// Which document to cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChunkPayload {
    /// The number of a generation whose pages are there.
    pub generation: i64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunked {
    /// How many chunks there are.
    pub chunks: u32,
    /// How many tasks embed them; none where there is no embedder, or its model has seen all of them.
    pub batches: u32,
}

/// Cuts the text of a stored document, and submits what embeds its chunks and then shows it to readers.
#[derive(Debug, Clone)]
pub struct ChunkDocument {
    config: Arc<Config>,
}

impl ChunkDocument {
    pub(super) fn with(config: Arc<Config>) -> Self {
        Self { config }
    }

    fn options(&self) -> ChunkOptions {
        let mut options = self.config.chunking.clone();
        if let Some(embedder) = &self.config.embedder {
            let takes = embedder
                .model()
                .max_tokens
                .saturating_add(options.reserve_tokens);
            let most = options.max_tokens.min(takes);
            if most < options.max_tokens {
                // What was fine for longer chunks may not be for these.
                options.max_tokens = most;
                options.target_tokens = None;
                options.overlap_tokens = options.overlap_tokens.min(most / 8);
                options.min_tokens = options.min_tokens.min(most / 8);
            }
        }
        options
    }

    async fn cut(&self, id: GenerationId, cx: &Context) -> Result<Chunked, TaskError> {
        let client = cx.client()?;
        let documents = client.documents();
        let generation = documents.generation(id).await?;
        if matches!(generation.stage, Stage::Live | Stage::Replaced) {
            return Err(TaskError::discard("the generation is live or replaced"));
        }
        let document = parts::document_of(&parts::all_pages(client, id).await?)?;
        let made = crate::chunk(&document, &self.options(), &*self.config.tokenizer);
        let made = made.map_err(TaskError::invalid)?.chunks;
        let count = u32::try_from(made.len()).unwrap_or(u32::MAX);
        let chunks: Vec<_> = made.into_iter().map(|c| parts::stored(c, id)).collect();
        let model = self.config.embedder.as_deref().map(model_name);
        if !documents.put_chunks(id, &chunks, model.as_deref()).await? {
            return Err(TaskError::discard("the generation is live or replaced"));
        }
        let batches = match &model {
            Some(model) => embed::batches(client, id, model, count).await?,
            None => Vec::new(),
        };
        let chunked = Chunked {
            chunks: count,
            batches: u32::try_from(batches.len()).unwrap_or(u32::MAX),
        };
        if batches.is_empty() {
            publish::publish(client, &documents.generation(id).await?).await?;
            return Ok(chunked);
        }
        publish::after(cx, id, 0, batches).await?;
        Ok(chunked)
    }
}

impl Task for ChunkDocument {
    type Payload = ChunkPayload;
    type Output = Chunked;

    async fn process(&self, payload: Self::Payload, cx: &Context) -> Result<Chunked, TaskError> {
        let id = GenerationId(payload.generation);
        parts::told(cx, id, self.cut(id, cx).await).await
    }

    fn name() -> &'static str {
        "ChunkDocument"
    }

    /// Counting tokens computes.
    fn batch_size(&self) -> usize {
        available_parallelism().map_or(2, usize::from)
    }

    fn threads(&self) -> Threads {
        Threads::Own
    }

    fn emoji(&self) -> &'static str {
        "✂️"
    }
}
