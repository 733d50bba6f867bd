//! A model's folder: which files are in it, and what they say about how texts become vectors.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::chunk::hex;
use crate::embed::EmbedError;
use crate::embed::error::Problem;
use crate::limits::{MODEL_CONFIG_BYTES_MAX, TOKENS_MAX};

/// Where exports put the model, best first.
const MODELS: [&str; 6] = [
    "model.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
    "model_int8.onnx",
    "onnx/model_int8.onnx",
];
/// Tokens that a text may have where nothing says how many, those that the model adds among them.
const TOKENS: u32 = 256;
/// Steps after the model that are known: their work is done here.
const STEPS: [&str; 3] = ["Transformer", "Pooling", "Normalize"];
/// Hexadecimal digits of the hash that tells versions of a model apart.
const HASH_DIGITS: usize = 16;

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// The mean of all.
    Mean,
    /// That of the first, which stands for the text.
    First,
}

/// What a folder says.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) model: PathBuf,
    pub(super) tokenizer: PathBuf,
    pub(super) pooling: Pooling,
    /// Most tokens of an input, those that the model adds among them.
    pub(super) max_tokens: u32,
    /// What is put before a query and a passage.
    pub(super) prompts: [String; 2],
    pub(super) revision: String,
}

impl Folder {
    /// Reads the folder; `file` is the model in it where the folder has several.
    pub(super) fn read(dir: &Path, file: Option<&Path>) -> Result<Self, EmbedError> {
        if !dir.is_dir() {
            return Err(unusable(format!("{} is no folder", dir.display())));
        }
        let model = find_model(dir, file)?;
        let tokenizer = dir.join("tokenizer.json");
        if !tokenizer.is_file() {
            return Err(unusable(format!("{} is missing", tokenizer.display())));
        }
        check_steps(dir)?;
        let sentence: Sentence = json(&dir.join("sentence_bert_config.json"))?.unwrap_or_default();
        let config: Config = json(&dir.join("config.json"))?.unwrap_or_default();
        let pooling: PoolingConfig = json(&dir.join("1_Pooling/config.json"))?.unwrap_or_default();
        let prompts: Prompts =
            json(&dir.join("config_sentence_transformers.json"))?.unwrap_or_default();
        let most = config.max_position_embeddings.unwrap_or(TOKENS_MAX);
        let max_tokens = sentence.max_seq_length.unwrap_or(TOKENS).min(most);
        Ok(Self {
            pooling: pooling.mode()?,
            max_tokens,
            prompts: prompts.of_both(),
            revision: revision(dir, &model, &tokenizer)?,
            model,
            tokenizer,
        })
    }
}

fn unusable(cause: String) -> EmbedError {
    EmbedError::new(Problem::ModelUnusable, cause)
}

fn find_model(dir: &Path, file: Option<&Path>) -> Result<PathBuf, EmbedError> {
    if let Some(file) = file {
        let path = dir.join(file);
        let missing = || unusable(format!("{} is missing", path.display()));
        return path.is_file().then(|| path.clone()).ok_or_else(missing);
    }
    let mut paths = MODELS.iter().map(|name| dir.join(name));
    let missing = || {
        let cause = format!(
            "{} has neither model.onnx nor onnx/model.onnx",
            dir.display()
        );
        unusable(cause)
    };
    paths.find(|path| path.is_file()).ok_or_else(missing)
}

/// `modules.json` lists what a text goes through; a step that is not known would make other vectors.
fn check_steps(dir: &Path) -> Result<(), EmbedError> {
    let modules: Vec<Module> = json(&dir.join("modules.json"))?.unwrap_or_default();
    for module in modules {
        let step = module.kind.rsplit('.').next().unwrap_or_default();
        if !STEPS.contains(&step) {
            let cause = format!("the model in {} has a step {step}", dir.display());
            return Err(unusable(format!("{cause}, which is not known here")));
        }
    }
    Ok(())
}

#[derive(Deserialize, Default)]
struct Sentence {
    max_seq_length: Option<u32>,
}

#[derive(Deserialize, Default)]
struct Config {
    max_position_embeddings: Option<u32>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Default)]
struct Prompts {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
}

impl Prompts {
    fn of_both(mut self) -> [String; 2] {
        let mut first = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| self.prompts.remove(*name));
            found.next().unwrap_or_default()
        };
        [first(&["query"]), first(&["document", "passage", "corpus"])]
    }
}

#[derive(Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
}

impl Default for PoolingConfig {
    fn default() -> Self {
        Self {
            pooling_mode_cls_token: false,
            pooling_mode_mean_tokens: true,
        }
    }
}

impl PoolingConfig {
    fn mode(&self) -> Result<Pooling, EmbedError> {
        match (self.pooling_mode_cls_token, self.pooling_mode_mean_tokens) {
            (true, false) => Ok(Pooling::First),
            (false, true) => Ok(Pooling::Mean),
            _ => Err(unusable(
                "1_Pooling/config.json asks for something other than the mean or the first token"
                    .to_owned(),
            )),
        }
    }
}

/// A file of JSON, or none where it is missing.
fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EmbedError> {
    if !path.exists() {
        return Ok(None);
    }
    let wrong = |why: String| unusable(format!("{} cannot be read: {why}", path.display()));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut bytes = Vec::new();
    let most = MODEL_CONFIG_BYTES_MAX;
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > most {
        return Err(wrong(format!("it has more than {most} bytes")));
    }
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| wrong(error.to_string()))
}

/// A hash of all that decides what the vectors are.
fn revision(dir: &Path, model: &Path, tokenizer: &Path) -> Result<String, EmbedError> {
    let mut hash = Sha256::new();
    // Large models keep their numbers beside the graph.
    let beside = ["_data", ".data"].map(|end| {
        let mut name = model.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    let configs = ["1_Pooling/config.json", "sentence_bert_config.json"].map(|n| dir.join(n));
    let optional = beside.into_iter().chain(configs).filter(|p| p.is_file());
    let all = [model.to_owned(), tokenizer.to_owned()];
    for path in all.into_iter().chain(optional) {
        let wrong = |error| unusable(format!("{} cannot be read: {error}", path.display()));
        let length = fs::metadata(&path).map_err(wrong)?.len();
        hash.update(length.to_le_bytes());
        hash_file(&path, &mut hash).map_err(wrong)?;
    }
    Ok(hex(&hash.finalize())[..HASH_DIGITS].to_owned())
}

fn hash_file(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(&piece[..read]);
    }
}
