//! Measures how fast a model on this machine embeds, beside onnxruntime alone on the same tokens:
//!
//! ```text
//! cargo run --release -p dutiful-documents --features onnx --example embed_speed -- [notes.md] [threads] [rounds]
//! ```
//!
//! The library and the model are those that `cargo xtask parts env` names. Both are measured in turn, so that what
//! else the machine does is shared; processor time is compared, and the time on the wall is told beside it.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use dutiful_documents::embed::{Embedder, OnnxEmbedder, OnnxSettings, Purpose};
use dutiful_documents::tokenizer::HuggingFace;
use dutiful_documents::{ChunkOptions, chunk, guides, transcribe};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;

/// Texts of one round.
const TEXTS: usize = 40;
/// Tokens of a text, about.
const TOKENS: u32 = 195;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let text = match arguments.next() {
        Some(path) => fs::read(path)?,
        None => guides::all()
            .iter()
            .flat_map(|guide| transcribe(guide.bytes, None))
            .map(|d| d.markdown)
            .collect::<String>()
            .into_bytes(),
    };
    let threads: usize = arguments.next().unwrap_or_else(|| "1".into()).parse()?;
    let rounds: usize = arguments.next().unwrap_or_else(|| "5".into()).parse()?;
    let folder = PathBuf::from(std::env::var("DUTIFUL_EMBED_MODEL")?);
    let mut settings = OnnxSettings::new(&folder);
    settings.library = std::env::var_os("DUTIFUL_ONNXRUNTIME").map(PathBuf::from);
    settings.threads = Some(threads);
    let begin = Instant::now();
    let embedder = OnnxEmbedder::load(&settings)?;
    println!("loaded in {:.2} s", begin.elapsed().as_secs_f64());

    let texts = texts(
        &text,
        &HuggingFace::from_file(&folder.join("tokenizer.json"))?,
    )?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ids = ids(&folder, &texts)?;
    let tokens: usize = ids.iter().map(Vec::len).sum();
    println!("{} texts, {tokens} tokens, {threads} threads", texts.len());

    let mut bare = bare(&folder, threads)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut ours = || {
        let results = runtime.block_on(embedder.embed(Purpose::Passage, &texts));
        results.into_iter().try_for_each(|one| one.map(drop))
    };
    let mut alone = || ids.iter().try_for_each(|ids| run(&mut bare, ids));
    // The first round fills caches.
    ours()?;
    alone()?;
    let (mut sum_ours, mut sum_alone) = (Spent::default(), Spent::default());
    for _ in 0..rounds {
        sum_ours.add(&mut ours)?;
        sum_alone.add(&mut alone)?;
    }
    sum_ours.tell("ours", tokens * rounds);
    sum_alone.tell("onnxruntime alone", tokens * rounds);
    println!(
        "processor time of ours / alone: {:.3}",
        sum_ours.cpu / sum_alone.cpu
    );
    println!(
        "time of ours / alone: {:.3}",
        sum_ours.wall / sum_alone.wall
    );
    Ok(())
}

#[derive(Default)]
struct Spent {
    cpu: f64,
    wall: f64,
}

impl Spent {
    fn add<E>(&mut self, act: &mut impl FnMut() -> Result<(), E>) -> Result<(), Box<dyn Error>>
    where
        E: Error + 'static,
    {
        let (begin, cpu) = (Instant::now(), cpu_seconds()?);
        act()?;
        self.cpu += cpu_seconds()? - cpu;
        self.wall += begin.elapsed().as_secs_f64();
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)]
    fn tell(&self, name: &str, tokens: usize) {
        let per = |seconds: f64| tokens as f64 / seconds;
        println!(
            "{name}: {:.0} tokens/s, {:.0} for each CPU-second",
            per(self.wall),
            per(self.cpu)
        );
    }
}

fn texts(text: &[u8], tokenizer: &HuggingFace) -> Result<Vec<String>, Box<dyn Error>> {
    let document = transcribe(text, Some("file.md"))?;
    let options = ChunkOptions {
        target_tokens: Some(TOKENS),
        ..ChunkOptions::default()
    };
    let chunks = chunk(&document, &options, tokenizer)?.chunks;
    Ok(chunks
        .into_iter()
        .map(|chunk| chunk.text)
        .cycle()
        .take(TEXTS)
        .collect())
}

fn ids(folder: &std::path::Path, texts: &[&str]) -> Result<Vec<Vec<i64>>, Box<dyn Error>> {
    let wrong = |error: tokenizers::Error| error.to_string();
    let mut tokenizer =
        tokenizers::Tokenizer::from_file(folder.join("tokenizer.json")).map_err(wrong)?;
    tokenizer.with_truncation(None).map_err(wrong)?;
    tokenizer.with_padding(None);
    let one = |text: &&str| {
        let encoding = tokenizer.encode_fast(*text, true).map_err(wrong)?;
        Ok(encoding.get_ids().iter().map(|id| i64::from(*id)).collect())
    };
    texts.iter().map(one).collect()
}

fn bare(folder: &std::path::Path, threads: usize) -> Result<Session, Box<dyn Error>> {
    let wrong = |error: ort::Error<_>| error.message().to_owned();
    let builder = Session::builder()?.with_optimization_level(GraphOptimizationLevel::All);
    let builder = builder.map_err(wrong)?.with_intra_threads(threads);
    Ok(builder
        .map_err(wrong)?
        .commit_from_file(folder.join("model.onnx"))?)
}

fn run(session: &mut Session, ids: &[i64]) -> ort::Result<()> {
    let tensor = |values: Vec<i64>| Tensor::from_array(([1, ids.len()], values));
    let outputs = session.run(ort::inputs![
        "input_ids" => tensor(ids.to_vec())?,
        "attention_mask" => tensor(vec![1; ids.len()])?,
        "token_type_ids" => tensor(vec![0; ids.len()])?,
    ])?;
    outputs[0].try_extract_tensor::<f32>().map(drop)
}

/// The processor time of this process, in hundredths of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("an odd /proc/self/stat")?.1;
    let field = |number| {
        after_name
            .split_whitespace()
            .nth(number)
            .unwrap_or_default()
            .parse()
    };
    let (user, system): (f64, f64) = (field(11)?, field(12)?);
    Ok((user + system) / 100.0)
}
