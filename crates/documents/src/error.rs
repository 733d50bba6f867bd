//! What can go wrong with a document: a stable code, the cause, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Format;
use crate::limits::LINE_BYTES_MAX;

/// Why a document was not transcribed.
///
/// The text of it says the cause and the fix; [`code`](Self::code) never changes and is what
/// programs look at.
///
/// ```
/// let error = dutiful_documents::transcribe(b"", None).unwrap_err();
/// assert_eq!(error.code(), "empty");
/// assert!(error.is_invalid_input());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscribeError {
    problem: Problem,
    cause: String,
}

/// The kinds of failure, one for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Problem {
    Empty,
    InputTooLarge,
    Unsupported,
    Malformed,
    Encrypted,
    ArchiveLimit,
    ArchivePath,
    MarkupLimit,
    ForbiddenMarkup,
    NoText,
    TooManyPages,
    OutputTooLarge,
    ParserPanicked,
    Path,
    Io,
    Stopped,
    TookTooLong,
    NotKept,
    PictureLimit,
    RecognitionMissing,
    RecognitionFailed,
    CpuLimit,
    MemoryLimit,
    ReaderCrashed,
    ReaderKilled,
    ReaderUnavailable,
}

impl TranscribeError {
    /// What a listener answers when it could not keep the page that it was told of.
    ///
    /// ```
    /// let error = dutiful_documents::TranscribeError::not_kept("the disk is full");
    /// assert_eq!(error.code(), "not_kept");
    /// assert!(!error.is_invalid_input());
    /// ```
    pub fn not_kept(cause: impl fmt::Display) -> Self {
        Self::new(Problem::NotKept, format!("a page was not kept: {cause}"))
    }

    pub(crate) fn new(problem: Problem, cause: impl Into<String>) -> Self {
        let mut cause = cause.into();
        crate::clean::shorten(&mut cause, LINE_BYTES_MAX);
        Self { problem, cause }
    }

    pub(crate) fn malformed(format: Format, cause: impl fmt::Display) -> Self {
        Self::new(
            Problem::Malformed,
            format!("the {format} cannot be read: {cause}"),
        )
    }

    /// The stable name of the failure, for example `unsupported_format`.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::Empty => "empty",
            Problem::InputTooLarge => "input_too_large",
            Problem::Unsupported => "unsupported_format",
            Problem::Malformed => "malformed",
            Problem::Encrypted => "encrypted",
            Problem::ArchiveLimit => "archive_limit",
            Problem::ArchivePath => "archive_path",
            Problem::MarkupLimit => "markup_limit",
            Problem::ForbiddenMarkup => "forbidden_markup",
            Problem::NoText => "no_text",
            Problem::TooManyPages => "too_many_pages",
            Problem::OutputTooLarge => "output_too_large",
            Problem::ParserPanicked => "parser_panicked",
            Problem::Path => "path_not_allowed",
            Problem::Io => "io",
            Problem::Stopped => "stopped",
            Problem::TookTooLong => "took_too_long",
            Problem::NotKept => "not_kept",
            Problem::PictureLimit => "picture_limit",
            Problem::RecognitionMissing => "recognition_missing",
            Problem::RecognitionFailed => "recognition_failed",
            Problem::CpuLimit => "cpu_limit",
            Problem::MemoryLimit => "memory_limit",
            Problem::ReaderCrashed => "reader_crashed",
            Problem::ReaderKilled => "reader_killed",
            Problem::ReaderUnavailable => "reader_unavailable",
        }
    }

    /// The kind of failure.
    #[cfg(unix)]
    pub(crate) fn problem(&self) -> Problem {
        self.problem
    }

    /// What was found, for example `the archive has 20000 entries, 10000 are allowed`.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.problem {
            Problem::Empty => "give a file that has content",
            Problem::InputTooLarge
            | Problem::TooManyPages
            | Problem::OutputTooLarge
            | Problem::CpuLimit
            | Problem::MemoryLimit => "split the document and submit its parts",
            Problem::Unsupported => {
                "save it as plain text, Markdown, HTML, DOCX, PPTX, XLSX, EPUB, PDF, PNG, JPEG or TIFF"
            }
            Problem::Malformed => "open it in the program that made it and save it again",
            Problem::Encrypted => "save it again without a password or other protection",
            Problem::ArchiveLimit | Problem::MarkupLimit | Problem::ForbiddenMarkup => {
                "check where it comes from; if it can be trusted, save it again or split it"
            }
            Problem::ArchivePath => {
                "check where it comes from; an honest program writes no such names"
            }
            Problem::NoText => "if its text is in pictures, run text recognition on it first",
            Problem::ParserPanicked | Problem::ReaderCrashed => {
                "save it again in its own program, or in another format"
            }
            Problem::Path => "give the path of a regular file below the root, relative to the root",
            Problem::Io => "check that the file exists and can be read; the task tries again",
            Problem::Stopped => "nothing: the task runs again",
            Problem::PictureLimit => "save it with fewer pixels",
            Problem::RecognitionMissing => {
                "install what is missing, or name where it is, and try again"
            }
            Problem::RecognitionFailed => {
                "look whether the program works by hand; the task tries again"
            }
            Problem::NotKept => "see the cause; the pages that were kept are not read again",
            Problem::ReaderKilled => {
                "see what killed it, for example a machine that is short of memory; the task tries again"
            }
            Problem::ReaderUnavailable => {
                "check that this program, or the one that is set as the reader, can be started; the task tries again"
            }
            Problem::TookTooLong => "try again on a less busy machine, or split the document",
        }
    }

    /// Whether the document itself is at fault, so that trying again cannot help. False for what
    /// may pass: reading the file, a stop that was asked for, a busy machine, a program that is missing.
    pub fn is_invalid_input(&self) -> bool {
        !matches!(
            self.problem,
            Problem::Io
                | Problem::Stopped
                | Problem::TookTooLong
                | Problem::NotKept
                | Problem::RecognitionMissing
                | Problem::RecognitionFailed
                | Problem::ReaderKilled
                | Problem::ReaderUnavailable
        )
    }
}

impl fmt::Display for TranscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code(), self.cause, self.fix())
    }
}

impl std::error::Error for TranscribeError {}
