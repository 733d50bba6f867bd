//! What parent and child say to one another, and how: a line of JSON each, the document itself
//! aside. What is said when stands in `conversation.rs` and `serve.rs`.
//!
//! The child says `ready`; the parent answers with a [`Request`] and the bytes of the document. Then
//! the child tells of pages, and waits after each for a line of the parent that says "kept"; at last it
//! says `done` or `failed`. The parent has all it wants then, and kills it.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::{Document, Engines, RecognizedPage, Told, TranscribeError};

/// The first argument of a program that is started to read a document.
pub(super) const TRANSCRIBE: &str = "--dutiful-child=transcribe";
/// The first argument of a program that is started to become another one that dies with its parent.
pub(super) const BECOME: &str = "--dutiful-child=become";
/// What parent and child must agree on. It rises when either would misunderstand the other.
pub(super) const VERSION: u32 = 1;
/// What the parent says when a page is kept.
pub(super) const KEPT: &[u8] = b"\n";

/// What the child is to do; the bytes of the document follow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) document_bytes: usize,
    pub(super) name_hint: Option<String>,
    pub(super) engines: Engines,
    pub(super) known: Vec<RecognizedPage>,
    pub(super) cpu_seconds: u64,
    pub(super) memory_bytes: u64,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Answer {
    /// It is one of us; the document can come.
    Ready {
        version: u32,
    },
    /// Something that the caller wants to hear, and has to answer.
    Told(Told),
    Done(Box<Document>),
    Failed(Failure),
}

/// A [`TranscribeError`] on its way. The kind travels as such, so that the code, the fix and whether it is
/// worth another try are the same on both sides.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    problem: Problem,
    cause: String,
}

impl From<&TranscribeError> for Failure {
    fn from(error: &TranscribeError) -> Self {
        Self {
            problem: error.problem(),
            cause: error.cause().to_owned(),
        }
    }
}

impl From<Failure> for TranscribeError {
    fn from(failure: Failure) -> Self {
        TranscribeError::new(failure.problem, failure.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_same_on_both_sides() {
        for problem in [Problem::Malformed, Problem::Io, Problem::CpuLimit] {
            let error = TranscribeError::new(problem, "a \"cause\"\n");
            let line = serde_json::to_string(&Answer::Failed((&error).into())).unwrap();
            assert!(!line.contains('\n'), "{line}");
            let Answer::Failed(failure) = serde_json::from_str(&line).unwrap() else {
                panic!("{line}");
            };
            assert_eq!(TranscribeError::from(failure), error);
        }
    }
}
