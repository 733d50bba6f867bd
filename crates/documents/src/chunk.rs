//! Splits a document into pieces for search: whole blocks where they fit, exact byte ranges, and a
//! limit of tokens that no piece exceeds.
//!
//! [`outline`] reads the Markdown, [`sizes`] encodes the text once, [`pack`] decides where chunks
//! begin and end, [`cut`] where a text may be cut. Not here: embedding and storing of chunks.

mod cut;
mod error;
mod options;
mod outline;
mod pack;
mod pages;
mod result;
mod sizes;
pub mod tokenizer;

pub use error::ChunkError;
pub use options::ChunkOptions;
#[cfg(feature = "onnx")]
pub(crate) use result::hex;
pub use result::{Chunk, Chunks};

use crate::Document;
use crate::limits::OUTPUT_BYTES_MAX;
use error::Problem;
use outline::Outline;
use sizes::Sizes;
use tokenizer::Tokenizer;

/// What splits documents here.
const CHUNKER: &str = "dutiful-markdown";
/// Raised whenever the same document, options and tokenizer would give other chunks.
const CHUNKER_VERSION: u32 = 1;

/// Splits a document into chunks.
///
/// Sections are packed up to the target; a heading goes with what follows it. Tables and code
/// stay whole where they fit into the limit, lists, items and paragraphs where they fit into the
/// target; else a table is split at its rows, code at its lines, a list at its items, a paragraph
/// at the ends of its sentences, a sentence between words, and a word between characters. Sections
/// with less than [`min_tokens`](ChunkOptions::min_tokens) take the next one of their level or
/// below with them. What repeats between neighbours never reaches into another section.
///
/// Every character that is not blank is in at least one chunk, the text of each chunk is
/// `document.markdown[start..end]`, and no chunk has more tokens than the limit when it is encoded
/// alone. The same input gives the same chunks.
///
/// # Errors
/// Every failure has a stable [`code`](ChunkError::code), a cause and a fix: options that
/// contradict each other, a document above the limits of [`limits`](crate::limits), too many
/// chunks, a tokenizer that fails.
///
/// ```
/// use dutiful_documents::tokenizer::Estimate;
/// use dutiful_documents::{ChunkOptions, chunk, transcribe};
///
/// let document = transcribe(b"# Tea\n\nPour it.\n\n## Milk\n\nIt goes in last.\n", None)?;
/// let options = ChunkOptions { min_tokens: 0, ..ChunkOptions::default() };
/// let chunks = chunk(&document, &options, &Estimate)?.chunks;
///
/// assert_eq!(chunks[1].text, "## Milk\n\nIt goes in last.");
/// assert_eq!(chunks[1].heading_path, ["Tea", "Milk"]);
/// assert_eq!(document.markdown[chunks[1].start..chunks[1].end], chunks[1].text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn chunk(
    document: &Document,
    options: &ChunkOptions,
    tokenizer: &dyn Tokenizer,
) -> Result<Chunks, ChunkError> {
    let bounds = options.bounds()?;
    let text = document.markdown.as_str();
    if text.len() > OUTPUT_BYTES_MAX {
        let bytes = text.len();
        let cause = format!("the Markdown has {bytes} bytes, {OUTPUT_BYTES_MAX} are allowed");
        return Err(ChunkError::new(Problem::DocumentTooLarge, cause));
    }
    let outline = Outline::of(text);
    let sizes = Sizes::measure(text, &outline, tokenizer)?;
    let pieces = pack::pack(text, &outline, &sizes, bounds)?;
    let numbered = pieces.into_iter().zip(0..);
    Ok(Chunks {
        chunker: CHUNKER.to_owned(),
        chunker_version: CHUNKER_VERSION,
        tokenizer: tokenizer.name().to_owned(),
        chunks: numbered
            .map(|(piece, ordinal)| result::chunk_of(document, &outline, piece, ordinal))
            .collect(),
    })
}
