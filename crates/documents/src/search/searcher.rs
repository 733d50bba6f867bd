//! Searching a collection: by meaning among the vectors of what readers see, by words with what the engine has, and
//! both merged.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use dutiful::documents::{Documents, GenerationId, StoredChunk, StoredDocument};
use dutiful::{Client, ErrorKind};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::cache::Seen;
use super::reciprocal_rank_fusion;
use crate::embed::{EmbedError, Embedder, Purpose};
use crate::limits::{HITS_MAX, QUESTION_BYTES_MAX};
use crate::tasks::model_name;

/// So many candidates of each kind are merged for each hit that is asked for.
const CANDIDATES: usize = 5;

/// Searches collections. It keeps the vectors of those that it has searched in memory, and reads only what has changed
/// since; keep it, and share it.
///
/// ```
/// use dutiful::{Client, Worker};
/// use dutiful_documents::search::Searcher;
/// use dutiful_documents::tasks::{self, Config};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// let worker = Worker::new(client.clone()).register(tasks::tasks(Config::default())).start().await?;
/// let added = tasks::add(&client, "manuals", "pump.md", b"# Pump\n\nIt stops by itself.").await?;
/// while client.documents().get(added.document.id).await?.live.is_none() {
///     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
/// }
///
/// // Without an embedder chunks are found by their words.
/// let found = Searcher::new(client.clone(), None).search("manuals", "When does it stop?", 3).await?;
/// assert_eq!((found[0].name.as_str(), found[0].chunk.first_page), ("pump.md", 1));
/// worker.shutdown().await;
/// # Ok(()) }
/// ```
pub struct Searcher {
    client: Client,
    embedder: Option<Arc<dyn Embedder>>,
    seen: Mutex<HashMap<String, Arc<Mutex<Seen>>>>,
}

/// A chunk that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Found {
    /// The number of its document.
    pub document: i64,
    /// The document's name in its collection.
    pub name: String,
    /// The document's title.
    pub title: Option<String>,
    /// The chunk: its text, pages, headings and place.
    pub chunk: StoredChunk,
    /// How good it is among the others; higher is better. Scores of different searches do not compare.
    pub score: f64,
    /// How near its meaning is, from -1 to 1; `None` where it was found by its words alone.
    pub cosine: Option<f32>,
}

/// Why nothing was searched.
#[derive(Debug)]
#[non_exhaustive]
pub enum SearchError {
    /// The question is empty or too long.
    Question(String),
    /// The database, or what it holds.
    Database(dutiful::Error),
    /// The question could not be embedded.
    Embed(EmbedError),
    /// The vectors do not fit into memory, or not to each other.
    Vectors(super::MatrixError),
}

impl Searcher {
    /// Searches with this embedder, which must be the one that the documents were embedded by; without one by words
    /// alone.
    pub fn new(client: Client, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self {
            client,
            embedder,
            seen: Mutex::default(),
        }
    }

    /// The best chunks of a collection for a question, at most 200 and the best first. A collection without
    /// documents has none.
    ///
    /// # Errors
    /// A question of no or more than 8 KiB; whatever the database or the embedder says.
    pub async fn search(
        &self,
        collection: &str,
        question: &str,
        limit: usize,
    ) -> Result<Vec<Found>, SearchError> {
        check(question)?;
        let limit = limit.clamp(1, HITS_MAX / CANDIDATES);
        let candidates = limit * CANDIDATES;
        let by_meaning = self.by_meaning(collection, question, candidates).await?;
        let most = u32::try_from(candidates).unwrap_or(u32::MAX);
        let documents = self.client.documents();
        let by_words = documents.with_words(collection, question, most).await?;
        let ids: Vec<i64> = by_meaning.iter().map(|(id, _)| *id).collect();
        let merged = reciprocal_rank_fusion(&[&ids, &by_words], candidates);
        let cosines: HashMap<i64, f32> = by_meaning.into_iter().collect();
        let mut found = Vec::with_capacity(limit);
        let mut of = Owners::default();
        for few in merged.chunks(limit) {
            let ids: Vec<i64> = few.iter().map(|one| one.item).collect();
            let chunks = documents.chunks_by_id(&ids).await?;
            for chunk in chunks {
                // It may have been replaced since.
                let Some(document) = of.document(documents, chunk.generation).await? else {
                    continue;
                };
                let score = few.iter().find(|one| one.item == chunk.id);
                found.push(Found {
                    document: document.id.0,
                    name: document.name.clone(),
                    title: document.generation.title.clone(),
                    score: score.map_or(0.0, |one| one.score),
                    cosine: cosines.get(&chunk.id).copied(),
                    chunk,
                });
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// The chunks whose meaning is nearest, with their cosines.
    async fn by_meaning(
        &self,
        collection: &str,
        question: &str,
        limit: usize,
    ) -> Result<Vec<(i64, f32)>, SearchError> {
        let Some(embedder) = &self.embedder else {
            return Ok(Vec::new());
        };
        let seen = {
            let mut all = self.seen.lock().await;
            Arc::clone(all.entry(collection.to_owned()).or_default())
        };
        let mut seen = seen.lock().await;
        seen.refresh(
            self.client.documents(),
            collection,
            &model_name(&**embedder),
        )
        .await?;
        if seen.matrix().is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = embedder.embed(Purpose::Query, &[question]).await;
        let nothing = || EmbedError::answer_unusable("there is no vector for the question");
        let embedded = answers.pop().unwrap_or_else(|| Err(nothing()))?;
        let hits = seen.matrix().nearest(&embedded.vector, limit)?;
        Ok(hits.into_iter().map(|hit| (hit.id, hit.score)).collect())
    }
}

impl fmt::Debug for Searcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Searcher").finish_non_exhaustive()
    }
}

/// Documents of generations that were looked up for one search.
#[derive(Default)]
struct Owners(HashMap<GenerationId, Option<StoredDocument>>);

impl Owners {
    async fn document(
        &mut self,
        documents: Documents<'_>,
        generation: GenerationId,
    ) -> dutiful::Result<Option<&StoredDocument>> {
        let owner = match self.0.entry(generation) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(look_up(documents, generation).await?),
        };
        Ok(owner.as_ref())
    }
}

/// The document that readers see as this generation.
async fn look_up(
    documents: Documents<'_>,
    id: GenerationId,
) -> dutiful::Result<Option<StoredDocument>> {
    let found = async {
        let generation = documents.generation(id).await?;
        let mut document = documents.get(generation.document).await?;
        // The newest one may be another, which readers do not see yet.
        document.generation = generation;
        Ok(document)
    };
    match found.await {
        Ok(document) => Ok((document.live == Some(id)).then_some(document)),
        Err(error) if dutiful::Error::kind(&error) == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn check(question: &str) -> Result<(), SearchError> {
    let bytes = question.len();
    if question.trim().is_empty() {
        return Err(SearchError::Question("the question is empty".into()));
    }
    if bytes > QUESTION_BYTES_MAX {
        let text = format!("the question has {bytes} bytes, {QUESTION_BYTES_MAX} are allowed");
        return Err(SearchError::Question(text));
    }
    Ok(())
}

impl SearchError {
    /// The stable name of the failure, for example `unreachable` or `invalid_question`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Question(_) => "invalid_question",
            Self::Database(error) => error.kind().code(),
            Self::Embed(error) => error.code(),
            Self::Vectors(error) => error.code(),
        }
    }
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(text) => f.write_str(text),
            Self::Database(error) => error.fmt(f),
            Self::Embed(error) => write!(f, "the question cannot be embedded: {error}"),
            Self::Vectors(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SearchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Question(_) => None,
            Self::Database(error) => Some(error),
            Self::Embed(error) => Some(error),
            Self::Vectors(error) => Some(error),
        }
    }
}

impl From<dutiful::Error> for SearchError {
    fn from(error: dutiful::Error) -> Self {
        Self::Database(error)
    }
}

impl From<EmbedError> for SearchError {
    fn from(error: EmbedError) -> Self {
        Self::Embed(error)
    }
}

impl From<super::MatrixError> for SearchError {
    fn from(error: super::MatrixError) -> Self {
        Self::Vectors(error)
    }
}
