//! Where a text may be cut: after a line, a sentence, a word, or between two characters.
//!
//! Positions are bytes of the whole text, and always between two characters.

use unicode_segmentation::GraphemeCursor;

/// Marks that may stand between the end of a sentence and the space after it.
const CLOSERS: &str = "\"')]}*_`~”’»›」』）】》";
/// Most of these that are looked at.
const CLOSERS_MAX: usize = 8;

/// Ends a sentence where a space follows.
fn is_terminal(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '؟' | '۔' | '।' | '॥' | '።' | '។')
}

/// Ends a sentence where no space follows either.
pub(super) fn is_wide_terminal(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '．')
}

/// Ends a part of a sentence in scripts without spaces.
fn is_wide_pause(c: char) -> bool {
    matches!(c, '、' | '，' | '；' | '：')
}

/// The first byte at or after `at` that is not blank, up to `end`.
pub(super) fn skip_blank(text: &str, at: usize, end: usize) -> usize {
    let rest = &text[at..end];
    end - rest.trim_start().len()
}

/// The end of what is not blank in a range; its start when all of it is.
pub(super) fn trim_end(text: &str, start: usize, end: usize) -> usize {
    start + text[start..end].trim_end().len()
}

/// The last end of a line after `from` and not after `to`.
pub(super) fn line_before(text: &str, from: usize, to: usize) -> Option<usize> {
    if text[to..].starts_with('\n') && !text[from..to].trim().is_empty() {
        return Some(to);
    }
    let newline = text[from..to].rfind('\n');
    newline
        .map(|at| from + at)
        .filter(|end| !text[from..*end].trim().is_empty())
}

/// The last end of a sentence after `from` and not after `to`.
pub(super) fn sentence_before(text: &str, from: usize, to: usize) -> Option<usize> {
    let window = text[from..to].char_indices().rev();
    let mut ends = window.filter_map(|(at, c)| sentence_end(text, from + at, c));
    ends.find(|end| *end <= to)
}

/// The first beginning of a sentence or block at or after `from` and before `to`.
pub(super) fn sentence_after(text: &str, from: usize, to: usize) -> Option<usize> {
    let window = &text[from..to];
    let sentences = window.char_indices().filter_map(|(at, c)| {
        let end = sentence_end(text, from + at, c)?;
        (end < to).then(|| skip_blank(text, end, to))
    });
    let sentence = sentences.into_iter().find(|start| *start < to);
    let block = window
        .find("\n\n")
        .map(|at| skip_blank(text, from + at, to));
    [sentence, block]
        .into_iter()
        .flatten()
        .filter(|start| *start < to)
        .min()
}

/// The first beginning of a line at or after `from` and before `to`.
pub(super) fn line_after(text: &str, from: usize, to: usize) -> Option<usize> {
    let newline = from + text[from..to].find('\n')?;
    Some(skip_blank(text, newline, to)).filter(|start| *start < to)
}

/// The first beginning of a word at or after `from` and before `to`.
pub(super) fn word_after(text: &str, from: usize, to: usize) -> Option<usize> {
    let begins = text[..from].ends_with(|c: char| c.is_whitespace() || is_wide_pause(c));
    if begins {
        return Some(skip_blank(text, from, to)).filter(|start| *start < to);
    }
    let space = text[from..to].find(char::is_whitespace)?;
    Some(skip_blank(text, from + space, to)).filter(|start| *start < to)
}

/// Where the sentence ends that has the terminal `c` at `at`, if it does end there.
fn sentence_end(text: &str, at: usize, c: char) -> Option<usize> {
    let wide = is_wide_terminal(c);
    if !wide && !is_terminal(c) {
        return None;
    }
    let mut rest = &text[at + c.len_utf8()..];
    for _ in 0..CLOSERS_MAX {
        rest = rest
            .strip_prefix(|c: char| CLOSERS.contains(c))
            .unwrap_or(rest);
    }
    let end = text.len() - rest.len();
    if rest.is_empty() || (wide && !rest.starts_with(is_wide_terminal)) {
        return Some(end);
    }
    let blank = rest.starts_with(char::is_whitespace);
    // "e.g. this" goes on.
    let goes_on = || rest.trim_start().starts_with(char::is_lowercase);
    (blank && !goes_on()).then_some(end)
}

/// The last place between words after `from` and not after `to`.
pub(super) fn word_before(text: &str, from: usize, to: usize) -> Option<usize> {
    let at_end = text[to..].chars().next().is_none_or(char::is_whitespace);
    if at_end && !text[from..to].trim().is_empty() {
        return Some(to);
    }
    let mut window = text[from..to].char_indices().rev();
    let (at, c) = window.find(|(_, c)| c.is_whitespace() || is_wide_pause(*c))?;
    let end = from + at + if c.is_whitespace() { 0 } else { c.len_utf8() };
    (!text[from..end].trim().is_empty()).then_some(end)
}

/// The last place between two characters as readers see them, after `from` and not after `to`;
/// failing that, between two of Unicode's. At least one of these is before it.
pub(super) fn character_before(text: &str, from: usize, to: usize) -> usize {
    let first = text[from..].chars().next().map_or(0, char::len_utf8);
    let least = (from + first).min(text.len());
    let to = crate::clean::boundary(text, to).max(least);
    // The window begins at `from`, so that nothing before it is looked at again and again.
    let window = &text[from..];
    let mut cursor = GraphemeCursor::new(to - from, window.len(), true);
    if cursor.is_boundary(window, 0) == Ok(true) {
        return to;
    }
    match cursor.prev_boundary(window, 0) {
        Ok(Some(at)) if at > 0 => from + at,
        _ => to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::boundary;

    fn sentences(text: &str) -> Vec<&str> {
        let mut parts = Vec::new();
        let mut end = text.len();
        while let Some(at) = sentence_before(text, 0, boundary(text, end - 1)) {
            parts.insert(0, text[at..end].trim());
            end = at;
        }
        parts.insert(0, text[..end].trim());
        parts.retain(|part| !part.is_empty());
        parts
    }

    #[test]
    fn sentences_end_at_their_marks() {
        assert_eq!(
            sentences("One. Two!  (Three?) Four"),
            ["One.", "Two!", "(Three?)", "Four"]
        );
        assert_eq!(sentences("Pi is 3.14, e.g. so"), ["Pi is 3.14, e.g. so"]);
        assert_eq!(
            sentences("**Bold.** Next _one._"),
            ["**Bold.**", "Next _one._"]
        );
        assert_eq!(
            sentences("これは。「次？」それ"),
            ["これは。", "「次？」", "それ"]
        );
    }

    #[test]
    fn words_and_lines_end_before_blank_space() {
        assert_eq!(word_before("one two three", 0, 10), Some(7));
        assert_eq!(word_before("one two", 0, 3), Some(3));
        assert_eq!(word_before("onetwo", 0, 4), None);
        assert_eq!(word_before("  onetwo", 0, 4), None);
        assert_eq!(word_before("一、二三", 0, 9), Some(6));
        assert_eq!(line_before("a\nb\nc", 0, 4), Some(3));
        assert_eq!(line_before("\n\nb", 0, 3), None);
    }

    #[test]
    fn characters_as_readers_see_them_stay_whole() {
        let family = "👨‍👩‍👧";
        let text = format!("a{family}b");
        assert_eq!(character_before(&text, 0, 8), 1);
        assert_eq!(
            character_before(&text, 1, 8),
            8,
            "no room for all of it: between its parts"
        );
        assert_eq!(character_before("e\u{301}x", 0, 1), 1);
        assert_eq!(character_before("xe\u{301}", 0, 2), 1);
        assert_eq!(character_before("日本", 0, 1), 3, "at least one");
    }

    #[test]
    fn beginnings_are_found_for_what_is_repeated() {
        let text = "One two. Three four. Five";
        assert_eq!(sentence_after(text, 2, text.len()), Some(9));
        assert_eq!(sentence_after(text, 10, 20), None);
        assert_eq!(sentence_after("a\n\nb", 0, 4), Some(3));
        assert_eq!(word_after(text, 5, text.len()), Some(9));
        assert_eq!(word_after(text, 4, text.len()), Some(4));
        assert_eq!(line_after("a\n  b\n", 0, 6), Some(4));
    }
}
