//! The strings that the cells of a workbook share.

/// Strings one behind the other: a million of them cost little more than their letters.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Appends a string. What would not fit four gigabytes is none.
    pub(crate) fn push(&mut self, string: &str) {
        if u32::try_from(self.text.len() + string.len()).is_ok() {
            self.text.push_str(string);
        }
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The string of a number, counted from 0.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_their_numbers() {
        let mut strings = Strings::default();
        ["é", "", "b"]
            .iter()
            .for_each(|string| strings.push(string));
        let found: Vec<_> = (0..4).map(|index| strings.get(index)).collect();
        assert_eq!(found, [Some("é"), Some(""), Some("b"), None]);
    }
}
