//! Which columns and indexes the migrations make, read out of their texts.
//!
//! The texts are ours and of one form: a column or key of `CREATE TABLE` stands on a line of its own.

use super::files::{self, File};
use crate::db::{Dialect, Prefix};
use std::collections::BTreeSet;

/// A column or an index of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// `column` or `index`.
    pub(crate) kind: &'static str,
    pub(crate) table: String,
    pub(crate) name: String,
}

impl Part {
    fn new(kind: &'static str, table: &str, name: &str) -> Part {
        let bare = |word: &str| word.trim_matches(['`', '"', ',', '(', ')']).to_owned();
        Part {
            kind,
            table: bare(table),
            name: bare(name),
        }
    }
}

/// Everything that must be there when all migrations are applied.
pub(crate) fn expected(dialect: Dialect, prefix: &Prefix) -> BTreeSet<Part> {
    expected_of(files::ALL, dialect, prefix)
}

fn expected_of(files: &[File], dialect: Dialect, prefix: &Prefix) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    for file in files {
        for statement in files::statements(file.texts(dialect).up) {
            read(&prefix.apply(statement), &mut parts);
        }
    }
    parts
}

fn read(statement: &str, parts: &mut BTreeSet<Part>) {
    let lines: Vec<&str> = statement
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("--"))
        .collect();
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    // What stands between the verb and the name says nothing here.
    let noise = ["IF", "NOT", "EXISTS", "UNIQUE", "CONCURRENTLY"];
    let telling: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !noise.contains(word))
        .collect();
    match telling.as_slice() {
        ["CREATE", "TABLE", table, ..] => {
            let body = lines
                .iter()
                .skip(1)
                .take_while(|line| !line.starts_with(')'));
            parts.extend(body.filter_map(|line| of_line(table, line)));
        }
        ["CREATE", "INDEX", name, "ON", table, ..] => {
            let table = table.split('(').next().unwrap_or(table);
            parts.insert(Part::new("index", table, name));
        }
        ["ALTER", "TABLE", table, rest @ ..] => alter(table, rest, parts),
        ["DROP", "INDEX", name, ..] => {
            let name = Part::new("index", "", name).name;
            parts.retain(|part| part.name != name);
        }
        _ => {}
    }
}

/// One line of a table: a column, a key, or a rule that makes neither.
fn of_line(table: &str, line: &str) -> Option<Part> {
    let mut words = line.split_whitespace();
    match (words.next()?, words.next()?) {
        ("PRIMARY" | "CHECK" | "CONSTRAINT" | "FOREIGN", _) => None,
        ("UNIQUE" | "FULLTEXT", "KEY") => Some(Part::new("index", table, words.next()?)),
        ("KEY", name) => Some(Part::new("index", table, name)),
        (name, _)
            if name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') =>
        {
            Some(Part::new("column", table, name))
        }
        _ => None,
    }
}

fn alter(table: &str, words: &[&str], parts: &mut BTreeSet<Part>) {
    for three in words.windows(3) {
        match three {
            ["ADD", "COLUMN", name] => {
                parts.insert(Part::new("column", table, name));
            }
            ["ADD", "KEY" | "INDEX", name] => {
                parts.insert(Part::new("index", table, name));
            }
            ["DROP", "COLUMN" | "KEY" | "INDEX", name] => {
                let gone = Part::new("", table, name);
                parts.retain(|part| (&part.table, &part.name) != (&gone.table, &gone.name));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statements: &[&str]) -> Vec<String> {
        let mut parts = BTreeSet::new();
        for statement in statements {
            read(statement, &mut parts);
        }
        parts
            .iter()
            .map(|part| format!("{} {} {}", part.kind, part.table, part.name))
            .collect()
    }

    #[test]
    fn columns_and_keys_are_read_from_the_texts() {
        let made = of(&[
            "CREATE TABLE IF NOT EXISTS t (\n  id BIGINT,\n  b TEXT\n    CHECK (b > ''),\n  PRIMARY KEY (id),\n  UNIQUE KEY u (b),\n  KEY k (b, id)\n) ENGINE = x",
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (b) WHERE b IS NOT NULL",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS c INT NULL,\n  ADD COLUMN d INT, ADD UNIQUE KEY v (c)",
            "ALTER TABLE t DROP COLUMN d, DROP KEY k",
            "DROP INDEX IF EXISTS i",
        ]);
        assert_eq!(
            made,
            [
                "column t b",
                "column t c",
                "column t id",
                "index t u",
                "index t v"
            ]
        );
    }
}
