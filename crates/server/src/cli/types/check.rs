//! `dutiful types check`.

use super::super::App;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Progress, Rows, Table, Tone, count};
use clap::Args;
use dutiful::{PayloadReport, PayloadType};
use serde_json::json;

const COLUMNS: [Column; 5] = [
    Column::text("TASK"),
    Column::word("REASON"),
    Column::number("TASKS"),
    Column::text("IDS"),
    Column::text("FIRST"),
];
/// How many ids a row shows.
const IDS_SHOWN: usize = 5;

/// The arguments of `types check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Look at tasks that have ended too
    #[arg(long)]
    all: bool,
}

impl CheckArgs {
    pub(crate) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        let types: Vec<PayloadType> = app.tasks.all().iter().map(|known| known.payload).collect();
        let progress = Progress::new(app.output, 0);
        progress.begin("payloads", 0);
        let report = client
            .check_payloads(&types, self.all, |done, of| progress.reach(done, of))
            .await;
        drop(progress);
        let report = report?;
        let ok = report.faults.is_empty();
        let data = json!({
            "ok": ok,
            "checked": report.checked,
            "faults": report.faults,
            "unknown": report.unknown,
        });
        app.output.data(&data, || text(&report))?;
        if ok {
            return Ok(());
        }
        let tasks: u64 = report.faults.iter().map(|fault| fault.told.tasks).sum();
        let cause = format!("this binary cannot run {} stored tasks", count(tasks));
        Err(Failure::new(Exit::Conflict, "unreadable_payloads", cause)
            .fix("teach the types' `upgrade` these payloads, or edit or cancel the tasks, before deploying"))
    }
}

fn text(report: &PayloadReport) -> String {
    let mut text = String::new();
    if report.faults.is_empty() {
        let checked = count(report.checked);
        text += &format!("all {checked} payloads can be read\n");
    } else {
        let mut table = Table::new(&COLUMNS, Rows::Cut);
        for fault in &report.faults {
            let examples = &fault.told.examples;
            let ids: Vec<String> = examples.iter().map(|one| one.id.to_string()).collect();
            let more = if fault.told.tasks > IDS_SHOWN as u64 {
                " …"
            } else {
                ""
            };
            let ids = ids[..ids.len().min(IDS_SHOWN)].join(" ") + more;
            let first = examples
                .first()
                .map_or(String::new(), |one| one.why.clone());
            table.row([
                (fault.task_name.clone(), Tone::Plain),
                (fault.reason.to_string(), Tone::Bad),
                (count(fault.told.tasks), Tone::Plain),
                (ids, Tone::Plain),
                (first, Tone::Dim),
            ]);
        }
        text += &table.text();
    }
    for name in &report.unknown {
        let (tasks, name) = (count(name.tasks), &name.task_name);
        text += &crate::output::line(&format!(
            "{tasks} tasks of the name {name} were not read: this binary does not know it"
        ));
        text.push('\n');
    }
    text
}
