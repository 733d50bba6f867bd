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
        let parts = between(text, |at| self.is_apart(text, at));
        self.remembered
            .encode(parts, starts, |part| self.places(part))
    }

    fn count(&self, text: &str) -> Result<usize, ChunkError> {
        Ok(self.inner.count_ordinary(text))
    }

    /// A single space that follows something else begins a token whatever stands around it.
    fn is_apart(&self, text: &str, at: usize) -> bool {
        let (before, after) = around(text, at);
        after == Some(' ') && before.is_some_and(|c| !c.is_whitespace())
    }
}
