//! Text that any store can hold: no control characters, one kind of line end, bounded lines.

/// Cuts a text at a character so that it has at most `most` bytes, and marks the cut.
pub(crate) fn shorten(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let end = boundary(text, most.saturating_sub('…'.len_utf8()));
    text.truncate(end);
    text.push('…');
}

/// The last place at or before byte `at` that stands between two characters.
pub(crate) fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}

/// Appends `text` with `\n` as its only line end and without other control characters, and says
/// whether any had to go. Tabs stay; a form feed is a line end.
pub(crate) fn push(out: &mut String, text: &str) -> bool {
    let mut dropped = false;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' && c != '\t') {
        out.push_str(&rest[..at]);
        let control = rest[at..].chars().next().unwrap_or_default();
        rest = &rest[at + control.len_utf8()..];
        match control {
            '\r' if rest.starts_with('\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' => out.push('\n'),
            _ => dropped = true,
        }
    }
    out.push_str(rest);
    dropped
}

/// One line without emphasis marks and surplus spaces, short enough for a title; `None` when
/// nothing is left.
pub(crate) fn title(text: &str) -> Option<String> {
    let mut cleaned = String::new();
    push(&mut cleaned, text);
    let mut line = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    line = line.trim_matches(['*', '_', '`', ' ']).to_owned();
    shorten(&mut line, crate::limits::LINE_BYTES_MAX);
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_one_kind_and_control_characters_go() {
        let mut out = String::new();
        assert!(push(&mut out, "a\r\nb\rc\u{c}d\0e\tf\u{7}"));
        assert_eq!(out, "a\nb\nc\nde\tf");
    }

    #[test]
    fn shortening_keeps_whole_characters() {
        let mut text = "é".repeat(10);
        shorten(&mut text, 8);
        assert_eq!(text, "éé…");
    }

    #[test]
    fn a_title_is_one_clean_line() {
        assert_eq!(
            title(" **The  title**\nof it ").as_deref(),
            Some("The title** of it")
        );
        assert_eq!(title("** **"), None);
    }
}
