//! An embedder that knows the words of a small vocabulary, counts what it is asked, and fails as it is told.

use dutiful_documents::embed::{EmbedError, EmbedModel, Embedded, Embedder, Embedding, Purpose};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Each is a direction of its own; a text points to where its words do.
const WORDS: [&str; 6] = ["pump", "valve", "invoice", "holiday", "cat", "ocean"];

/// What is done about a text that has this word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// The provider is to be left alone for so long.
    Hold(Duration),
    /// This text cannot be embedded.
    Refuse,
    /// Nothing can.
    Hopeless,
}

/// Counts and remembers.
#[derive(Debug)]
pub(crate) struct Words {
    model: EmbedModel,
    pub(crate) asked: Mutex<Vec<(Instant, String)>>,
    answers: Mutex<Vec<(&'static str, Answer)>>,
}

impl Words {
    pub(crate) fn new(revision: &str) -> Arc<Words> {
        let model = EmbedModel {
            name: "words".into(),
            revision: revision.into(),
            dimensions: u32::try_from(WORDS.len()).unwrap(),
            max_tokens: 64,
        };
        Arc::new(Words {
            model,
            asked: Mutex::default(),
            answers: Mutex::default(),
        })
    }

    /// Answers so to texts with this word; a hold is answered once.
    pub(crate) fn answer(&self, word: &'static str, answer: Answer) {
        self.answers.lock().unwrap().push((word, answer));
    }

    /// How many texts it was asked for.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn one(&self, text: &str) -> Result<Embedded, EmbedError> {
        let now = (Instant::now(), text.to_owned());
        self.asked.lock().unwrap().push(now);
        let mut answers = self.answers.lock().unwrap();
        if let Some(at) = answers.iter().position(|(word, _)| text.contains(word)) {
            match answers[at].1 {
                Answer::Hold(time) => {
                    answers.remove(at);
                    return Err(EmbedError::hold(time, "429: slow down"));
                }
                Answer::Refuse => return Err(EmbedError::text_refused("400: not this text")),
                Answer::Hopeless => return Err(EmbedError::hopeless("401: wrong key")),
            }
        }
        let text = text.to_lowercase();
        let count = |word: &&str| text.matches(*word).count() as f32 + 0.01;
        Embedded::new(WORDS.iter().map(count).collect())
    }
}

impl Embedder for Words {
    fn model(&self) -> &EmbedModel {
        &self.model
    }

    fn embed<'a>(&'a self, _purpose: Purpose, texts: &'a [&'a str]) -> Embedding<'a> {
        Box::pin(async move {
            let mut results = Vec::new();
            let mut ended = None;
            for text in texts {
                let result = match &ended {
                    None => self.one(text),
                    Some(error) => Err(EmbedError::clone(error)),
                };
                if let Err(error) = &result
                    && !error.is_about_the_text()
                {
                    ended = Some(error.clone());
                }
                results.push(result);
            }
            results
        })
    }
}
