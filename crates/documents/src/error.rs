//! What can go wrong with a document: a stable code, the cause, and what to do about it.

use std::fmt;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl TranscribeError {
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
        }
    }

    /// What was found, for example `the archive has 20000 entries, 10000 are allowed`.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.problem {
            Problem::Empty => "give a file that has content",
            Problem::InputTooLarge | Problem::TooManyPages | Problem::OutputTooLarge => {
                "split the document and submit its parts"
            }
            Problem::Unsupported => {
                "save it as plain text, Markdown, HTML, DOCX, PPTX, XLSX, EPUB or PDF with a text layer"
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
            Problem::ParserPanicked => "save it again in its own program, or in another format",
            Problem::Path => "give the path of a regular file below the root, relative to the root",
            Problem::Io => "check that the file exists and can be read; the task tries again",
            Problem::Stopped => "nothing: the task runs again",
            Problem::TookTooLong => "try again on a less busy machine, or split the document",
        }
    }

    /// Whether the document itself is at fault, so that trying again cannot help. False for what
    /// may pass: reading the file, a stop that was asked for, a busy machine.
    pub fn is_invalid_input(&self) -> bool {
        !matches!(
            self.problem,
            Problem::Io | Problem::Stopped | Problem::TookTooLong
        )
    }
}

impl fmt::Display for TranscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code(), self.cause, self.fix())
    }
}

impl std::error::Error for TranscribeError {}
