//! What can go wrong with embedding: a stable code, the cause, what to do about it, and whether to try again.

use std::fmt;
use std::time::Duration;

use crate::limits::{HOLD_MAX, HOLD_MIN, LINE_BYTES_MAX};

/// Why a text was not embedded, or why a provider did not describe a picture or write down speech.
///
/// The text of it says the cause and the fix; [`code`](Self::code) never changes and is what programs look at. No
/// secret is in it.
///
/// ```
/// use dutiful_documents::embed::{EmbedError, Remedy};
///
/// let error = EmbedError::answer_unusable("there are 3 vectors for 4 texts");
/// assert_eq!(error.code(), "answer_unusable");
/// assert_eq!(error.remedy(), Remedy::Retry);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedError {
    problem: Problem,
    cause: String,
}

/// What a task does about an [`EmbedError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Try again later, as after any failure.
    Retry,
    /// Nobody asks this provider before that much time has passed, and nothing is charged: it was not the text's
    /// fault. It is a time from now, so that the database's clock decides when that is.
    HoldFor(Duration),
    /// Trying again cannot help.
    Final,
}

/// The kinds of failure, one for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(all(feature = "onnx", feature = "remote")), allow(dead_code))]
pub(crate) enum Problem {
    AnswerUnusable,
    BatchRefused,
    EmptyText,
    InferenceFailed,
    InvalidSettings,
    KeyUnusable,
    LibraryUnusable,
    ModelUnusable,
    Overloaded(Duration),
    QuotaUsedUp(Duration),
    RateLimited(Duration),
    RequestRefused,
    ServerFailed,
    TextRefused,
    TextTooLong,
    TookTooLong,
    Unauthorized,
    Unreachable,
    WrongDimensions,
}

impl EmbedError {
    pub(crate) fn new(problem: Problem, cause: impl Into<String>) -> Self {
        let mut cause = cause.into();
        crate::clean::shorten(&mut cause, LINE_BYTES_MAX);
        Self { problem, cause }
    }

    /// The failure of an [`Embedder`](super::Embedder) that was given something other than vectors of the texts.
    pub fn answer_unusable(cause: impl fmt::Display) -> Self {
        Self::new(Problem::AnswerUnusable, cause.to_string())
    }

    /// The failure of an [`Embedder`](super::Embedder) that is to be left alone for so long.
    pub fn hold(time: Duration, cause: impl fmt::Display) -> Self {
        Self::new(Problem::RateLimited(time), cause.to_string())
    }

    /// The failure of an [`Embedder`](super::Embedder) that does not take this text; others may go through.
    pub fn text_refused(cause: impl fmt::Display) -> Self {
        Self::new(Problem::TextRefused, cause.to_string())
    }

    /// The failure of an [`Embedder`](super::Embedder) that takes no text at all, now or later.
    pub fn hopeless(cause: impl fmt::Display) -> Self {
        Self::new(Problem::RequestRefused, cause.to_string())
    }

    /// The stable name of the failure, for example `rate_limited`.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::AnswerUnusable => "answer_unusable",
            Problem::BatchRefused => "batch_refused",
            Problem::EmptyText => "empty_text",
            Problem::InferenceFailed => "inference_failed",
            Problem::InvalidSettings => "invalid_settings",
            Problem::KeyUnusable => "key_unusable",
            Problem::LibraryUnusable => "library_unusable",
            Problem::ModelUnusable => "model_unusable",
            Problem::Overloaded(_) => "overloaded",
            Problem::QuotaUsedUp(_) => "quota_used_up",
            Problem::RateLimited(_) => "rate_limited",
            Problem::RequestRefused => "request_refused",
            Problem::ServerFailed => "server_failed",
            Problem::TextRefused => "text_refused",
            Problem::TextTooLong => "text_too_long",
            Problem::TookTooLong => "took_too_long",
            Problem::Unauthorized => "unauthorized",
            Problem::Unreachable => "unreachable",
            Problem::WrongDimensions => "wrong_dimensions",
        }
    }

    /// What was found, for example `the provider answered 429: slow down`.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.problem {
            Problem::AnswerUnusable => {
                "check the model, or the provider's address; the task tries again"
            }
            Problem::BatchRefused => {
                "the task tries again with what is left; if it ends the same way, check the model's name and settings"
            }
            Problem::EmptyText => "leave it out",
            Problem::InferenceFailed => "the task tries again; check the machine's memory",
            Problem::InvalidSettings => "correct the settings",
            Problem::KeyUnusable => {
                "put the provider's key into that file or variable, on one line"
            }
            Problem::LibraryUnusable => {
                "take libonnxruntime.so of onnxruntime 1.22 or later, for example from the Python package onnxruntime \
                 (`pip download onnxruntime`, folder onnxruntime/capi), and name it in the settings"
            }
            Problem::ModelUnusable => {
                "name a folder with the ONNX export of a sentence-transformers model: model.onnx and tokenizer.json"
            }
            Problem::Overloaded(_) | Problem::RateLimited(_) => {
                "nothing: it goes on when the provider allows it"
            }
            Problem::QuotaUsedUp(_) => "raise the provider's quota; it goes on by itself then",
            Problem::RequestRefused => "check the address, the model's name and its dimensions",
            Problem::ServerFailed | Problem::TookTooLong | Problem::Unreachable => {
                "look at the provider's state; the task tries again"
            }
            Problem::TextRefused => "look at the text; the provider tells what is wrong with it",
            Problem::TextTooLong => "split it into smaller chunks",
            Problem::Unauthorized => "check the key, and what it is allowed to do",
            Problem::WrongDimensions => "set the dimensions that the model has",
        }
    }

    /// Whether it is this text that was refused, so that others may go through.
    pub fn is_about_the_text(&self) -> bool {
        matches!(
            self.problem,
            Problem::EmptyText | Problem::TextRefused | Problem::TextTooLong
        )
    }

    /// Whether to try again.
    pub fn remedy(&self) -> Remedy {
        match self.problem {
            Problem::Overloaded(time) | Problem::QuotaUsedUp(time) | Problem::RateLimited(time) => {
                Remedy::HoldFor(time.clamp(HOLD_MIN, HOLD_MAX))
            }
            Problem::AnswerUnusable
            | Problem::BatchRefused
            | Problem::InferenceFailed
            | Problem::ServerFailed
            | Problem::TookTooLong
            | Problem::Unreachable => Remedy::Retry,
            Problem::EmptyText
            | Problem::InvalidSettings
            | Problem::KeyUnusable
            | Problem::LibraryUnusable
            | Problem::ModelUnusable
            | Problem::RequestRefused
            | Problem::TextRefused
            | Problem::TextTooLong
            | Problem::Unauthorized
            | Problem::WrongDimensions => Remedy::Final,
        }
    }
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code(), self.cause, self.fix())
    }
}

impl std::error::Error for EmbedError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_neither_nothing_nor_forever() {
        for (asked, held) in [
            (Duration::ZERO, HOLD_MIN),
            (Duration::from_secs(90), Duration::from_secs(90)),
            (Duration::MAX, HOLD_MAX),
        ] {
            let error = EmbedError::new(Problem::RateLimited(asked), "slow down");
            assert_eq!(error.remedy(), Remedy::HoldFor(held));
        }
    }
}
