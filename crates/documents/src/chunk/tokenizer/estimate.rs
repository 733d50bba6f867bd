//! Counts tokens without a vocabulary.

use super::{Tokenizer, around};
use crate::ChunkError;

/// An estimate that needs no vocabulary and leans towards too many.
///
/// A word of letters counts one token for each 4 of them that are begun, a word with digits, inner
/// capitals or accents one for each 2, a sign one, a character of a script without spaces one, and
/// one outside the basic plane, such as an emoji, two. English prose is counted about a third too
/// high for most models; random letters may be counted too low. Where a model's limit must hold,
/// use its own tokenizer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimate;

/// Letters of a plain word that make one token.
const PLAIN_LETTERS: usize = 4;
/// Letters of any other word that do.
const OTHER_LETTERS: usize = 2;

impl Tokenizer for Estimate {
    fn name(&self) -> &'static str {
        "estimate-1"
    }

    fn encode(&self, text: &str, starts: &mut Vec<usize>) -> Result<(), ChunkError> {
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let end = at + c.len_utf8();
            if is_of_word(c) {
                let rest = &text[at..];
                let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
                word(at, &rest[..length], starts);
                at += length;
                continue;
            }
            if !c.is_whitespace() {
                let tokens = if c > '\u{ffff}' { 2 } else { 1 };
                starts.extend(std::iter::repeat_n(at, tokens));
            }
            at = end;
        }
        Ok(())
    }

    fn is_apart(&self, text: &str, at: usize) -> bool {
        let (before, after) = around(text, at);
        !(before.is_some_and(is_of_word) && after.is_some_and(is_of_word))
    }
}

/// Whether a character is part of words that spaces divide.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && c < '\u{900}' && c.is_alphanumeric())
}

fn word(at: usize, word: &str, starts: &mut Vec<usize>) {
    let is_plain = word.bytes().all(|b| b.is_ascii_alphabetic())
        && !word.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    let letters = if is_plain {
        PLAIN_LETTERS
    } else {
        OTHER_LETTERS
    };
    let places = word.char_indices().map(|(place, _)| at + place);
    starts.extend(places.step_by(letters));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_scripts_are_counted_by_their_own_rules() {
        for (text, tokens) in [
            ("", 0),
            (" \n\t", 0),
            ("word", 1),
            ("Words", 2),
            ("a-b.", 4),
            ("f00d", 2),
            ("HTML", 2),
            ("größe", 3),
            ("日本語", 3),
            ("🦀", 2),
            ("no  space", 3),
        ] {
            assert_eq!(Estimate.count(text).unwrap(), tokens, "{text}");
        }
    }
}
