//! The one way in: bytes to a document, on a thread of its own so that no reader's panic or deep
//! recursion reaches the caller.

use std::any::Any;
use std::thread;

use crate::detect::{Kind, detect};
use crate::error::Problem;
use crate::limits::{INPUT_BYTES_MAX, PARSER_STACK_BYTES};
use crate::package::Opened;
use crate::watch::Watch;
use crate::{
    Document, Engines, Reading, TranscribeError, docx, epub, html, pdf, picture, pptx, text, xls,
    xlsx,
};

/// Turns the bytes of a document into Markdown.
///
/// The format is found by looking at the bytes. `name_hint` is the file's name; it only decides
/// between plain text, Markdown and HTML, which can look the same.
///
/// # Errors
/// Every failure has a stable [`code`](TranscribeError::code), a cause and a fix. Nothing panics,
/// and every limit of [`limits`](crate::limits) holds.
///
/// ```
/// let document = dutiful_documents::transcribe(b"# A title\n\nSome text.\n", Some("note.md"))?;
/// assert_eq!(document.title.as_deref(), Some("A title"));
/// assert_eq!(document.pages.len(), 1);
/// # Ok::<(), dutiful_documents::TranscribeError>(())
/// ```
pub fn transcribe(bytes: &[u8], name_hint: Option<&str>) -> Result<Document, TranscribeError> {
    transcribe_until(bytes, name_hint, &|| false)
}

/// Does what [`transcribe`] does, and ends early with the code `stopped` once `stop` says so. It is
/// asked between the pages of a document and the pieces of its text, from another thread.
///
/// # Errors
/// As [`transcribe`], and `stopped`.
pub fn transcribe_until(
    bytes: &[u8],
    name_hint: Option<&str>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Document, TranscribeError> {
    let engines = Engines::none();
    let reading = Reading {
        name_hint,
        stop,
        ..Reading::new(&engines)
    };
    transcribe_with(bytes, &reading)
}

/// Does what [`transcribe`] does with the programs and libraries that the reading names, which
/// recognize the text of pages that are pictures. Pages that the reading knows are not recognized
/// again, and each one that is recognized is told before the next begins.
///
/// # Errors
/// As [`transcribe`], `stopped`, and the error that `tell` gave.
pub fn transcribe_with(bytes: &[u8], reading: &Reading<'_>) -> Result<Document, TranscribeError> {
    check_size(bytes.len())?;
    thread::scope(|scope| {
        let parser = thread::Builder::new()
            .name("transcribe".into())
            .stack_size(PARSER_STACK_BYTES)
            .spawn_scoped(scope, || read(bytes, reading, &Watch::new(reading.stop)))
            .map_err(|e| {
                TranscribeError::new(Problem::Io, format!("no thread to parse on: {e}"))
            })?;
        parser.join().unwrap_or_else(|panic| Err(panicked(&*panic)))
    })
}

/// Whether a file of that many bytes is read at all.
pub(crate) fn check_size(bytes: usize) -> Result<(), TranscribeError> {
    if bytes == 0 {
        return Err(TranscribeError::new(
            Problem::Empty,
            "the file has no bytes",
        ));
    }
    if bytes > INPUT_BYTES_MAX {
        return Err(too_large(bytes as u64));
    }
    Ok(())
}

/// The refusal of a file with that many bytes.
pub(crate) fn too_large(bytes: u64) -> TranscribeError {
    let cause = format!("the file has {bytes} bytes, {INPUT_BYTES_MAX} are allowed");
    TranscribeError::new(Problem::InputTooLarge, cause)
}

fn read(bytes: &[u8], reading: &Reading<'_>, watch: &Watch) -> Result<Document, TranscribeError> {
    watch.check()?;
    match detect(bytes, reading.name_hint)? {
        Kind::Pdf => pdf::read(bytes, reading, watch),
        Kind::Picture(format) => picture::read(bytes, format, reading, watch),
        Kind::Package(Opened::Docx(package)) => docx::read(package, watch),
        Kind::Package(Opened::Pptx(package)) => pptx::read(package, watch),
        Kind::Package(Opened::Xlsx(package)) => xlsx::read(package, watch),
        Kind::Package(Opened::Epub(archive)) => epub::read(archive, watch),
        Kind::Xls(workbook) => xls::read(&workbook, watch),
        Kind::Html(decoded) => html::read(decoded, watch),
        Kind::Markdown(decoded) => text::read_markdown(decoded),
        Kind::Text(decoded) => text::read_plain(decoded),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> TranscribeError {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    TranscribeError::new(
        Problem::ParserPanicked,
        format!("the reader of the format failed: {text}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_reader_becomes_an_invalid_input_error() {
        let error = transcribe_until(b"text", None, &|| panic!("reader broke")).unwrap_err();
        assert_eq!(error.code(), "parser_panicked");
        assert!(error.is_invalid_input());
        assert!(error.cause().contains("reader broke"));
    }

    #[test]
    fn a_file_above_the_limit_is_refused_before_it_is_parsed() {
        assert_eq!(
            check_size(INPUT_BYTES_MAX + 1).unwrap_err().code(),
            "input_too_large"
        );
        assert!(check_size(INPUT_BYTES_MAX).is_ok());
    }
}
