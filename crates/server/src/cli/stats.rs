//! `dutiful stats`.

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, count, elapsed};
use dutiful::{NameCounts, Stats};

const COLUMNS: [Column; 8] = [
    Column::text("TASK"),
    Column::number("TOTAL"),
    Column::number("SUCCESS"),
    Column::number("RETRIED"),
    Column::number("AVERAGE"),
    Column::number("DUE"),
    Column::number("OLDEST DUE"),
    Column::text("STATES"),
];

pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let place = app.place().await?;
    let stats = place.stats().await?;
    app.output.data(&stats, || text(&stats))?;
    if stats.names.is_empty() {
        app.output.note("there are no tasks yet");
    }
    Ok(())
}

fn text(stats: &Stats) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Wrap);
    for name in &stats.names {
        table.row(
            [
                name.task_name.clone(),
                count(name.total),
                percent(name.success_rate),
                percent(name.retry_rate),
                name.average_duration.map(elapsed).unwrap_or_default(),
                count(name.queue_depth),
                name.oldest_due.map(elapsed).unwrap_or_default(),
                states(name),
            ]
            .map(|text| (text, Tone::Plain)),
        );
    }
    table.text()
}

/// `12 succeeded, 1 failed`: only the states that there are tasks in.
fn states(name: &NameCounts) -> String {
    let counts = name.counts.iter().filter(|(_, tasks)| **tasks > 0);
    let parts: Vec<String> = counts
        .map(|(state, tasks)| format!("{} {state}", count(*tasks)))
        .collect();
    parts.join(", ")
}

fn percent(rate: Option<f64>) -> String {
    rate.map(|rate| format!("{:.1} %", rate * 100.0))
        .unwrap_or_default()
}
