//! Tokenizers of a `tokenizer.json`, of each kind whose joints are known, and of one that is not.

use std::path::Path;

use ::tokenizers::Tokenizer as Inner;
use ::tokenizers::pre_tokenizers::byte_level::ByteLevel;
use dutiful_documents::ChunkOptions;
use dutiful_documents::tokenizer::{HuggingFace, Tokenizer};
use serde_json::{Value, json};

use crate::check::{chunks, document};

const WORDPIECE: &[u8] = include_bytes!("../wordpiece.json");

/// Bytes and some merges, divided as GPT-2 does.
fn byte_level() -> Value {
    let merges = [
        ["Ġ", "t"],
        ["h", "e"],
        ["Ġt", "he"],
        ["i", "n"],
        ["in", "g"],
        [".", "Ċ"],
        ["Ċ", "Ċ"],
        ["a", "b"],
        ["b", "c"],
    ];
    let mut tokens: Vec<String> = ByteLevel::alphabet()
        .into_iter()
        .map(String::from)
        .collect();
    tokens.sort();
    tokens.extend(merges.iter().map(|pair| pair.concat()));
    let vocab: serde_json::Map<String, Value> = tokens
        .into_iter()
        .zip(0..)
        .map(|(token, id)| (token, json!(id)))
        .collect();
    json!({
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    })
}

/// Words with a mark before each, as SentencePiece has them.
fn marked_words() -> Value {
    let letters = "abcdefghijklmnopqrstuvwxyz.,#-|日本語"
        .chars()
        .map(String::from);
    let words = ["▁", "▁the", "ing", "▁a", "▁#", "ab", "bc"].map(String::from);
    let mut vocab = vec![json!(["<unk>", 0.0])];
    vocab.extend(words.into_iter().map(|word| json!([word, -2.5])));
    vocab.extend(letters.map(|letter| json!([letter, -4.0])));
    json!({
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocab},
    })
}

/// The same pieces over the whole text: nothing is known of where it divides.
fn unmarked() -> Value {
    let mut json = marked_words();
    json["pre_tokenizer"] = Value::Null;
    json
}

fn load(json: &Value) -> HuggingFace {
    HuggingFace::from_bytes(json.to_string().as_bytes()).unwrap()
}

pub(crate) fn all() -> Vec<Box<dyn Tokenizer>> {
    let wordpiece = HuggingFace::from_bytes(WORDPIECE).unwrap();
    let mut all: Vec<Box<dyn Tokenizer>> = vec![Box::new(wordpiece)];
    for json in [byte_level(), marked_words(), unmarked()] {
        all.push(Box::new(load(&json)));
    }
    all
}

#[test]
fn truncation_and_padding_of_the_file_are_off() {
    let tokenizer = HuggingFace::from_bytes(WORDPIECE).unwrap();
    assert_eq!(
        tokenizer.count("task ".repeat(1_000).as_str()).unwrap(),
        1_000
    );
    assert_eq!(tokenizer.count("task").unwrap(), 1);
    assert_eq!(tokenizer.count("").unwrap(), 0);
}

#[test]
fn a_long_document_is_many_chunks_although_the_file_truncates() {
    let tokenizer = HuggingFace::from_bytes(WORDPIECE).unwrap();
    let text = "The worker runs the task and settles it. ".repeat(500);
    let found = chunks(&document(&text), &ChunkOptions::default(), &tokenizer);
    assert!(found.len() > 10);
    assert!(
        found
            .iter()
            .rev()
            .skip(1)
            .all(|chunk| chunk.token_count > 200)
    );
}

#[test]
fn words_that_are_remembered_have_the_tokens_of_the_whole_text() {
    let text =
        "Größe Tasks, retried; «日本語です。» e\u{301}te\u{301} [MASK] x\u{200b}y\tz\n".repeat(3);
    for json in [
        serde_json::from_slice(WORDPIECE).unwrap(),
        byte_level(),
        marked_words(),
    ] {
        let mut inner = Inner::from_bytes(json.to_string()).unwrap();
        inner.with_truncation(None).unwrap().with_padding(None);
        let whole = inner.encode(text.as_str(), false).unwrap();
        // Some leave out the space that begins a token, but for the first.
        let letter = |place: usize| text.len() - text[place..].trim_start().len();
        let expected: Vec<usize> = whole
            .get_offsets()
            .iter()
            .map(|place| letter(place.0))
            .collect();
        let tokenizer = load(&json);
        for _ in 0..2 {
            let mut starts = Vec::new();
            tokenizer.encode(&text, &mut starts).unwrap();
            let starts: Vec<usize> = starts.into_iter().map(letter).collect();
            assert_eq!(starts, expected, "{}", json["pre_tokenizer"]);
        }
    }
}

#[test]
fn hostile_text_is_encoded() {
    for tokenizer in all() {
        for pattern in [
            " ", "\n", "x", "!", "\u{3000}", " \n", "'s", "語", "\u{301}",
        ] {
            let text = format!("a{}b", pattern.repeat((1 << 16) / pattern.len()));
            chunks(&document(&text), &ChunkOptions::default(), &*tokenizer);
        }
    }
}

#[test]
fn the_name_tells_vocabularies_apart() {
    let names: Vec<String> = all()
        .iter()
        .map(|tokenizer| tokenizer.name().to_owned())
        .collect();
    let mut different = names.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), names.len());
    assert!(names[0].starts_with("tokenizer.json-"));
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    for bytes in [
        &b""[..],
        b"{}",
        b"null",
        b"\xff",
        br#"{"model": {"type": "WordPiece"}}"#,
    ] {
        let error = HuggingFace::from_bytes(bytes).err().unwrap();
        assert_eq!(error.code(), "tokenizer_unusable", "{error}");
    }
    let error = HuggingFace::from_file(Path::new("/nowhere/tokenizer.json"))
        .err()
        .unwrap();
    assert_eq!(error.code(), "tokenizer_unusable");
    assert!(error.cause().contains("/nowhere/tokenizer.json"));
}
