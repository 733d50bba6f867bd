//! The task that shows a document to readers once all of it is there.

use dutiful::documents::{Generation, GenerationId, Published, VectorCounts};
use dutiful::{Client, Context, Task, TaskError, limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embed::{self, EmbedChunks, EmbedPayload};
use super::parts;

/// How often the batches of a document are submitted again because what they had made is gone.
const ROUNDS_MAX: u32 = 5;

/// Which document to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPayload {
    /// The number of a generation that is whole.
    pub generation: i64,
    /// How often its batches have been submitted again; not given when they have not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Whether readers see it; not so when they see a newer one.
    pub live: bool,
    /// How many chunks have a vector.
    pub vectors: u32,
    /// How many chunks the model does not take; they are found by their words.
    pub refused: u32,
    /// How many batches were submitted again; another task shows the document when they have ended.
    #[serde(default)]
    pub again: u32,
}

/// Waits for the batches of a document, then shows the document to readers, in one transaction, and takes out what
/// it replaces. If a batch came to nothing, so does the document, and readers go on seeing the one before.
///
/// A batch leaves out texts that have a vector already, from another document. If that goes before this one is shown,
/// its vector may go with it: then the batches that lack one are submitted again.
#[derive(Debug, Clone, Copy)]
pub struct PublishDocument;

impl Task for PublishDocument {
    type Payload = PublishPayload;
    type Output = Publication;

    async fn process(
        &self,
        payload: Self::Payload,
        cx: &Context,
    ) -> Result<Publication, TaskError> {
        let id = GenerationId(payload.generation);
        parts::told(cx, id, finish(id, payload.round, cx).await).await
    }

    fn name() -> &'static str {
        "PublishDocument"
    }

    fn emoji(&self) -> &'static str {
        "📚"
    }
}

async fn finish(id: GenerationId, round: u32, cx: &Context) -> Result<Publication, TaskError> {
    let client = cx.client()?;
    if let Some(why) = failed_batch(cx).await? {
        return Err(TaskError::discard(why));
    }
    let generation = client.documents().generation(id).await?;
    let counts = counts(client, &generation).await?;
    let batches = match &generation.model {
        Some(model) if missing(&generation, &counts) > 0 && round < ROUNDS_MAX => {
            let chunks = generation.chunks.unwrap_or(0);
            embed::batches(client, id, model, chunks).await?
        }
        _ => Vec::new(),
    };
    if batches.is_empty() {
        return show(client, &generation, &counts).await;
    }
    let again = u32::try_from(batches.len()).unwrap_or(u32::MAX);
    after(cx, id, round + 1, batches).await?;
    Ok(Publication {
        live: false,
        vectors: counts.there,
        refused: counts.refused,
        again,
    })
}

/// Why one of the batches came to nothing, if one did.
async fn failed_batch(cx: &Context) -> Result<Option<String>, TaskError> {
    let mut from = 0;
    loop {
        let items = cx.items(from, limits::ITEMS_PAGE_MAX).await?;
        let Some(last) = items.last() else {
            return Ok(None);
        };
        from = last.number + 1;
        // One that was removed had ended; what it left undone is found by counting.
        let failed = items
            .iter()
            .find(|item| item.state.is_some() && !item.succeeded());
        if let Some(item) = failed {
            let why = item.error_message.as_deref().unwrap_or("no reason is kept");
            return Ok(Some(format!("task {} came to nothing: {why}", item.id)));
        }
    }
}

/// How far the vectors of a generation are, where it is to have any.
async fn counts(client: &Client, generation: &Generation) -> Result<VectorCounts, TaskError> {
    Ok(match &generation.model {
        Some(model) => {
            let documents = client.documents();
            documents.vector_counts(generation.id, model).await?
        }
        None => VectorCounts::default(),
    })
}

/// How many chunks have neither been embedded nor refused.
fn missing(generation: &Generation, counts: &VectorCounts) -> u32 {
    let chunks = match generation.model {
        Some(_) => generation.chunks.unwrap_or(0),
        None => 0,
    };
    chunks.saturating_sub(counts.there + counts.refused)
}

/// Submits batches, and what shows the document when they have ended.
pub(super) async fn after(
    cx: &Context,
    id: GenerationId,
    round: u32,
    batches: Vec<EmbedPayload>,
) -> Result<(), TaskError> {
    let items = batches
        .into_iter()
        .map(|batch| cx.submit::<EmbedChunks>(batch));
    let payload = PublishPayload {
        generation: id.0,
        round,
    };
    Ok(cx.submit::<PublishDocument>(payload).after(items).await?)
}

/// Shows a generation to readers, if all of its chunks have been embedded or refused.
pub(super) async fn publish(
    client: &Client,
    generation: &Generation,
) -> Result<Publication, TaskError> {
    show(client, generation, &counts(client, generation).await?).await
}

async fn show(
    client: &Client,
    generation: &Generation,
    counts: &VectorCounts,
) -> Result<Publication, TaskError> {
    let missing = missing(generation, counts);
    if missing > 0 {
        let text = format!("{missing} chunks have no vector yet");
        return Err(TaskError::failed(text));
    }
    let documents = client.documents();
    let published = documents.publish(generation.id).await?;
    documents.sweep().await?;
    Ok(Publication {
        live: published == Published::Live,
        vectors: counts.there,
        refused: counts.refused,
        again: 0,
    })
}
