//! The section of the page that shows the scenarios: a row for each figure, a column for each engine.

use std::fmt::Write;

use anyhow::Result;
use clap::ValueEnum;

use super::notes::Note;
use crate::bench::base::Base;
use crate::bench::numbers::number;

const HEAD: &str = "
## In other situations

Dutiful alone, with its defaults, each row on an empty database of its own. In brackets is how many times the same figure
of the base run of the same session it is; for 4 processes, of the one process; under a snapshot, of the same
number of tasks without one. Log is the write-ahead log on PostgreSQL and SQLite, the redo log on MySQL and MariaDB.
PostgreSQL counts transactions where MySQL counts statements; SQLite counts neither. Measure it again with
`cargo xtask bench all` (with `--long` also what takes minutes).
";

/// Nothing when nothing was measured.
pub(crate) fn section(notes: &[Note]) -> Result<String> {
    let engines = engines(notes);
    if engines.is_empty() {
        return Ok(String::new());
    }
    let mut text = HEAD.to_owned();
    let last = notes.iter().map(|note| note.date.as_str()).max();
    write!(
        text,
        "Measured until {}.\n\n| measured |",
        last.unwrap_or_default()
    )?;
    for engine in &engines {
        let server = notes.iter().rev().find(|note| note.engine == *engine);
        write!(text, " {} |", server.map_or("", |note| &note.server))?;
    }
    writeln!(text, "\n|---|{}", "---|".repeat(engines.len()))?;
    for row in rows(notes) {
        write!(text, "| {} |", row.told)?;
        for engine in &engines {
            let of = |note: &&Note| note.engine == *engine && is_row(note, row);
            let cell = notes.iter().find(of).map(|note| cell(note, notes));
            write!(text, " {} |", cell.unwrap_or_default())?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// Those that were measured, in the usual order.
fn engines(notes: &[Note]) -> Vec<String> {
    let names = Base::value_variants().iter().map(|base| base.name());
    names
        .filter(|name| notes.iter().any(|note| note.engine == *name))
        .collect()
}

/// One note of each row, in the order of the scenarios.
fn rows(notes: &[Note]) -> Vec<&Note> {
    let mut sorted: Vec<&Note> = notes.iter().collect();
    sorted.sort_by_key(|note| note.place);
    let mut rows: Vec<&Note> = Vec::new();
    for note in sorted {
        if !rows.iter().any(|row| is_row(note, row)) {
            rows.push(note);
        }
    }
    rows
}

fn is_row(note: &Note, row: &Note) -> bool {
    (&note.scenario, &note.figure) == (&row.scenario, &row.figure)
}

fn cell(note: &Note, notes: &[Note]) -> String {
    let shown = shown(note.value, &note.unit);
    let against = note.against.as_ref().and_then(|(scenario, figure)| {
        let is_it = |other: &&Note| {
            (&other.scenario, &other.figure) == (scenario, figure)
                && (&other.engine, other.session) == (&note.engine, note.session)
        };
        notes.iter().find(is_it)
    });
    match against {
        Some(other) if other.value > 0.0 => format!("{shown} ({:.2})", note.value / other.value),
        _ => shown,
    }
}

/// A value with its unit.
pub(crate) fn shown(value: f64, unit: &str) -> String {
    match unit {
        "tasks/s" => format!("{}/s", number(value)),
        // Shares of a round trip for each of many tasks.
        "" if value > 0.0 && value < 0.1 => format!("{value:.4}"),
        "" => number(value),
        _ => format!("{} {unit}", number(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(engine: &str, scenario: &str, value: f64, place: u64, session: u64) -> Note {
        Note {
            engine: engine.to_owned(),
            server: format!("{engine} 1"),
            scenario: scenario.to_owned(),
            figure: "drain".to_owned(),
            told: format!("{scenario}: drain"),
            value,
            unit: "tasks/s".to_owned(),
            over: 5,
            against: (scenario != "base").then(|| ("base".to_owned(), "drain".to_owned())),
            place,
            session,
            date: "2025-01-01".to_owned(),
        }
    }

    #[test]
    fn rows_are_situations_and_columns_are_engines() {
        let notes = [
            note("postgres", "late", 500.0, 7, 1),
            note("postgres", "base", 1_000.0, 1, 1),
            note("sqlite", "base", 4_000.0, 1, 1),
            note("sqlite", "late", 9.0, 7, 2),
        ];
        let text = section(&notes).unwrap();
        let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            table,
            [
                "| measured | sqlite 1 | postgres 1 |",
                "|---|---|---|",
                "| base: drain | 4,000/s | 1,000/s |",
                // No ratio to a run of another day.
                "| late: drain | 9.00/s | 500/s (0.50) |",
            ]
        );
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(section(&[]).unwrap(), "");
    }

    #[test]
    fn values_are_shown_with_their_units() {
        assert_eq!(shown(1_234.0, "tasks/s"), "1,234/s");
        assert_eq!(shown(0.0123, ""), "0.0123");
        assert_eq!(shown(2.5, "ms"), "2.50 ms");
    }
}
