//! Texts to vectors, by a model on this machine or by a provider.
//!
//! [`Embedder`] is what a task uses, without knowing which it is. What failed is told for each text, and what to do
//! about it by [`Remedy`]: nothing here waits or tries again, since that is for the task to do. Not here: storing
//! vectors, and looking for the nearest ones, which is [`search`](crate::search)'s.

mod error;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "remote")]
pub mod remote;

use std::pin::Pin;

pub use error::{EmbedError, Remedy};
#[cfg(feature = "onnx")]
pub use onnx::{OnnxEmbedder, OnnxSettings};
#[cfg(feature = "remote")]
pub use remote::{RemoteEmbedder, RemoteSettings};

/// Turns texts into vectors whose dot product tells how near their meanings are.
///
/// ```
/// use dutiful_documents::embed::{EmbedModel, Embedded, Embedder, Embedding, Purpose};
///
/// /// Tells how many vowels and consonants there are.
/// struct Letters(EmbedModel);
///
/// impl Embedder for Letters {
///     fn model(&self) -> &EmbedModel {
///         &self.0
///     }
///     fn embed<'a>(&'a self, _purpose: Purpose, texts: &'a [&'a str]) -> Embedding<'a> {
///         Box::pin(async move {
///             let one = |text: &&str| {
///                 let vowels = text.chars().filter(|c| "aeiou".contains(*c)).count() as f32;
///                 Embedded::new(vec![vowels, text.len() as f32 - vowels])
///             };
///             texts.iter().map(one).collect()
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let model = EmbedModel {
///     name: "letters".into(),
///     revision: "1".into(),
///     dimensions: 2,
///     max_tokens: 1_000,
/// };
/// let vectors = Letters(model).embed(Purpose::Passage, &["tea"]).await;
/// let length: f32 = vectors[0].as_ref().unwrap().vector.iter().map(|x| x * x).sum();
/// assert!((length - 1.0).abs() < 1e-6);
/// # }
/// ```
pub trait Embedder: Send + Sync {
    /// The model, which tells vectors apart that must not be compared.
    fn model(&self) -> &EmbedModel;

    /// A result for each text, in their order. Texts that were embedded stay so when a later one fails, and those
    /// that were not reached have the error that ended it.
    ///
    /// A model on this machine computes on the thread that polls, and gives way after each text; a provider is
    /// waited for. Dropped, it ends there. Never sleeps, and never asks again after an error.
    fn embed<'a>(&'a self, purpose: Purpose, texts: &'a [&'a str]) -> Embedding<'a>;
}

/// What [`Embedder::embed`] gives: results for each text.
pub type Embedding<'a> =
    Pin<Box<dyn Future<Output = Vec<Result<Embedded, EmbedError>>> + Send + 'a>>;

/// What a text is: models that were trained for search tell the two apart by words put before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Part of a document, to be found.
    Passage,
    /// What is looked for.
    Query,
}

/// Which model makes the vectors. Vectors of models that differ in name, revision or dimensions have nothing to do
/// with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedModel {
    /// Its name, for example `all-MiniLM-L6-v2`.
    pub name: String,
    /// What tells versions of it apart: a hash of its files, or what the settings say.
    pub revision: String,
    /// Numbers of a vector.
    pub dimensions: u32,
    /// Most tokens of one text, without those that the model itself adds.
    pub max_tokens: u32,
}

/// A text as a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// As many numbers as the model has dimensions, of length 1 together.
    pub vector: Vec<f32>,
    /// The text is longer than the model takes, and only its beginning is in the vector.
    pub cut: bool,
    /// Tokens that went into it, where that is known, those that the model adds among them.
    pub tokens: Option<u32>,
}

impl Embedded {
    /// Makes the vector's length 1.
    ///
    /// # Errors
    /// `answer_unusable` for a vector that holds no finite number other than zero, or one that is not finite.
    pub fn new(mut vector: Vec<f32>) -> Result<Self, EmbedError> {
        let square: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
        let length = square.sqrt();
        // What is not finite makes the sum so too.
        if !length.is_finite() || length == 0.0 {
            let cause = "a vector is all zero, or holds what is no number";
            return Err(EmbedError::answer_unusable(cause));
        }
        for x in &mut vector {
            #[allow(clippy::cast_possible_truncation)]
            {
                *x = (f64::from(*x) / length) as f32;
            }
        }
        Ok(Self {
            vector,
            cut: false,
            tokens: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_the_length_of_one() {
        for vector in [vec![3.0, 4.0], vec![3e-30, 4e-30], vec![3e30, 4e30]] {
            let vector = Embedded::new(vector).unwrap().vector;
            assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6);
        }
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        for vector in [
            vec![],
            vec![0.0, -0.0],
            vec![1.0, f32::NAN],
            vec![f32::INFINITY, 1.0],
        ] {
            let error = Embedded::new(vector).unwrap_err();
            assert_eq!(error.code(), "answer_unusable");
        }
    }
}
