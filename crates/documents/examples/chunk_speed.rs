//! Measures how fast a Markdown file is chunked:
//!
//! ```text
//! cargo run --release -p dutiful-documents --features tokenizers,tiktoken --example chunk_speed -- \
//!     notes.md [estimate | cl100k | path/to/tokenizer.json] [max_tokens]
//! ```
//!
//! It prints the megabytes for each second of processor time, which other programs on the machine
//! change little: the whole of chunking, and the tokenizer alone on the same text. A file above the limit of a
//! document is cut there; a small one is repeated until it is measurable.

use std::error::Error;
use std::fs;
use std::path::Path;

use dutiful_documents::tokenizer::{Estimate, Tokenizer};
use dutiful_documents::{ChunkOptions, Document, chunk, limits, transcribe};

/// Repeated until this much is measured.
const SECONDS: f64 = 2.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which Markdown file?")?;
    let which = arguments.next().unwrap_or_else(|| "estimate".to_owned());
    let mut options = ChunkOptions::default();
    if let Some(tokens) = arguments.next() {
        options.max_tokens = tokens.parse()?;
    }
    let mut text = fs::read_to_string(&path)?;
    let most = limits::OUTPUT_BYTES_MAX - 1_000_000;
    text.truncate(
        (0..=most.min(text.len()))
            .rfind(|at| text.is_char_boundary(*at))
            .unwrap_or(0),
    );
    let document = transcribe(text.as_bytes(), Some("file.md"))?;
    let tokenizer = tokenizer(&which)?;

    let chunks = chunk(&document, &options, &*tokenizer)?.chunks;
    let mean = chunks
        .iter()
        .map(|chunk| chunk.token_count as usize)
        .sum::<usize>()
        / chunks.len().max(1);
    println!(
        "{} bytes, {} chunks of {mean} tokens on average, {which}",
        document.markdown.len(),
        chunks.len()
    );
    let whole = speed(&document, || drop(chunk(&document, &options, &*tokenizer)))?;
    let alone = speed(&document, || drop(tokenizer.count(&document.markdown)))?;
    println!("chunking {whole:.1} MB per CPU-second, tokenizer alone {alone:.1}");
    Ok(())
}

fn tokenizer(which: &str) -> Result<Box<dyn Tokenizer>, Box<dyn Error>> {
    match which {
        "estimate" => Ok(Box::new(Estimate)),
        #[cfg(feature = "tiktoken")]
        "cl100k" => Ok(Box::new(dutiful_documents::tokenizer::Cl100k::new())),
        #[cfg(feature = "tokenizers")]
        path if Path::new(path).exists() => {
            let file = dutiful_documents::tokenizer::HuggingFace::from_file(Path::new(path))?;
            Ok(Box::new(file))
        }
        path if Path::new(path).exists() => Err("build it with --features tokenizers".into()),
        other => Err(format!("{other} is neither a file nor a tokenizer that was built in").into()),
    }
}

/// Megabytes of the document that are worked off in a second of processor time.
fn speed(document: &Document, mut work: impl FnMut()) -> Result<f64, Box<dyn Error>> {
    work();
    let (begin, mut times) = (processor_seconds()?, 0.0);
    loop {
        work();
        times += 1.0;
        let took = processor_seconds()? - begin;
        if took >= SECONDS {
            let megabytes = document.markdown.len() as f64 / 1e6;
            return Ok(megabytes * times / took);
        }
    }
}

/// What this process has used, in user and system mode, as Linux tells it.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let schedstat = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = schedstat
        .split_whitespace()
        .next()
        .ok_or("no time in schedstat")?;
    Ok(nanoseconds.parse::<f64>()? / 1e9)
}
