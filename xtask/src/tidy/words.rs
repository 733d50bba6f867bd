//! Words that must not be in the tree: unfinished work, and places of one machine.

use super::Finding;
use super::files::{RustFile, TextFile};

const CODE: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
const COMMENTS: [&str; 3] = ["FIXME", "XXX", "HACK"];
/// First folders of paths that exist on one machine only.
const FOLDERS: [&str; 5] = ["/home", "/root", "/Users", "/work", "/tmp"];

/// Marks of unfinished work in code and comments.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let mut found = Vec::new();
    for (text, words) in [(&file.code, &CODE[..]), (&file.comments, &COMMENTS[..])] {
        for (number, line) in (1..).zip(text.lines()) {
            for word in words.iter().filter(|word| has_word(line, word)) {
                let what = format!("`{word}`: finish the work or remove it");
                found.push(Finding::new(&file.path, number, what));
            }
        }
    }
    found
}

/// Paths that exist on one machine only.
pub(crate) fn paths(file: &TextFile) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        for folder in FOLDERS.iter().filter(|folder| has_path(line, folder)) {
            let what = format!(
                "a path below {folder} is of one machine: use a relative path, or ask the system"
            );
            found.push(Finding::new(&file.path, number, what));
        }
    }
    found
}

fn has_path(line: &str, folder: &str) -> bool {
    let whole = format!("{folder}/");
    line.match_indices(&whole).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + whole.len()..].chars().next();
        // Inside a longer path or an address it is a folder like any other.
        !before.is_some_and(|c| c.is_alphanumeric() || "./_-}$~".contains(c))
            && after.is_some_and(|c| c.is_alphanumeric() || "._-".contains(c))
    })
}

/// Whether the word stands there by itself.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let open = joins(word.chars().next()) && joins(line[..at].chars().next_back());
        let close =
            joins(word.chars().next_back()) && joins(line[at + word.len()..].chars().next());
        !open && !close
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&RustFile::sample("crates/core/src/a.rs", text)).len()
    }

    #[test]
    fn unfinished_work_is_found_in_code_and_comments_only() {
        for word in CODE {
            assert_eq!(found(&format!("fn f() {{ {word} }}")), 1, "{word}");
            assert_eq!(found(&format!("const A: &str = \"{word}\";")), 0, "{word}");
        }
        for word in COMMENTS {
            assert_eq!(found(&format!("// {word}: later")), 1, "{word}");
            assert_eq!(found(&format!("// {word}S")), 0, "{word}");
        }
    }

    #[test]
    fn paths_of_one_machine_are_found_and_addresses_are_not() {
        let count = |text: &str| paths(&TextFile::sample("a.md", text)).len();
        for folder in FOLDERS {
            assert_eq!(count(&format!("see {folder}/me/x")), 1, "{folder}");
            assert_eq!(
                count(&format!("see https://example.org{folder}/x")),
                0,
                "{folder}"
            );
            assert_eq!(count(&format!("see /var{folder}/x")), 0, "{folder}");
        }
    }
}
