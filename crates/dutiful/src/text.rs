//! Text as every engine can store it.

/// At most `bytes_max` bytes, cut at a character, without U+0000 (which PostgreSQL refuses).
pub(crate) fn storable(text: &str, bytes_max: usize) -> String {
    let mark = "… (cut)";
    let cut = if text.len() <= bytes_max {
        text.len()
    } else {
        boundary(text, bytes_max.saturating_sub(mark.len()))
    };
    let mut stored = text[..cut].replace('\0', "\u{FFFD}");
    if stored.len() > bytes_max {
        // Each replacement is two bytes longer than what it stands for.
        stored.truncate(boundary(&stored, bytes_max));
    } else if cut < text.len() {
        stored.push_str(mark);
    }
    stored
}

/// The last place at or before `most` where a character begins.
fn boundary(text: &str, most: usize) -> usize {
    let mut places = (0..=most.min(text.len())).rev();
    places
        .find(|&place| text.is_char_boundary(place))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::storable;

    #[test]
    fn long_text_is_cut_at_a_character_and_marked() {
        let cut = storable(&"é".repeat(100), 50);
        assert!(
            cut.len() <= 50 && cut.ends_with("… (cut)") && cut.starts_with("éé"),
            "{cut}"
        );
        assert_eq!(storable("short", 50), "short");
    }

    #[test]
    fn a_zero_character_is_replaced() {
        assert_eq!(storable("a\0b", 50), "a\u{FFFD}b");
        assert!(storable(&"\0".repeat(60), 50).len() <= 50);
    }
}
