//! The migrations that this program carries, and how their texts are cut into statements.
//!
//! A new migration is a folder `migrations/NNNN_name` with an up and a down text for each dialect, and a
//! line here; a new table is also named in `store/moves`. Its statements must be safe to repeat (`IF NOT
//! EXISTS`, `IF EXISTS`, writes that find nothing left to do), and each direction must work from any point of
//! the other: on MySQL a run may be cut off between any two of them. A text that has been released is never
//! changed.

use crate::db::Dialect;
use sha2::{Digest, Sha256};

/// One migration in all dialects.
#[derive(Debug)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) name: &'static str,
    pub(super) sqlite: Texts,
    pub(super) mysql: Texts,
    pub(super) postgres: Texts,
}

/// Both directions of a migration in one dialect.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) up: &'static str,
    pub(super) down: &'static str,
}

macro_rules! texts {
    ($folder:literal, $dialect:literal) => {
        Texts {
            up: include_str!(concat!(
                "../../migrations/",
                $folder,
                "/up.",
                $dialect,
                ".sql"
            )),
            down: include_str!(concat!(
                "../../migrations/",
                $folder,
                "/down.",
                $dialect,
                ".sql"
            )),
        }
    };
}

macro_rules! file {
    ($version:literal, $name:literal, $folder:literal) => {
        File {
            version: $version,
            name: $name,
            sqlite: texts!($folder, "sqlite"),
            mysql: texts!($folder, "mysql"),
            postgres: texts!($folder, "postgres"),
        }
    };
}

/// Every migration, oldest first, numbered from 1 without gaps.
pub(super) static ALL: &[File] = &[
    file!(1, "tasks", "0001_tasks"),
    file!(2, "access", "0002_access"),
    file!(3, "task_types", "0003_task_types"),
    file!(4, "figures", "0004_figures"),
    file!(5, "operating", "0005_operating"),
    file!(6, "moves", "0006_moves"),
    file!(7, "joins", "0007_joins"),
    file!(8, "documents", "0008_documents"),
];

impl File {
    pub(super) fn texts(&self, dialect: Dialect) -> &Texts {
        match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Mysql => &self.mysql,
            Dialect::Postgres => &self.postgres,
        }
    }

    /// SHA-256 of the up text, in hex. Line ends count as one character, so that a checkout with others
    /// makes the same program.
    pub(super) fn checksum(&self, dialect: Dialect) -> String {
        let text = self.texts(dialect).up.replace("\r\n", "\n");
        Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// The version of the schema that `files` make.
pub(super) fn newest(files: &[File]) -> u32 {
    files.last().map_or(0, |file| file.version)
}

/// Cuts a text at each `;` that ends a line. Lines that are comments go with the statement after them.
pub(super) fn statements(text: &'static str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.trim_end().ends_with(';') && !is_comment(line) {
            found.push(text[start..end].trim().trim_end_matches(';'));
            start = end;
        }
    }
    let rest = &text[start..];
    if !rest
        .lines()
        .all(|line| line.trim().is_empty() || is_comment(line))
    {
        found.push(rest.trim());
    }
    found
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Mysql, Dialect::Postgres];

    #[test]
    fn a_text_is_cut_where_a_semicolon_ends_a_line() {
        let text = "-- first;\nCREATE TABLE a (\n  x TEXT DEFAULT 'p;q'\n);\n\nINSERT INTO a VALUES ('1; 2');  \r\nDROP TABLE b\n";
        assert_eq!(
            statements(text),
            [
                "-- first;\nCREATE TABLE a (\n  x TEXT DEFAULT 'p;q'\n)",
                "INSERT INTO a VALUES ('1; 2')",
                "DROP TABLE b",
            ]
        );
    }

    #[test]
    fn blank_lines_and_closing_comments_are_no_statements() {
        assert!(statements("").is_empty());
        assert!(statements("\n  \n-- nothing;\n").is_empty());
        assert_eq!(statements("SELECT 1;\n-- end\n"), ["SELECT 1"]);
    }

    #[test]
    fn every_migration_has_statements_in_both_directions_and_its_number() {
        for (index, file) in ALL.iter().enumerate() {
            assert_eq!(file.version as usize, index + 1);
            for dialect in DIALECTS {
                let texts = file.texts(dialect);
                for text in [texts.up, texts.down] {
                    assert!(!statements(text).is_empty());
                    assert!(text.trim_end().ends_with(';'), "{} {dialect:?}", file.name);
                }
            }
        }
    }

    /// Without this a killed run could not be taken up on MySQL.
    #[test]
    fn every_table_statement_can_be_repeated() {
        for file in ALL {
            for dialect in DIALECTS {
                let texts = file.texts(dialect);
                for statement in statements(texts.up)
                    .into_iter()
                    .chain(statements(texts.down))
                {
                    for (verb, guard) in [
                        ("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "),
                        ("DROP TABLE ", "DROP TABLE IF EXISTS "),
                    ] {
                        assert!(
                            !statement.starts_with(verb) || statement.starts_with(guard),
                            "{statement}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_checksum_is_the_sha256_of_the_up_text_whatever_its_line_ends() {
        let with = |up| File {
            version: 1,
            name: "x",
            sqlite: Texts { up, down: "" },
            mysql: Texts { up: "", down: "" },
            postgres: Texts { up: "", down: "" },
        };
        let unix = with("SELECT 1;\nSELECT 2;\n").checksum(Dialect::Sqlite);
        assert_eq!(
            unix,
            with("SELECT 1;\r\nSELECT 2;\r\n").checksum(Dialect::Sqlite)
        );
        assert_eq!(
            unix,
            "82efb67f3010c6eb7ead02e4f6d9550633dbc1407f99aa487468e7b2567aebbc"
        );
        assert_ne!(
            unix,
            with("SELECT 1;\nSELECT 3;\n").checksum(Dialect::Sqlite)
        );
    }
}
