//! Options and documents that are refused, and the run's own names.

use super::check::{Bytes, document, plain};
use dutiful_documents::tokenizer::{Estimate, Tokenizer};
use dutiful_documents::{ChunkError, ChunkOptions, chunk, limits};

fn refused(options: &ChunkOptions) -> ChunkError {
    chunk(&document("text"), options, &Estimate).unwrap_err()
}

#[test]
fn options_that_contradict_each_other_are_refused_by_name() {
    let with = |change: fn(&mut ChunkOptions)| {
        let mut options = ChunkOptions::default();
        change(&mut options);
        options
    };
    let cases = [
        (with(|o| o.max_tokens = 0), "max_tokens"),
        (with(|o| o.max_tokens = 33), "max_tokens"),
        (with(|o| o.max_tokens = u32::MAX), "max_tokens"),
        (with(|o| o.reserve_tokens = 250), "max_tokens"),
        (with(|o| o.target_tokens = Some(255)), "target_tokens"),
        (with(|o| o.target_tokens = Some(31)), "target_tokens"),
        (with(|o| o.overlap_tokens = 128), "overlap_tokens"),
        (with(|o| o.min_tokens = 128), "min_tokens"),
    ];
    for (options, name) in cases {
        let error = refused(&options);
        assert_eq!(error.code(), "invalid_options");
        assert!(error.cause().starts_with(name), "{error}");
        assert!(!error.fix().is_empty());
    }
}

#[test]
fn the_reserve_is_taken_off_what_the_model_reads() {
    let options = ChunkOptions {
        reserve_tokens: 24,
        ..plain(64)
    };
    let found = super::check::chunks(&document(&"x".repeat(60)), &options, &Bytes);
    assert_eq!(found[0].token_count, 40);
}

#[test]
fn options_are_read_from_json_and_unknown_ones_refused() {
    let options: ChunkOptions = serde_json::from_str(r#"{"max_tokens": 512}"#).unwrap();
    assert_eq!(options.max_tokens, 512);
    assert_eq!(options.overlap_tokens, 32);
    assert!(serde_json::from_str::<ChunkOptions>(r#"{"max_token": 512}"#).is_err());
}

#[test]
fn a_document_above_the_limit_is_refused() {
    let text = "a ".repeat(limits::OUTPUT_BYTES_MAX / 2 + 1);
    let error = chunk(&document(&text), &plain(64), &Bytes).unwrap_err();
    assert_eq!(error.code(), "document_too_large");
}

#[test]
fn more_chunks_than_are_allowed_are_refused() {
    let text = "# a\n\nb\n\n".repeat(limits::CHUNKS_MAX + 1);
    let error = chunk(&document(&text), &plain(64), &Bytes).unwrap_err();
    assert_eq!(error.code(), "too_many_chunks");
    let joined = ChunkOptions {
        min_tokens: 32,
        ..plain(64)
    };
    assert!(chunk(&document(&text), &joined, &Bytes).is_ok());
}

/// Each character is more than fits.
struct Exploding;

impl Tokenizer for Exploding {
    fn name(&self) -> &'static str {
        "exploding"
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        starts.extend(std::iter::repeat_n(0, text.len() * 40));
        Ok(())
    }
}

/// Knows no letters.
struct Failing;

impl Tokenizer for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn encode(&self, _text: &str, _starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        Err(ChunkError::tokenizer_failed("no such letter"))
    }
}

#[test]
fn what_a_tokenizer_does_wrong_is_an_error() {
    let error = chunk(&document("some text"), &plain(32), &Exploding).unwrap_err();
    assert_eq!(error.code(), "character_too_large");
    let error = chunk(&document("some text"), &plain(32), &Failing).unwrap_err();
    assert_eq!(error.code(), "tokenizer_failed");
    assert!(error.to_string().contains("no such letter"));
}

#[test]
fn a_run_tells_what_made_it_and_hashes_tell_texts_apart() {
    let found = chunk(
        &document("# Tea\n\nPour it.\n"),
        &ChunkOptions::default(),
        &Estimate,
    );
    let found = found.unwrap();
    assert_eq!(found.chunker, "dutiful-markdown");
    assert_eq!(found.chunker_version, 1);
    assert_eq!(found.tokenizer, "estimate-1");
    assert_eq!(
        found.chunks[0].content_hash,
        "c4edcb5223dbe6a3a31c58bc9d8918d0b7079ae09c6ca83434f0529bb703ddea"
    );
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(
        serde_json::from_str::<dutiful_documents::Chunks>(&json).unwrap(),
        found
    );
}
