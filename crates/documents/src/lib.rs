//! Documents to Markdown (plain text, Markdown, HTML, DOCX, PPTX, XLSX, XLS, EPUB and PDF with a text
//! layer), and that to chunks for search.
//!
//! [`transcribe`] is a pure function from bytes to a [`Document`]; [`chunk`](chunk()) is one from
//! that to the [`Chunks`] that a search finds, counted by a [`tokenizer`]; [`guides`] are documents
//! of the project itself in each of the formats, to try it on. All bounds stand in [`limits`].
//!
//! ```
//! use dutiful_documents::tokenizer::Estimate;
//! use dutiful_documents::{ChunkOptions, chunk, guides, transcribe};
//!
//! let guide = &guides::all()[1];
//! let document = transcribe(guide.bytes, Some(guide.file_name))?;
//! let chunks = chunk(&document, &ChunkOptions::default(), &Estimate)?.chunks;
//!
//! let claimed = chunks.iter().find(|chunk| chunk.text.contains("A worker looks for rows"));
//! let claimed = claimed.ok_or("the guide tells of claiming")?;
//! assert_eq!(claimed.heading_path, ["The life of a task", "Claimed"]);
//! assert!(claimed.token_count <= 254);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`embed`] makes vectors of them, by a model on this machine or by a provider, and [`search`] finds the nearest.
//!
//! Not here: text recognition in pictures, storing of chunks and vectors, and fetching a document.

mod assemble;
mod blocks;
pub mod child;
mod chunk;
mod clean;
mod detect;
mod document;
mod docx;
pub mod embed;
pub mod engines;
mod epub;
mod error;
mod files;
pub mod guides;
mod html;
mod hyphens;
pub mod limits;
mod line;
mod markdown;
mod package;
mod pdf;
mod picture;
mod pptx;
mod reading;
mod recognize;
pub mod search;
mod sheet;
pub mod tasks;
mod text;
mod transcribe;
mod watch;
mod xls;
mod xlsx;

pub use chunk::{Chunk, ChunkError, ChunkOptions, Chunks, chunk, tokenizer};
pub use document::{Document, Format, Page};
pub use engines::Engines;
pub use error::TranscribeError;
pub use reading::{Method, Reading, RecognizedPage, Told};
pub use tasks::{TranscribeDocument, TranscribePayload};
pub use transcribe::{transcribe, transcribe_until, transcribe_with};
