//! At which places a tokenizer of Hugging Face's kind divides any text, read from its parts.
//!
//! What is not known to divide is taken not to: chunks are then encoded again, which costs time
//! and is right.

use tokenizers::Tokenizer;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::Metaspace;

use super::{around, between};
use crate::chunk::cut::is_wide_terminal;

/// Where text can be divided without changing a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Independence {
    /// Beside any blank space, which is in no token; where `wide` is set also beside Chinese
    /// characters and the marks that end their sentences, each a word of its own. Where `signs` is
    /// set, so is every sign of ASCII that is not part of an added token.
    Words { wide: bool, signs: bool },
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
                    signs: true,
                },
                // Others may make one character of a sign and a mark that follows it.
                other if other.is_none_or(is_local) => Self::Words {
                    wide: false,
                    signs: other.is_none(),
                },
                _ => Self::Nowhere,
            },
            Some(PreTokenizerWrapper::Whitespace(_) | PreTokenizerWrapper::WhitespaceSplit(_))
                if normalizer.is_none_or(is_local) =>
            {
                Self::Words {
                    wide: false,
                    signs: false,
                }
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
            Self::Words { wide, .. } => {
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

    /// The parts of a text that are encoded by themselves: where each begins, and it. A word that
    /// has an added token in it stays whole.
    pub(super) fn parts<'a>(
        self,
        text: &'a str,
        added: &'a [String],
    ) -> Box<dyn Iterator<Item = (usize, &'a str)> + 'a> {
        match self {
            Self::Words { signs, .. } => {
                let place = move |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
                Box::new(text.split_whitespace().flat_map(move |word| {
                    let is_whole = !signs || added.iter().any(|token| word.contains(token));
                    let whole = is_whole.then_some((0, word));
                    let parts = (!is_whole).then(|| between_signs(word));
                    let parts = whole.into_iter().chain(parts.into_iter().flatten());
                    parts.map(move |(at, part)| (place(word) + at, part))
                }))
            }
            Self::Spaces => {
                let divides = move |_, after, at| after == ' ' && self.at(text, at);
                Box::new(between(text, divides))
            }
            Self::Nowhere => Box::new(std::iter::once((0, text))),
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

/// The parts of a word that BERT's pre-tokenizer makes: signs, one each, and what is between them.
fn between_signs(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &word[at..];
        let length = match rest.find(|c: char| c.is_ascii_punctuation()) {
            _ if rest.is_empty() => return None,
            Some(0) => 1,
            Some(sign) => sign,
            None => rest.len(),
        };
        at += length;
        Some((at - length, &rest[..length]))
    })
}
