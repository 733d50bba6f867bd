//! What can go wrong with chunking: a stable code, the cause, and what to do about it.

use std::fmt;

use crate::limits::LINE_BYTES_MAX;

/// Why a document was not split into chunks.
///
/// The text of it says the cause and the fix; [`code`](Self::code) never changes and is what
/// programs look at.
///
/// ```
/// use dutiful_documents::{ChunkOptions, chunk, tokenizer::Estimate, transcribe};
///
/// let document = transcribe(b"Some text.", None)?;
/// let options = ChunkOptions { max_tokens: 8, ..ChunkOptions::default() };
/// let error = chunk(&document, &options, &Estimate).unwrap_err();
/// assert_eq!(error.code(), "invalid_options");
/// # Ok::<(), dutiful_documents::TranscribeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkError {
    problem: Problem,
    cause: String,
}

/// The kinds of failure, one for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    InvalidOptions,
    DocumentTooLarge,
    TooManyChunks,
    CharacterTooLarge,
    TokenizerUnusable,
    TokenizerFailed,
}

impl ChunkError {
    pub(super) fn new(problem: Problem, cause: impl Into<String>) -> Self {
        let mut cause = cause.into();
        crate::clean::shorten(&mut cause, LINE_BYTES_MAX);
        Self { problem, cause }
    }

    /// The failure of a [`Tokenizer`](crate::tokenizer::Tokenizer) that has met text which it
    /// cannot encode.
    pub fn tokenizer_failed(cause: impl fmt::Display) -> Self {
        Self::new(Problem::TokenizerFailed, cause.to_string())
    }

    /// The refusal of a [`Tokenizer`](crate::tokenizer::Tokenizer) that cannot be made of what it was given.
    pub fn tokenizer_unusable(cause: impl fmt::Display) -> Self {
        Self::new(Problem::TokenizerUnusable, cause.to_string())
    }

    /// The stable name of the failure, for example `invalid_options`.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::InvalidOptions => "invalid_options",
            Problem::DocumentTooLarge => "document_too_large",
            Problem::TooManyChunks => "too_many_chunks",
            Problem::CharacterTooLarge => "character_too_large",
            Problem::TokenizerUnusable => "tokenizer_unusable",
            Problem::TokenizerFailed => "tokenizer_failed",
        }
    }

    /// What was found, for example `overlap_tokens is 200, at most 127 are allowed, half the
    /// target`.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.problem {
            Problem::InvalidOptions => "correct the options",
            Problem::DocumentTooLarge => "split the document and submit its parts",
            Problem::TooManyChunks => {
                "raise target_tokens or min_tokens, lower overlap_tokens, or split the document"
            }
            Problem::CharacterTooLarge => "raise max_tokens, or use another tokenizer",
            Problem::TokenizerUnusable => "give the tokenizer.json that belongs to the model",
            Problem::TokenizerFailed => "check that the tokenizer belongs to the model",
        }
    }
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code(), self.cause, self.fix())
    }
}

impl std::error::Error for ChunkError {}
