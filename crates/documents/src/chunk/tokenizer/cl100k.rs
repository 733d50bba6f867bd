//! Counts tokens as OpenAI's embedding models do.

use tiktoken_rs::{CoreBPE, cl100k_base_singleton};

use super::remembered::Remembered;
use super::{Tokenizer, around, between};
use crate::ChunkError;

/// `cl100k_base`, the tokenizer of `text-embedding-ada-002` and `text-embedding-3-*`.
///
/// Text that looks like a special token, such as `<|endoftext|>`, is text.
///
/// ```
/// use dutiful_documents::tokenizer::{Cl100k, Tokenizer};
///
/// assert_eq!(Cl100k::new().count("tiktoken is great!")?, 6);
/// # Ok::<(), dutiful_documents::ChunkError>(())
/// ```
pub struct Cl100k {
    inner: &'static CoreBPE,
    /// The bytes of each token.
    lengths: Vec<u8>,
    remembered: Remembered,
}

impl Cl100k {
    /// Unpacks the vocabulary the first time, which takes a fraction of a second.
    pub fn new() -> Self {
        let inner = cl100k_base_singleton();
        let ranks = (0_u32..).map_while(|rank| inner.decode_bytes(&[rank]).ok());
        let lengths = ranks.map(|bytes| u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        Self {
            inner,
            lengths: lengths.collect(),
            remembered: Remembered::default(),
        }
    }

    /// The places of one part's tokens.
    fn places(&self, part: &str) -> Result<Vec<usize>, ChunkError> {
        let mut at = 0;
        let place = |rank: u32| {
            let length = self.lengths.get(rank as usize);
            let length = length.ok_or_else(|| {
                ChunkError::tokenizer_failed(format!("token {rank} is none of the vocabulary"))
            })?;
            at += usize::from(*length);
            Ok(at - usize::from(*length))
        };
        self.inner
            .encode_ordinary(part)
            .into_iter()
            .map(place)
            .collect()
    }
}

impl Default for Cl100k {
    fn default() -> Self {
        Self::new()
    }
}

impl Tokenizer for Cl100k {
    fn name(&self) -> &'static str {
        "cl100k_base"
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        let parts = between(text, |before, after, _| divides(before, after));
        self.remembered
            .encode(parts, starts, |part| self.places(part))
    }

    fn count(&self, text: &str) -> Result<usize, ChunkError> {
        Ok(self.inner.count_ordinary(text))
    }

    fn is_apart(&self, text: &str, at: usize) -> bool {
        let (before, after) = around(text, at);
        before
            .zip(after)
            .is_some_and(|(before, after)| divides(before, after))
    }
}

/// Whether no token reaches from one character to the next, whatever stands around them: a space
/// begins what follows it, a line end ends what stands before it, and no word has signs.
fn divides(before: char, after: char) -> bool {
    let begins_with_space = after == ' ' && !before.is_whitespace();
    let ends_with_line = before == '\n' && !after.is_whitespace();
    let is_sign = before.is_ascii_alphanumeric() && after.is_ascii_punctuation();
    begins_with_space || ends_with_line || is_sign
}
