//! Values as text for people.

use dutiful::Timestamp;
use std::time::Duration;

/// A text as one line that cannot do anything to the terminal: white space becomes one space, other
/// control and direction-changing characters are written out.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        word.chars().for_each(|c| push_safe(&mut out, c));
    }
    out
}

/// A text of several lines, safe for the terminal, all but the first indented.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, row) in text.trim_end().lines().enumerate() {
        if index > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', by));
        }
        for c in row.chars() {
            if c == '\t' {
                out.push_str("    ")
            } else {
                push_safe(&mut out, c)
            }
        }
    }
    out
}

fn push_safe(out: &mut String, c: char) {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns {
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
}

/// JSON on several lines.
pub(crate) fn pretty(value: &serde_json::Value, by: usize) -> String {
    indented(&serde_json::to_string_pretty(value).unwrap_or_default(), by)
}

/// A time in UTC to the second.
pub(crate) fn time(time: Option<Timestamp>) -> String {
    let Some(time) = time else {
        return String::new();
    };
    let text = time.to_string();
    match text.split_once('T') {
        Some((day, clock)) if clock.len() >= 8 => format!("{day} {}", &clock[..8]),
        _ => text,
    }
}

/// A length of time in three figures at most: `4.2 ms`, `1.50 s`, `3m 20s`.
pub(crate) fn elapsed(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", duration.as_secs_f64() * 1e3),
        1_000_000..60_000_000 => format!("{:.2} s", duration.as_secs_f64()),
        _ => humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string(),
    }
}

/// A whole number with thin groups: `50,000`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_text_cannot_move_the_cursor() {
        assert_eq!(line("a\u{1b}[2J\n\tb\u{202e}c"), "a\\u{1b}[2J b\\u{202e}c");
        assert_eq!(indented("a\r\n\u{9b}b", 2), "a\n  \\u{9b}b");
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
    }

    #[test]
    fn lengths_of_time_fit_their_size() {
        assert_eq!(elapsed(Duration::from_micros(250)), "250 µs");
        assert_eq!(elapsed(Duration::from_micros(4_230)), "4.2 ms");
        assert_eq!(elapsed(Duration::from_millis(1_500)), "1.50 s");
        assert_eq!(elapsed(Duration::from_secs(200)), "3m 20s");
    }
}
