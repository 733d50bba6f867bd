//! The migrations as texts, for a team that applies them with a tool of its own.

use super::files::{self, File};
use super::{Direction, Engine};
use crate::db::{Dialect, Prefix};
use crate::store::migrations::{CREATE, forget_text, record_text};

/// Every migration in one direction, with the records that make our status agree afterwards.
pub(super) fn text(
    files: &[File],
    engine: Engine,
    direction: Direction,
    prefix: &Prefix,
) -> String {
    let dialect = engine.dialect();
    let body = match direction {
        Direction::Up => up(files, dialect),
        Direction::Down => down(files, dialect),
    };
    let text = header(files, engine, direction) + &body;
    text.replace(crate::db::sql::DEFAULT_PREFIX, prefix.as_str())
}

fn header(files: &[File], engine: Engine, direction: Direction) -> String {
    let newest = files::newest(files);
    let rest = match direction {
        Direction::Up => "-- Makes all tables of Dutiful in an empty database.",
        Direction::Down => {
            "-- Drops the tables of Dutiful with everything in them. The table dutiful_migrations stays,\n\
             -- empty; drop it too when Dutiful is not to come back."
        }
    };
    format!(
        "-- Dutiful, schema version {newest}, {direction}, for {engine}.\n{rest}\n\
         -- The writes to dutiful_migrations tell `dutiful migrate status` and every worker what was done.\n"
    )
}

fn up(files: &[File], dialect: Dialect) -> String {
    let mut text = format!("\n{};\n", CREATE.text(dialect));
    for file in files {
        text += &format!(
            "\n-- {} {}\n{}\n",
            file.version,
            file.name,
            file.texts(dialect).up
        );
        text += &record_text(file.version, file.name, &file.checksum(dialect));
    }
    text
}

fn down(files: &[File], dialect: Dialect) -> String {
    let mut text = String::new();
    for file in files.iter().rev() {
        text += &format!(
            "\n-- {} {}\n{}\n",
            file.version,
            file.name,
            file.texts(dialect).down
        );
        text += &forget_text(file.version);
    }
    text
}
