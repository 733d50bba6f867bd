//! What counts tokens: a narrow trait, and who implements it.

#[cfg(feature = "tiktoken")]
mod cl100k;
mod estimate;
#[cfg(feature = "tokenizers")]
mod hugging_face;
#[cfg(feature = "tokenizers")]
mod independence;
#[cfg(any(feature = "tiktoken", feature = "tokenizers"))]
mod remembered;

#[cfg(feature = "tiktoken")]
pub use cl100k::Cl100k;
pub use estimate::Estimate;
#[cfg(feature = "tokenizers")]
pub use hugging_face::HuggingFace;

use super::ChunkError;

/// Turns text into tokens, of which only the places matter.
///
/// ```
/// use dutiful_documents::ChunkError;
/// use dutiful_documents::tokenizer::Tokenizer;
///
/// /// One token for each byte, as some models have it.
/// struct Bytes;
///
/// impl Tokenizer for Bytes {
///     fn name(&self) -> &str {
///         "bytes"
///     }
///     fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
///         starts.extend(0..text.len());
///         Ok(())
///     }
///     fn is_apart(&self, _text: &str, _at: usize) -> bool {
///         true
///     }
/// }
/// assert_eq!(Bytes.count("abc")?, 3);
/// # Ok::<(), ChunkError>(())
/// ```
pub trait Tokenizer: Send + Sync {
    /// Names the tokenizer and its version or vocabulary: what has the same name gives the same
    /// tokens.
    fn name(&self) -> &str;

    /// Appends for each token of `text` the byte at which it begins, in order. Special tokens of
    /// the model are not among them, and nothing is cut off. Several tokens may begin at one byte,
    /// and a token may begin within a character.
    ///
    /// # Errors
    /// [`ChunkError::tokenizer_failed`] for text that cannot be encoded.
    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError>;

    /// Whether the tokens of `text` are those of what stands before `at` and those of what stands
    /// after it, each encoded alone. True spares encoding a chunk again that is cut there; false
    /// is always right. `at` is between two characters, not at either end.
    fn is_apart(&self, text: &str, at: usize) -> bool {
        let _ = (text, at);
        false
    }

    /// How many tokens `text` has.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn count(&self, text: &str) -> Result<usize, ChunkError> {
        let mut starts = Vec::new();
        self.encode(text, &mut starts)?;
        Ok(starts.len())
    }
}

/// The characters on both sides of a place between two characters.
pub(crate) fn around(text: &str, at: usize) -> (Option<char>, Option<char>) {
    (text[..at].chars().next_back(), text[at..].chars().next())
}

/// The parts of a text between the places at which `divides` is true, each with its own place.
/// `divides` is given the characters on both sides of one, and it.
#[cfg(any(feature = "tiktoken", feature = "tokenizers"))]
fn between<'a>(
    text: &'a str,
    divides: impl Fn(char, char, usize) -> bool + 'a,
) -> impl Iterator<Item = (usize, &'a str)> + 'a {
    let pairs = text.chars().zip(text.char_indices().skip(1));
    let ends =
        pairs.filter_map(move |(before, (at, after))| divides(before, after, at).then_some(at));
    let mut start = 0;
    ends.chain([text.len()]).map(move |end| {
        let part = (start, &text[start..end]);
        start = end;
        part
    })
}
