//! ARCHITECTURE.md names for each invariant the tests that check it (`test: name_of_test`): there is one at
//! least, and each of them is run.

use std::collections::BTreeSet;

use super::Finding;
use super::files::{RustFile, TextFile};

const DOCUMENT: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Invariants";
/// Macros whose names are tests: lists of cases and promises that a program of tests goes through.
const LISTS: [&str; 2] = ["cases!", "promises!"];
/// How a trial is named that a program makes by itself, for each engine.
const OF_ENGINE: &str = "{}::";
/// What marks a function as a test.
const MARKS: [&str; 2] = ["#[test]", "#[tokio::test"];

/// Tests that are named and do not exist, and invariants without a test.
pub(crate) fn check(texts: &[TextFile], rust: &[RustFile]) -> Vec<Finding> {
    let tests: BTreeSet<&str> = rust.iter().flat_map(tests).collect();
    let mut found = Vec::new();
    for file in texts.iter().filter(|file| file.path == DOCUMENT) {
        for (number, line) in file.lines() {
            for name in named_tests(line)
                .into_iter()
                .filter(|name| !tests.contains(name))
            {
                let what = format!("no test is called {name}: name the one that checks this");
                found.push(Finding::new(&file.path, number, what));
            }
        }
        found.extend(untested(file));
    }
    found
}

/// The tests of a file: functions that are marked, those that a list names, and trials that are named for
/// each engine.
fn tests(file: &RustFile) -> Vec<&str> {
    let code = file.code.as_str();
    let marks = MARKS.iter().flat_map(|mark| code.match_indices(mark));
    let mut found: Vec<&str> = marks.filter_map(|(at, _)| function(&code[at..])).collect();
    for list in LISTS {
        let starts = code.match_indices(list).map(|(at, _)| at + list.len());
        let names = starts
            .filter_map(|at| code[at..].split_once('[')?.1.split(']').next())
            // A condition may stand before some of them: `; on Engine::is_server: a, b`.
            .flat_map(|names| names.split([',', ';', '\n']));
        found.extend(names.filter_map(|name| name.trim().rsplit("::").next()));
    }
    let literals = file.literals.iter();
    found.extend(literals.filter_map(|literal| literal.text.strip_prefix(OF_ENGINE)));
    found
}

/// The name of the first function there.
fn function(code: &str) -> Option<&str> {
    let (_, rest) = code.split_once("fn ")?;
    rest.split(|c: char| c != '_' && !c.is_alphanumeric())
        .next()
}

/// The invariants that no test is named for.
fn untested(file: &TextFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    let mut inside = false;
    let what = "no test is named for this invariant: name the one that checks it";
    for (number, line) in file.lines() {
        let heading = line.starts_with("## ");
        if heading || (inside && is_item(line)) {
            found.extend(
                open.take()
                    .map(|begun| Finding::new(&file.path, begun, what)),
            );
        }
        if heading {
            inside = line == HEADING;
        } else if inside && is_item(line) {
            open = Some(number);
        }
        if !named_tests(line).is_empty() {
            open = None;
        }
    }
    found.extend(open.map(|begun| Finding::new(&file.path, begun, what)));
    found
}

/// Whether a numbered item begins here: `7. Every write ...`.
fn is_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.len() < line.len() && digits.starts_with(". ")
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

    fn lines(text: &str, rust: &[RustFile]) -> Vec<usize> {
        let texts = [TextFile::sample(DOCUMENT, text)];
        let found = check(&texts, rust);
        found.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn only_what_is_run_as_a_test_counts() {
        let rust = [
            RustFile::sample(
                "a/src/lib.rs",
                "#[test]\nfn plain() {}\n#[tokio::test(flavor = \"x\")]\nasync fn awaited() {}\nfn helper() {}",
            ),
            RustFile::sample(
                "a/tests/b/c.rs",
                "cases![listed, listed_too];\nasync fn listed(db: Db) {}\nasync fn forgotten(db: Db) {}",
            ),
            RustFile::sample("a/tests/d.rs", "promises![e::kept,]; f(\"{}::made\")"),
        ];
        let all = "plain, awaited, listed, d::listed_too, `kept`, made";
        assert_eq!(lines(&format!("- one (tests: {all})\n"), &rust), []);
        for name in ["helper", "forgotten", "lost"] {
            assert_eq!(lines(&format!("\n- test: {name}\n"), &rust), [2], "{name}");
        }
    }

    #[test]
    fn an_invariant_without_a_test_is_found() {
        let rust = [RustFile::sample("a/src/lib.rs", "#[test] fn kept() {}")];
        let text = "1. no invariant\n## Invariants\n\n1. good\n   on two lines\n   test: kept\n\
                    2. bad\n3. good, test: kept\n4. bad\n## More\n5. no invariant\n";
        assert_eq!(lines(text, &rust), [7, 9]);
    }
}
