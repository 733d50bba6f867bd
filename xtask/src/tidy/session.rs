//! Statements leave nothing behind in the session: a pooler gives the next one another session, and a
//! cluster another server.

use super::Finding;
use super::files::{RustFile, TextFile};
use super::words::has_word;

/// Where the statements are. Connections themselves, which are set up and listened on, are below `db`.
const PLACES: [&str; 5] = [
    "crates/dutiful/src/store/",
    "crates/dutiful/src/store.rs",
    "crates/dutiful/src/migrate/",
    "crates/dutiful/src/migrate.rs",
    "crates/dutiful/migrations/",
];

/// What lives in a session: its locks, tables, variables, prepared statements, cursors and settings.
const WORDS: [&str; 19] = [
    "GET_LOCK",
    "RELEASE_LOCK",
    "IS_FREE_LOCK",
    "PG_ADVISORY",
    "PG_TRY_ADVISORY",
    "TEMP",
    "TEMPORARY",
    "PG_TEMP",
    "LOCK TABLES",
    "UNLOCK TABLES",
    "SET SESSION",
    "SET @",
    "@@",
    ":=",
    "LAST_INSERT_ID",
    "FOUND_ROWS",
    "LISTEN",
    "PREPARE",
    "WITH HOLD",
];

/// Literals of Rust files.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let literals = file
        .literals
        .iter()
        .filter(|literal| is_place(&file.path) && !file.is_test(literal.line));
    let found = literals.flat_map(|literal| {
        let words = words(&literal.text);
        words.map(|word| finding(&file.path, literal.line, word))
    });
    found.collect()
}

/// Files of SQL.
pub(crate) fn check_sql(file: &TextFile) -> Vec<Finding> {
    if !is_place(&file.path) {
        return Vec::new();
    }
    let found = file
        .lines()
        .flat_map(|(number, line)| words(line).map(move |word| (number, word)));
    found
        .map(|(number, word)| finding(&file.path, number, word))
        .collect()
}

fn is_place(path: &str) -> bool {
    PLACES.iter().any(|place| path.starts_with(place))
}

fn finding(path: &str, line: usize, word: &str) -> Finding {
    let what = format!("`{word}` is of a session, which a pooler takes away: keep it in a row");
    Finding::new(path, line, what)
}

fn words(text: &str) -> impl Iterator<Item = &'static str> {
    // Between blanks it is PostgreSQL's "matches" of full-text search; before a name, MySQL's variable.
    let text = without_name(text).replace(" @@ ", " ").to_uppercase();
    WORDS.into_iter().filter(move |word| is_in(&text, word))
}

/// The statement behind its name, `/* dutiful.verb */`.
fn without_name(text: &str) -> &str {
    let rest = text
        .strip_prefix("/* dutiful.")
        .and_then(|rest| rest.split_once("*/"));
    rest.map_or(text, |(_, rest)| rest)
}

/// Names of functions may go on: `pg_advisory_xact_lock`.
fn is_in(text: &str, word: &str) -> bool {
    if word.starts_with("PG_") {
        text.contains(word)
    } else {
        has_word(text, word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&RustFile::sample(path, text)).len()
    }

    #[test]
    fn statements_keep_nothing_in_the_session() {
        for sql in [
            "SELECT GET_LOCK(?, 1)",
            "select pg_advisory_xact_lock(1)",
            "SELECT pg_try_advisory_lock(1)",
            "CREATE TEMP TABLE t (a int)",
            "CREATE TEMPORARY TABLE t (a int)",
            "LOCK TABLES t WRITE",
            "SET SESSION lock_timeout = 1",
            "SELECT @a := 1",
            "SELECT @@sql_mode",
            "SELECT LAST_INSERT_ID()",
        ] {
            let text = format!("const A: &str = \"{sql}\";");
            assert_eq!(
                found("crates/dutiful/src/store/claim.rs", &text),
                1,
                "{sql}"
            );
            assert_eq!(found("crates/dutiful/src/db/mysql.rs", &text), 0, "{sql}");
            let file = TextFile::sample("crates/dutiful/migrations/1/up.mysql.sql", sql);
            assert_eq!(check_sql(&file).len(), 1, "{sql}");
        }
    }

    #[test]
    fn columns_names_and_comments_keep_nothing() {
        let text =
            "f(\"/* dutiful.release_lock */ UPDATE t SET attempt = 1, template = ?\"); // GET_LOCK";
        assert_eq!(found("crates/dutiful/src/store/claim.rs", text), 0);
        let text = "f(\"SELECT id FROM t WHERE words @@ query\");";
        assert_eq!(found("crates/dutiful/src/store/claim.rs", text), 0);
    }
}
