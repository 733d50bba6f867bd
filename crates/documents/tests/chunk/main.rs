//! Chunks of every construct, of any text, and of hostile text, by every tokenizer.
//!
//! `wordpiece.json` is a tokenizer of BERT's kind whose vocabulary was made for these tests; it
//! asks for truncation and padding, as the files of real models do.
#![allow(clippy::unwrap_used, missing_docs)]

mod check;
mod constructs;
mod hostile;
mod options;
mod overlap;
mod properties;
mod sections;
mod tokenizers;
