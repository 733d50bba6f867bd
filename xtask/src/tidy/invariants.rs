//! ARCHITECTURE.md names a test for each invariant (`test: name_of_test`): that test exists.

use std::collections::BTreeSet;

use super::Finding;
use super::files::{RustFile, TextFile};

const DOCUMENT: &str = "ARCHITECTURE.md";

/// Tests that are named and do not exist.
pub(crate) fn check(texts: &[TextFile], rust: &[RustFile]) -> Vec<Finding> {
    let functions: BTreeSet<&str> = rust.iter().flat_map(|file| functions(&file.code)).collect();
    let mut found = Vec::new();
    for file in texts.iter().filter(|file| file.path == DOCUMENT) {
        for (number, line) in file.lines() {
            for name in named_tests(line)
                .into_iter()
                .filter(|name| !functions.contains(name))
            {
                let what = format!("no test is called {name}: name the one that checks this");
                found.push(Finding::new(&file.path, number, what));
            }
        }
    }
    found
}

fn functions(code: &str) -> impl Iterator<Item = &str> {
    let words = code
        .split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words
        .clone()
        .zip(words.skip(1))
        .filter(|(word, _)| *word == "fn")
        .map(|(_, name)| name)
}

/// The names behind `test:` or `tests:`, parted by commas, with or without backticks.
fn named_tests(line: &str) -> Vec<&str> {
    let list = ["test: ", "tests: "]
        .iter()
        .find_map(|mark| line.split_once(mark));
    let Some((_, list)) = list else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for part in list.split(',') {
        let part = part.trim_start().trim_start_matches('`');
        let path = part
            .split(|c: char| c != '_' && c != ':' && !c.is_alphanumeric())
            .next();
        names.extend(
            path.and_then(|path| path.rsplit("::").next())
                .filter(|name| !name.is_empty()),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_function_are_found() {
        let rust = [RustFile::sample(
            "a/src/lib.rs",
            "async fn kept() {} fn also_kept<T>() {} // fn lost()",
        )];
        let text = "Tests are named.\n- one (test: `kept`)\n- two, tests: kept, a::also_kept\n- three, test: lost\n";
        let texts = [TextFile::sample("ARCHITECTURE.md", text)];
        let lines: Vec<usize> = check(&texts, &rust)
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [4]);
    }
}
