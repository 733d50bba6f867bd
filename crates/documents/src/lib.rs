//! Documents to Markdown: plain text, Markdown, HTML, DOCX and PDF with a text layer.
//!
//! [`transcribe`] is a pure function from bytes to a [`Document`]; [`guides`] are documents of the
//! project itself in each of the formats, to try it on. All bounds stand in [`limits`].
//!
//! Not here: text recognition in pictures, splitting a document for search, and fetching one.

mod assemble;
mod chunk;
mod clean;
mod detect;
mod document;
mod docx;
mod error;
mod files;
pub mod guides;
mod html;
pub mod limits;
mod markdown;
mod pdf;
mod task;
mod text;
mod transcribe;
mod watch;

pub use chunk::{Chunk, ChunkError, ChunkOptions, Chunks, chunk, tokenizer};
pub use document::{Document, Format, Page};
pub use error::TranscribeError;
pub use task::{TranscribeDocument, TranscribePayload};
pub use transcribe::{transcribe, transcribe_until};
