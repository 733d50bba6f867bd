//! SQL: where it may stand, what its statements are called, and that nothing glues it together.

use super::Finding;
use super::files::RustFile;
use super::lex::Literal;

/// Where statements may stand. Below `db` these are the set-up statements of connections.
const PLACES: [&str; 4] = [
    "crates/dutiful/src/store/",
    "crates/dutiful/src/store.rs",
    "crates/dutiful/src/db/",
    "crates/dutiful/src/db.rs",
];
const VERBS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
const DIALECTS: [&str; 3] = ["sqlite:", "mysql:", "postgres:"];

/// All rules about SQL in one file.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    if !file.is_product() {
        return Vec::new();
    }
    let literals = file
        .literals
        .iter()
        .filter(|literal| !file.is_test(literal.line));
    let found = literals.filter_map(|literal| {
        let what = fault(file, literal)?;
        Some(Finding::new(&file.path, literal.line, what))
    });
    found.collect()
}

fn fault(file: &RustFile, literal: &Literal) -> Option<&'static str> {
    let before = file.code[..literal.at].trim_end();
    let is_statement = is_statement(&literal.text);
    if is_statement && before.ends_with("format!(") {
        return Some("SQL built by format!: write the whole statement and bind its values");
    }
    if is_statement && !PLACES.iter().any(|place| file.path.starts_with(place)) {
        return Some("SQL outside store/ and db/: make it a verb of the store");
    }
    let is_verb =
        is_statement && file.path.starts_with(PLACES[0]) && begins_with_verb(&literal.text);
    let is_dialect = file.path.starts_with("crates/dutiful/")
        && DIALECTS.iter().any(|field| before.ends_with(field));
    // An empty text says that the dialect has no such statement.
    if (is_verb || is_dialect) && !literal.text.is_empty() && !is_named(&literal.text) {
        return Some("a statement without a name: begin it with /* dutiful.verb */");
    }
    None
}

/// Text that reads like a statement, and not like a sentence about one.
fn is_statement(text: &str) -> bool {
    let words: Vec<&str> = without_comment(text).split_whitespace().collect();
    let pair = |a: &str, b: &str| words.windows(2).any(|w| w[0] == a && w[1] == b);
    let both = |a: &str, b: &str| {
        let first = words.iter().position(|word| *word == a);
        first.is_some_and(|at| words[at..].contains(&b))
    };
    words.first() == Some(&"SELECT")
        || pair("INSERT", "INTO")
        || pair("DELETE", "FROM")
        || both("SELECT", "FROM")
        || both("UPDATE", "SET")
}

fn begins_with_verb(text: &str) -> bool {
    text.split_whitespace()
        .next()
        .is_some_and(|word| VERBS.contains(&word))
}

fn without_comment(text: &str) -> &str {
    let trimmed = text.trim_start();
    let rest = trimmed
        .strip_prefix("/*")
        .and_then(|rest| rest.split_once("*/"));
    rest.map_or(trimmed, |(_, rest)| rest)
}

/// Whether the text begins with `/* dutiful.verb */`.
fn is_named(text: &str) -> bool {
    let rest = text
        .strip_prefix("/* dutiful.")
        .and_then(|rest| rest.split_once(" */"));
    rest.is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = "crates/dutiful/src/store/claim.rs";

    fn found(path: &str, text: &str) -> Vec<String> {
        let findings = check(&RustFile::sample(path, text));
        findings
            .into_iter()
            .map(|f| f.what.split(':').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn statements_stand_in_the_store_only() {
        let text = r#"f("/* dutiful.a */ SELECT 1"); f("UPDATE t SET a = 1");"#;
        let outside = "SQL outside store/ and db/";
        assert_eq!(found("crates/server/src/main.rs", text), [outside, outside]);
        assert!(found("crates/dutiful/src/db/sqlite.rs", text).is_empty());
        assert!(found("crates/dutiful/tests/a.rs", text).is_empty());
    }

    #[test]
    fn sentences_about_statements_are_no_statements() {
        let text = r#"f("FOR UPDATE SKIP LOCKED does not lock"); f("cannot run SELECT here");"#;
        assert!(found("crates/server/src/main.rs", text).is_empty());
    }

    #[test]
    fn statements_of_the_store_have_names() {
        let unnamed = "a statement without a name";
        assert_eq!(found(STORE, r#"f("DELETE FROM t");"#), [unnamed]);
        assert_eq!(
            found(
                STORE,
                r#"Sql { sqlite: "PRAGMA x", mysql: "/* dutiful.a.b */ DO 1" }"#
            ),
            [unnamed]
        );
        assert_eq!(
            found(STORE, r#"Sql { postgres: "/* dutiful. */ NOTIFY a" }"#),
            [unnamed]
        );
        assert!(found(STORE, r#"f("/* dutiful.claim */ SELECT 1");"#).is_empty());
        assert!(found(STORE, r#"Sql { sqlite: "" }"#).is_empty());
    }

    #[test]
    fn format_builds_no_statement() {
        let text = r#"f(format!("/* dutiful.a */ SELECT {x}")); f(format!("a {x}"));"#;
        assert_eq!(found(STORE, text), ["SQL built by format!"]);
    }
}
