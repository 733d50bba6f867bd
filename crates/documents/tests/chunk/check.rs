//! What holds for the chunks of any document, and tokenizers that make it hard.

use dutiful_documents::tokenizer::Tokenizer;
use dutiful_documents::{Chunk, ChunkError, ChunkOptions, Document, Format, Page, chunk, limits};

/// A document of one page.
pub(crate) fn document(markdown: &str) -> Document {
    let page = Page {
        number: 1,
        start: 0,
        end: markdown.len(),
        ..Page::default()
    };
    Document {
        title: None,
        format: Format::Markdown,
        markdown: markdown.to_owned(),
        pages: vec![page],
        warnings: Vec::new(),
        language: None,
        metadata: std::collections::BTreeMap::new(),
    }
}

/// Chunks of up to `tokens` tokens, nothing reserved, repeated or joined.
pub(crate) fn plain(tokens: u32) -> ChunkOptions {
    ChunkOptions {
        max_tokens: tokens,
        reserve_tokens: 0,
        target_tokens: None,
        overlap_tokens: 0,
        min_tokens: 0,
    }
}

/// The chunks of a document, after everything was checked that always holds.
pub(crate) fn chunks(
    document: &Document,
    options: &ChunkOptions,
    tokenizer: &dyn Tokenizer,
) -> Vec<Chunk> {
    let found = chunk(document, options, tokenizer).unwrap();
    assert_eq!(found.tokenizer, tokenizer.name());
    let limit = options.max_tokens - options.reserve_tokens;
    let mut covered = 0;
    for (chunk, ordinal) in found.chunks.iter().zip(0..) {
        assert_eq!(chunk.ordinal, ordinal);
        assert_eq!(
            document.markdown[chunk.start..chunk.end],
            chunk.text,
            "the range is exact"
        );
        assert!(!chunk.text.is_empty() && chunk.text.trim() == chunk.text);
        let tokens = tokenizer.count(&chunk.text).unwrap();
        assert_eq!(tokens, chunk.token_count as usize, "{:?}", chunk.text);
        assert!(tokens <= limit as usize, "{tokens} tokens of {limit}");
        assert!(chunk.text.len() <= limit as usize * limits::CHUNK_BYTES_PER_TOKEN_MAX);
        assert!(
            chunk.end > covered,
            "each chunk has text that none before it has"
        );
        let between = document.markdown.get(covered..chunk.start);
        assert!(
            between.unwrap_or_default().trim().is_empty(),
            "only blank space is left out: {between:?}"
        );
        assert!(chunk.heading_path.len() <= 6);
        on_pages(document, chunk);
        covered = chunk.end;
    }
    assert!(document.markdown[covered..].trim().is_empty());
    found.chunks
}

/// The pages of a chunk are those that hold its first and its last byte.
fn on_pages(document: &Document, chunk: &Chunk) {
    let page_of = |at: usize| {
        let mut pages = document.pages.iter();
        pages.find(|page| (page.start..page.end).contains(&at))
    };
    for (at, page) in [
        (chunk.start, chunk.page_first),
        (chunk.end - 1, chunk.page_last),
    ] {
        assert_eq!(page_of(at).map(|page| page.number), Some(page));
    }
}

pub(crate) fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

/// One token for each byte: sizes that are easy to reckon with.
pub(crate) struct Bytes;

impl Tokenizer for Bytes {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        starts.extend(0..text.len());
        Ok(())
    }

    fn is_apart(&self, _text: &str, _at: usize) -> bool {
        true
    }
}

/// Tokens that depend on where a text begins: each has 5 bytes, blank or not, but for those at the
/// beginning, which have one. A part alone nearly always has more than it has in the whole.
pub(crate) struct Shifting;

impl Tokenizer for Shifting {
    fn name(&self) -> &'static str {
        "shifting"
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        let first = text.len().min(6);
        starts.extend((0..first).chain((first..text.len()).step_by(5)));
        Ok(())
    }
}
