//! What texts state about themselves, without fields for it.

use crate::limits::METADATA_MAX;

/// Most characters of a first line that is taken for a title.
const PLAIN_TITLE_CHARACTERS_MAX: usize = 100;

/// The first line, when it is short and an empty line or an underline follows.
pub(super) fn of_plain(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty());
    let first = lines.next()?;
    let next = lines.next().unwrap_or_default();
    let underlined = next.len() >= 3 && next.chars().all(|c| "=-~*#".contains(c));
    let alone = next.is_empty() || underlined;
    let short = first.chars().count() <= PLAIN_TITLE_CHARACTERS_MAX;
    let wordy = first.chars().any(char::is_alphanumeric);
    (alone && short && wordy).then(|| first.trim_start_matches(['#', ' ']).to_owned())
}

/// Names in a front matter, and under which of ours they are kept.
const KEPT: &[(&str, &str)] = &[
    ("title", "title"),
    ("lang", "language"),
    ("language", "language"),
    ("author", "author"),
    ("date", "published"),
    ("description", "description"),
    ("keywords", "keywords"),
];

/// What a front matter between two `---` lines at the very start states, one line each.
pub(super) fn front_matter(text: &str) -> Vec<(&'static str, String)> {
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Vec::new();
    }
    let stated = lines.take_while(|line| line.trim_end() != "---");
    let stated = stated.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let (_, key) = KEPT.iter().find(|(stated, _)| *stated == name)?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| (*key, value.to_owned()))
    });
    stated.take(METADATA_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_first_line_that_stands_alone_is_a_title() {
        assert_eq!(
            of_plain("\n  A guide\n=======\n\ntext").as_deref(),
            Some("A guide")
        );
        assert_eq!(of_plain("A guide\n\ntext").as_deref(), Some("A guide"));
        assert_eq!(of_plain("Some prose that\ngoes on.\n"), None);
        assert_eq!(of_plain("----\n\ntext"), None);
    }

    #[test]
    fn front_matter_names_title_and_more() {
        assert_eq!(
            front_matter("---\ntitle: \"A b\"\nlang: de\nother: x\n---\nauthor: C"),
            [("title", "A b".to_owned()), ("language", "de".to_owned())]
        );
        assert_eq!(front_matter("# C\n---\ntitle: no\n"), []);
    }
}
