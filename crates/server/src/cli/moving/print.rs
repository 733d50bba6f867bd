//! What `dutiful move` prints.

use super::super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, count, elapsed, time};
use dutiful::moves::{MoveOutlook, MoveReport, MoveStatus};
use serde_json::json;
use std::time::Duration;

/// Clocks that are this far apart move due times and leases by as much.
const CLOCK_WORTH_TELLING: Duration = Duration::from_secs(2);

const OUTLOOK: [Column; 2] = [Column::word("TABLE"), Column::number("ROWS")];
const REPORT: [Column; 4] = [
    Column::word("TABLE"),
    Column::number("ROWS"),
    Column::number("WRITTEN"),
    Column::word("SHA-256 OF BOTH"),
];
/// So much of a digest is shown to people; `--json` has all of it.
const DIGEST_SHOWN: usize = 16;

pub(super) fn outlook(app: &App, outlook: &MoveOutlook) -> Result<(), Failure> {
    let tables: Vec<_> = outlook
        .tables
        .iter()
        .map(|(table, rows)| json!({ "table": table, "rows": rows }))
        .collect();
    let data = json!({
        "dry_run": true,
        "from": outlook.from,
        "to": outlook.to,
        "resumes": outlook.resumes,
        "makes_tables": outlook.makes_tables,
        "tables": tables,
        "leased": outlook.leased,
        "workers": outlook.workers,
        "clock_ahead": seconds(outlook.clock_ahead_micros),
    });
    app.output.data(&data, || {
        let mut table = Table::new(&OUTLOOK, Rows::Cut);
        for (name, rows) in &outlook.tables {
            table.row([
                ((*name).to_owned(), Tone::Plain),
                (count(*rows), Tone::Plain),
            ]);
        }
        let mut text = format!(
            "would move\n  from {}\n  to   {}\n\n",
            outlook.from, outlook.to
        );
        text += &table.text();
        text += &format!(
            "\n{} tasks run now, {} workers are alive\n",
            count(outlook.leased),
            count(outlook.workers)
        );
        if outlook.makes_tables {
            text += "the tables would be made at the new place\n";
        }
        if outlook.resumes {
            text += "a move that was cut off would go on\n";
        }
        text + &clocks(outlook.clock_ahead_micros)
    })
}

pub(super) fn report(app: &App, report: &MoveReport) -> Result<(), Failure> {
    let mut data = serde_json::to_value(report).unwrap_or_default();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("clock_ahead_micros");
        fields.insert(
            "clock_ahead".to_owned(),
            json!(seconds(report.clock_ahead_micros)),
        );
    }
    app.output.data(&data, || {
        let mut text = format!("moved\n  from {}\n  to   {}\n", report.from, report.to);
        if report.tables.is_empty() {
            return text + "an earlier run had compared all rows; the new place is open\n";
        }
        let mut table = Table::new(&REPORT, Rows::Cut);
        for one in &report.tables {
            let digest = one.digest.chars().take(DIGEST_SHOWN).collect();
            table.row([
                (one.table.to_owned(), Tone::Plain),
                (count(one.rows), Tone::Plain),
                (count(one.written), Tone::Plain),
                (digest, Tone::Good),
            ]);
        }
        text += &format!("\n{}", table.text());
        text += &format!(
            "\nevery row was read from both places and found the same, in {} passes\n\
             the queue was away for {}, the whole took {}\n",
            report.passes,
            elapsed(report.cut_over),
            elapsed(report.took)
        );
        if report.leased > 0 {
            text += &format!(
                "{} tasks were running: at the new place they run again when their leases end\n",
                count(report.leased)
            );
        }
        text += &clocks(report.clock_ahead_micros);
        text + "now start the programs with the new URL; `dutiful move --remove-old` removes the old tables\n"
    })
}

pub(super) fn status(app: &App, status: Option<&MoveStatus>) -> Result<(), Failure> {
    let data = json!({ "move": status });
    app.output.data(&data, || {
        let Some(status) = status else {
            return "this database has taken part in no move\n".to_owned();
        };
        let way = if status.is_target { "from" } else { "to" };
        let holder = status.holder.as_deref().unwrap_or("nobody");
        format!(
            "{way} {}\nstage    {}, since {}\nbegun    {}\nat work  {holder}\nmove     {}\n",
            status.other,
            status.stage.as_str(),
            time(Some(status.changed_at)),
            time(Some(status.started_at)),
            status.move_id,
        )
    })
}

fn clocks(ahead_micros: i64) -> String {
    let apart = Duration::from_micros(ahead_micros.unsigned_abs());
    if apart < CLOCK_WORTH_TELLING {
        return String::new();
    }
    let way = if ahead_micros > 0 {
        "ahead of"
    } else {
        "behind"
    };
    format!(
        "note: the clock of the new place is {} {way} the old one's, and due times and leases with it\n",
        elapsed(apart)
    )
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
