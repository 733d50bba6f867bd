//! Where a page ends, as a text that callers pass on without reading it.

/// The text for "below this id".
pub(in crate::client) fn write(id: i64) -> String {
    format!("b{id:x}")
}

/// The id; `None` for a text that [`write()`] has not made.
pub(in crate::client) fn read(text: &str) -> Option<i64> {
    let id = i64::from_str_radix(text.strip_prefix('b')?, 16).ok()?;
    // Other spellings of the same number were not made here.
    (id > 0 && write(id) == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        for id in [1, 10, 255, i64::MAX] {
            assert_eq!(read(&write(id)), Some(id));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "b",
            "5",
            "b0",
            "b-5",
            "b+5",
            "b05",
            "bA",
            "bxyz",
            " b5",
            "b8000000000000000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
