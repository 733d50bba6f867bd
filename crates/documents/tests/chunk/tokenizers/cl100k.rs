//! The tokenizer that has its vocabulary with it.

use dutiful_documents::ChunkOptions;
use dutiful_documents::tokenizer::{Cl100k, Tokenizer};

use crate::check::{chunks, document};

#[test]
fn tokens_are_counted_and_placed() {
    let tokenizer = Cl100k::new();
    let mut starts = Vec::new();
    tokenizer.encode("tiktoken is great!", &mut starts).unwrap();
    assert_eq!(starts, [0, 1, 3, 8, 11, 17]);
    assert_eq!(tokenizer.count("<|endoftext|>").unwrap(), 7, "it is text");
}

#[test]
fn hostile_text_is_encoded() {
    let tokenizer = Cl100k::new();
    for pattern in [
        " ", "\n", "x", "!", "\u{3000}", " \n", "'s", "🦀", "\u{301}",
    ] {
        let text = format!("a{}b", pattern.repeat((1 << 19) / pattern.len()));
        chunks(&document(&text), &ChunkOptions::default(), &tokenizer);
    }
}
