//! What the demo prints at its end.

use super::place::Place;
use super::verdict::{Transcribed, Verdict};
use crate::failure::Failure;
use crate::output::{Column, Output, Rows, Table, Tone, count, elapsed};
use dutiful::TaskId;
use serde_json::json;
use std::time::Duration;

const COLUMNS: [Column; 6] = [
    Column::word(""),
    Column::word("TASK"),
    Column::text("EXPECTED"),
    Column::text("HAPPENED"),
    Column::text("TASKS"),
    Column::text("LOOK AT"),
];
const DOCUMENT_COLUMNS: [Column; 5] = [
    Column::text("DOCUMENT"),
    Column::text("FORMAT"),
    Column::number("PAGES"),
    Column::number("CHARACTERS"),
    Column::text("TITLE OR REASON"),
];

/// Prints the verdicts, the documents and what to do next.
pub(super) fn print(
    output: Output,
    place: &Place,
    verdicts: &[Verdict],
    took: Duration,
) -> Result<(), Failure> {
    let database = place.is_kept().then(|| place.database_url());
    let json = json!({
        "as_expected": verdicts.iter().all(|verdict| verdict.as_expected),
        "seconds": took.as_secs_f64(),
        "database": database,
        "checks": verdicts,
    });
    output.data(&json, || text(verdicts, took))?;
    output.note(&next(database.as_deref()));
    Ok(())
}

fn text(verdicts: &[Verdict], took: Duration) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Wrap);
    for verdict in verdicts {
        let (mark, tone) = if verdict.as_expected {
            ("✅", Tone::Good)
        } else {
            ("❌", Tone::Bad)
        };
        table.row([
            (mark.to_owned(), Tone::Plain),
            (verdict.task_name.to_owned(), Tone::Plain),
            (verdict.expected.clone(), Tone::Plain),
            (verdict.happened.clone(), tone),
            (ranges(&verdict.tasks), Tone::Dim),
            (verdict.look_at.to_owned(), Tone::Dim),
        ]);
    }
    let documents: Vec<&Transcribed> = verdicts.iter().flat_map(|one| &one.documents).collect();
    let fitting = verdicts
        .iter()
        .filter(|verdict| verdict.as_expected)
        .count();
    format!(
        "\n{}\n{}\n{fitting} of {} as expected, in {}\n",
        table.text(),
        documents_table(&documents),
        verdicts.len(),
        elapsed(took)
    )
}

fn documents_table(documents: &[&Transcribed]) -> String {
    let mut table = Table::new(&DOCUMENT_COLUMNS, Rows::Cut);
    for one in documents {
        let reason = one.error.clone().filter(|_| one.format.is_none());
        table.row([
            (one.file.clone(), Tone::Plain),
            match &one.format {
                Some(format) => (format.clone(), Tone::Good),
                None => (one.state.to_string(), Tone::of(one.state)),
            },
            (one.pages.to_string(), Tone::Plain),
            (count(one.characters as u64), Tone::Plain),
            (
                reason.or_else(|| one.title.clone()).unwrap_or_default(),
                Tone::Plain,
            ),
        ]);
    }
    table.text()
}

/// `1-5, 8`: neighbours together.
fn ranges(ids: &[TaskId]) -> String {
    let mut sorted: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sorted.sort_unstable();
    sorted
        .chunk_by(|left, right| left + 1 == *right)
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            [only] => only.to_string(),
            [] => String::new(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn next(database: Option<&str>) -> String {
    let look = match database {
        Some(url) => format!(
            "kept: {url}\n  dutiful --database-url {url} list\n  \
             dutiful --database-url {url} show 1"
        ),
        None => "next:\n  dutiful demo --keep               keeps the database, to look at it"
            .to_owned(),
    };
    format!(
        "{look}\n  dutiful worker --migrate          runs tasks in sqlite:dutiful.db\n  \
         dutiful submit ExampleTask '{{\"message\": \"hello\", \"count\": 2}}' --wait"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ids_are_told_as_a_range() {
        let ids = [3, 1, 2, 7].map(TaskId);
        assert_eq!(ranges(&ids), "1-3, 7");
        assert_eq!(ranges(&[]), "");
    }
}
