//! What chunking gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::outline::Outline;
use super::pack::Piece;
use super::pages;
use crate::Document;

/// The chunks of a document and what made them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunks {
    /// The name of the splitter.
    pub chunker: String,
    /// Its version: with another one the same document may give other chunks.
    pub chunker_version: u32,
    /// The [name](crate::tokenizer::Tokenizer::name) of the tokenizer that counted.
    pub tokenizer: String,
    /// The chunks in the order of the text; none when it has nothing but blank space.
    pub chunks: Vec<Chunk>,
}

/// A part of a document that is found as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunk {
    /// Its place among the chunks of the document, counted from 0.
    pub ordinal: u32,
    /// The text, exactly `markdown[start..end]`; neither end of it is blank.
    pub text: String,
    /// Byte of the document's Markdown at which it begins.
    pub start: usize,
    /// Byte after its last one.
    pub end: usize,
    /// The page on which it begins, counted from 1.
    pub page_first: u32,
    /// The page on which it ends.
    pub page_last: u32,
    /// The headings that all of its text stands below, the outermost first, its own among them; at
    /// most 6 of at most 200 bytes each.
    pub heading_path: Vec<String>,
    /// How many tokens the text has when it is encoded alone, without special tokens.
    pub token_count: u32,
    /// The SHA-256 of the text, in hexadecimal digits.
    pub content_hash: String,
}

pub(super) fn chunk_of(
    document: &Document,
    outline: &Outline,
    piece: Piece,
    ordinal: u32,
) -> Chunk {
    let text = &document.markdown[piece.start..piece.end];
    let (page_first, page_last) = pages::of(&document.pages, piece.start, piece.end);
    let path = &outline.sections[piece.section].path;
    Chunk {
        ordinal,
        text: text.to_owned(),
        start: piece.start,
        end: piece.end,
        page_first,
        page_last,
        heading_path: path[..piece.depth].to_vec(),
        token_count: u32::try_from(piece.tokens).unwrap_or(u32::MAX),
        content_hash: hex(&Sha256::digest(text)),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four & 15)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}
