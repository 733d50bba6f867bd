//! Text as every engine can store it, and what is written in one place and known again in another.

/// What a task that an operator cancelled and the attempt that it ended say.
pub(crate) const CANCELLED: &str = "cancelled by an operator";

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

/// What an attempt says when it met a payload that only a newer program can read.
pub(crate) fn newer_payload(version: i64, ours: u32) -> String {
    format!("{NEWER} {version} is newer than version {ours} of this program")
}

/// Whether that is what an attempt says.
pub(crate) fn tells_of_newer_payload(message: &str) -> bool {
    let rest = message.strip_prefix(NEWER);
    rest.is_some_and(|rest| rest.contains(" is newer than version "))
}

const NEWER: &str = "payload version";

/// The last place at or before `most` where a character begins.
fn boundary(text: &str, most: usize) -> usize {
    let mut places = (0..=most.min(text.len())).rev();
    places
        .find(|&place| text.is_char_boundary(place))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{newer_payload, storable, tells_of_newer_payload};

    #[test]
    fn what_is_said_of_a_newer_payload_is_known_again() {
        assert!(tells_of_newer_payload(&newer_payload(3, 2)));
        for other in ["", "payload version 3", "a worker is newer than version 2"] {
            assert!(!tells_of_newer_payload(other), "{other}");
        }
    }

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
