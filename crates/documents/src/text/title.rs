//! Titles of texts that have no field for one.

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

/// The `title:` of a front matter between two `---` lines at the very start.
pub(super) fn of_front_matter(text: &str) -> Option<String> {
    let mut lines = text.lines();
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    lines
        .take_while(|line| line.trim_end() != "---")
        .find_map(|line| line.strip_prefix("title:"))
        .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
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
    fn front_matter_names_the_title() {
        assert_eq!(
            of_front_matter("---\ntitle: \"A b\"\n---\n# C").as_deref(),
            Some("A b")
        );
        assert_eq!(of_front_matter("# C\n---\ntitle: no\n"), None);
    }
}
