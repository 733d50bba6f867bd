//! At which places a tokenizer of Hugging Face's kind divides any text, read from its parts.
//!
//! What is not known to divide is taken not to: chunks are then encoded again, which costs time
//! and is right.

use tokenizers::Tokenizer;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::Metaspace;

use super::around;
use crate::chunk::cut::is_wide_terminal;

/// Where text can be divided without changing a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Independence {
    /// Beside any blank space, which is in no token; where `wide` is set also beside Chinese
    /// characters and the marks that end their sentences, each a word of its own.
    Words { wide: bool },
    /// Before a space that follows something else: it begins the token after it.
    Spaces,
    /// Nowhere that is known.
    Nowhere,
}

impl Independence {
    pub(super) fn of(tokenizer: &Tokenizer) -> Self {
        let added = tokenizer.get_added_tokens_decoder();
        let mut added = added.values();
        // Such a token would be found across any place.
        if added.any(|token| token.content.contains(char::is_whitespace)) {
            return Self::Nowhere;
        }
        let normalizer = tokenizer.get_normalizer();
        match tokenizer.get_pre_tokenizer() {
            Some(PreTokenizerWrapper::BertPreTokenizer(_)) => match normalizer {
                Some(NormalizerWrapper::BertNormalizer(bert)) => Self::Words {
                    wide: bert.handle_chinese_chars,
                },
                other if other.is_none_or(is_local) => Self::Words { wide: false },
                _ => Self::Nowhere,
            },
            Some(PreTokenizerWrapper::Whitespace(_) | PreTokenizerWrapper::WhitespaceSplit(_))
                if normalizer.is_none_or(is_local) =>
            {
                Self::Words { wide: false }
            }
            Some(other) if normalizer.is_none_or(is_local) && begins_with_space(other) => {
                Self::Spaces
            }
            _ => Self::Nowhere,
        }
    }

    pub(super) fn at(self, text: &str, at: usize) -> bool {
        let (Some(before), Some(after)) = around(text, at) else {
            return false;
        };
        match self {
            Self::Words { wide } => {
                let divides = |c: char| c.is_whitespace() || (wide && is_wide(c));
                divides(before) || divides(after)
            }
            Self::Spaces => {
                // The character after the space is looked at too: a mark that combines with it
                // would make another character of it.
                let next = text[at + after.len_utf8()..].chars().next();
                after == ' ' && !before.is_whitespace() && next.is_some_and(char::is_alphanumeric)
            }
            Self::Nowhere => false,
        }
    }
}

/// Whether a normalizer changes characters only where they stand, and adds none at the ends.
fn is_local(normalizer: &NormalizerWrapper) -> bool {
    match normalizer {
        NormalizerWrapper::BertNormalizer(_)
        | NormalizerWrapper::StripAccents(_)
        | NormalizerWrapper::NFC(_)
        | NormalizerWrapper::NFD(_)
        | NormalizerWrapper::NFKC(_)
        | NormalizerWrapper::NFKD(_)
        | NormalizerWrapper::Lowercase(_)
        | NormalizerWrapper::Nmt(_)
        | NormalizerWrapper::Precompiled(_) => true,
        NormalizerWrapper::Sequence(parts) => parts.as_ref().iter().all(is_local),
        _ => false,
    }
}

/// Whether a space that follows something else always begins a token.
fn begins_with_space(pre_tokenizer: &PreTokenizerWrapper) -> bool {
    match pre_tokenizer {
        PreTokenizerWrapper::ByteLevel(bytes) => bytes.use_regex,
        PreTokenizerWrapper::Metaspace(spaces) => spaces.get_split() && marks_spaces(spaces),
        PreTokenizerWrapper::WhitespaceSplit(_) => true,
        PreTokenizerWrapper::Sequence(parts) => {
            let parts = parts.as_ref();
            !parts.is_empty() && parts.iter().all(begins_with_space)
        }
        _ => false,
    }
}

/// Whether the mark that stands for spaces is none that ordinary text has.
fn marks_spaces(spaces: &Metaspace) -> bool {
    spaces.get_replacement() == '▁'
}

/// Whether BERT's normalizer or pre-tokenizer makes a word of its own of a character.
fn is_wide(c: char) -> bool {
    let is_ideograph =
        matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{f900}'..='\u{faff}');
    is_ideograph || is_wide_terminal(c)
}

/// The parts of a text that are encoded by themselves: where each begins, and it.
pub(super) fn parts(independence: Independence, text: &str) -> Vec<(usize, &str)> {
    match independence {
        Independence::Words { .. } => {
            let words = text.split_whitespace();
            let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
            words.map(|word| (place(word), word)).collect()
        }
        Independence::Spaces => {
            let spaces = text.match_indices(' ').map(|(at, _)| at);
            let ends = spaces.filter(|at| *at > 0 && independence.at(text, *at));
            let mut start = 0;
            let mut parts = Vec::new();
            for end in ends.chain([text.len()]) {
                parts.push((start, &text[start..end]));
                start = end;
            }
            parts
        }
        Independence::Nowhere => vec![(0, text)],
    }
}
