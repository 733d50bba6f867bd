//! Counts tokens by a `tokenizer.json`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokenizers::Tokenizer as Inner;

use super::Tokenizer;
use super::independence::Independence;
use super::remembered::Remembered;
use crate::ChunkError;
use crate::chunk::result::hex;
use crate::limits::TOKENIZER_BYTES_MAX;

/// Hexadecimal digits of the file's hash that name the tokenizer.
const HASH_DIGITS: usize = 16;

/// The tokenizer of a model, as the file `tokenizer.json` beside it describes it.
///
/// Truncation and padding that the file asks for are switched off: they are for the model's input,
/// and would make every text as short as the model's limit. Nothing is fetched.
///
/// ```
/// use dutiful_documents::tokenizer::{HuggingFace, Tokenizer};
///
/// let json = r###"{
///     "pre_tokenizer": {"type": "BertPreTokenizer"},
///     "model": {
///         "type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
///         "max_input_chars_per_word": 100, "vocab": {"?": 0, "tea": 1, "##pot": 2}
///     }
/// }"###;
/// let tokenizer = HuggingFace::from_bytes(json.as_bytes())?;
/// assert_eq!(tokenizer.count("tea teapot")?, 3);
/// # Ok::<(), dutiful_documents::ChunkError>(())
/// ```
pub struct HuggingFace {
    inner: Inner,
    name: String,
    independence: Independence,
    /// Tokens that the file adds to those of the model: they are found within words.
    added: Vec<String>,
    remembered: Remembered,
}

impl HuggingFace {
    /// Reads a `tokenizer.json` of at most 64 MiB.
    ///
    /// # Errors
    /// `tokenizer_unusable` when it cannot be read or is none.
    pub fn from_file(path: &Path) -> Result<Self, ChunkError> {
        let unread = |error| {
            ChunkError::tokenizer_unusable(format!("{} cannot be read: {error}", path.display()))
        };
        let file = File::open(path).map_err(unread)?;
        let mut bytes = Vec::new();
        let most = TOKENIZER_BYTES_MAX as u64;
        let mut bounded = file.take(most.saturating_add(1));
        bounded.read_to_end(&mut bytes).map_err(unread)?;
        Self::from_bytes(&bytes)
    }

    /// Takes the content of a `tokenizer.json` of at most 64 MiB.
    ///
    /// # Errors
    /// `tokenizer_unusable` when it is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChunkError> {
        if bytes.len() > TOKENIZER_BYTES_MAX {
            return Err(ChunkError::tokenizer_unusable(format!(
                "the tokenizer has more than the {TOKENIZER_BYTES_MAX} bytes that are allowed"
            )));
        }
        let broken = |error| {
            ChunkError::tokenizer_unusable(format!("the tokenizer cannot be understood: {error}"))
        };
        let mut inner = Inner::from_bytes(bytes).map_err(broken)?;
        inner.with_truncation(None).map_err(broken)?;
        inner.with_padding(None);
        let added = inner.get_added_tokens_decoder().into_values();
        let hash = hex(&Sha256::digest(bytes));
        Ok(Self {
            independence: Independence::of(&inner),
            inner,
            name: format!("tokenizer.json-{}", &hash[..HASH_DIGITS]),
            added: added.map(|token| token.content).collect(),
            remembered: Remembered::default(),
        })
    }

    /// The places of one part's tokens, as the crate tells them.
    fn places(&self, part: &str) -> Result<Vec<usize>, ChunkError> {
        let encoding = self.inner.encode(part, false);
        let encoding = encoding.map_err(ChunkError::tokenizer_failed)?;
        Ok(encoding.get_offsets().iter().map(|place| place.0).collect())
    }
}

impl Tokenizer for HuggingFace {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        let parts = self.independence.parts(text, &self.added);
        self.remembered
            .encode(parts, starts, |part| self.places(part))
    }

    fn is_apart(&self, text: &str, at: usize) -> bool {
        self.independence.at(text, at)
    }
}
