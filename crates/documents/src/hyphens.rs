//! Words that a line end divides become whole again.

use std::collections::HashSet;

/// The hyphenated words that a text has within its lines: where one of them is divided, its hyphen
/// is not the printer's.
#[derive(Default)]
pub(crate) struct Hyphens {
    written: HashSet<String>,
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{ad}')
}

fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

impl Hyphens {
    /// Learns from lines of the text.
    pub(crate) fn learn(&mut self, line: &str) {
        for word in line.split_whitespace().map(core) {
            if word.contains('-') {
                self.written.insert(word.to_lowercase());
            }
        }
    }

    /// Moves the second half of a word that is divided between two lines to the first. Says whether
    /// there was one.
    pub(crate) fn join(&self, above: &mut String, below: &mut String) -> bool {
        let Some(before) = above.trim_end().strip_suffix(is_hyphen) else {
            return false;
        };
        let text = below.trim_start();
        let first = text.split_whitespace().next().unwrap_or_default();
        let (Some(last), Some(next)) = (before.chars().next_back(), first.chars().next()) else {
            return false;
        };
        if !last.is_alphabetic() || !next.is_alphabetic() {
            return false;
        }
        let half = before.split_whitespace().next_back().unwrap_or_default();
        let written = format!("{}-{}", core(half), core(first)).to_lowercase();
        let keeps = next.is_uppercase() || half.contains('-') || self.written.contains(&written);
        let mut joined = before.to_owned();
        if keeps {
            joined.push('-');
        }
        joined.push_str(first);
        *below = text[first.len()..].trim_start().to_owned();
        *above = joined;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(above: &str, below: &str, learned: &str) -> (String, String) {
        let mut hyphens = Hyphens::default();
        hyphens.learn(learned);
        let (mut above, mut below) = (above.to_owned(), below.to_owned());
        hyphens.join(&mut above, &mut below);
        (above, below)
    }

    #[test]
    fn a_divided_word_becomes_whole_on_its_first_line() {
        let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let plain = joined("of the reposi-", "tory, which", "");
        assert_eq!(plain, both("of the repository,", "which"));
        assert_eq!(
            joined("the Anglo-", "Saxon", ""),
            both("the Anglo-Saxon", "")
        );
        let kept = joined("a well-", "known one", "the (well-known) word");
        assert_eq!(kept, both("a well-known", "one"));
        assert_eq!(joined("1990-", "1999", ""), both("1990-", "1999"));
        assert_eq!(
            joined("a dash -", "and more", ""),
            both("a dash -", "and more")
        );
        assert_eq!(joined("", "", ""), both("", ""));
    }
}
