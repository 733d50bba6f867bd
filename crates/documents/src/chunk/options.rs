//! How large chunks are, and whether that can be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ChunkError;
use super::error::Problem;
use crate::limits::{CHUNK_BYTES_PER_TOKEN_MAX, TOKENS_MAX, TOKENS_MIN};

/// How large chunks are, in tokens of the tokenizer that counts them.
///
/// ```
/// use dutiful_documents::ChunkOptions;
///
/// // A model that reads 512 tokens and puts two of its own around each text.
/// let options = ChunkOptions { max_tokens: 512, target_tokens: Some(400), ..Default::default() };
/// assert_eq!(options.reserve_tokens, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChunkOptions {
    /// What the model can read at once, its own special tokens with it. 256 by default, which is
    /// what all-MiniLM-L6-v2 was made for.
    pub max_tokens: u32,
    /// How many of these the model needs for its special tokens. A text has at most
    /// `max_tokens - reserve_tokens`; that must be between 32 and 32,768. 2 by default.
    pub reserve_tokens: u32,
    /// How far a chunk is filled; only a table or a code block that would have to be split goes
    /// beyond it. As much as a text can have by default.
    pub target_tokens: Option<u32>,
    /// Most tokens at the end of a chunk that the next one of the same section repeats, from the
    /// beginning of a sentence, line or word. At most half the target; 32 by default, 0 for none.
    pub overlap_tokens: u32,
    /// Sections with less than this take the next one with them when it is of their level or
    /// below. At most half the target; 32 by default, 0 for never.
    pub min_tokens: u32,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self {
            max_tokens: 256,
            reserve_tokens: 2,
            target_tokens: None,
            overlap_tokens: 32,
            min_tokens: 32,
        }
    }
}

/// The options as the packer uses them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most tokens of a text.
    pub(super) limit: usize,
    pub(super) target: usize,
    pub(super) overlap: usize,
    pub(super) min: usize,
    /// Most bytes of a text: there are tokenizers to which a megabyte without a space is one token.
    pub(super) bytes: usize,
}

impl ChunkOptions {
    pub(super) fn bounds(&self) -> Result<Bounds, ChunkError> {
        let limit = self.max_tokens.saturating_sub(self.reserve_tokens);
        if !(TOKENS_MIN..=TOKENS_MAX).contains(&limit) {
            return Err(invalid(format!(
                "max_tokens less reserve_tokens is {limit}, it must be {TOKENS_MIN} to {TOKENS_MAX}"
            )));
        }
        let target = self.target_tokens.unwrap_or(limit);
        if !(TOKENS_MIN..=limit).contains(&target) {
            return Err(invalid(format!(
                "target_tokens is {target}, it must be {TOKENS_MIN} to {limit}, which is max_tokens less reserve_tokens"
            )));
        }
        let half = target / 2;
        for (name, value) in [
            ("overlap_tokens", self.overlap_tokens),
            ("min_tokens", self.min_tokens),
        ] {
            if value > half {
                return Err(invalid(format!(
                    "{name} is {value}, at most {half} are allowed, half the target"
                )));
            }
        }
        let wide = |tokens: u32| usize::try_from(tokens).unwrap_or(usize::MAX);
        Ok(Bounds {
            limit: wide(limit),
            target: wide(target),
            overlap: wide(self.overlap_tokens),
            min: wide(self.min_tokens),
            bytes: wide(limit).saturating_mul(CHUNK_BYTES_PER_TOKEN_MAX),
        })
    }
}

fn invalid(cause: String) -> ChunkError {
    ChunkError::new(Problem::InvalidOptions, cause)
}
