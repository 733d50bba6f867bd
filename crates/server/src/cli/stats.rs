//! `dutiful stats`.

mod series;

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Progress, Rows, Table, Tone, count, elapsed};
use crate::values;
use clap::Args;
use dutiful::{Client, NameCounts, SpanFigures, Stats, Step};
use std::time::Duration;

/// What is told of as recent.
const SINCE: Duration = Duration::from_secs(60 * 60);

/// The arguments of `stats`.
#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    /// What ended in each minute, hour or day, in place of counts by name
    #[arg(long, value_name = "STEP", value_parser = step)]
    by: Option<Step>,
    /// How far back: 30m, 1h, 7d [default: 1h; with --by an hour of minutes, a day of hours, 30 days]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    since: Option<Duration>,
    /// With --by, only tasks of this name
    #[arg(long, value_name = "NAME", requires = "by")]
    name: Option<String>,
    /// First count again what has ended, and put the kept figures right; on a database alone
    #[arg(long)]
    recount: bool,
}

impl StatsArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        if self.recount {
            recount(app, &app.settings.connect().await?).await?;
        }
        let place = app.place().await?;
        if let Some(step) = self.by {
            return series::run(app, &place, step, self.since, self.name).await;
        }
        let stats = place.stats(self.since.unwrap_or(SINCE)).await?;
        app.output.data(&stats, || text(&stats))?;
        if stats.names.is_empty() {
            app.output.note("there are no tasks yet");
        }
        if stats.capped {
            app.output.note(
                "some counts are lower bounds: more waits, or has just ended, than is counted",
            );
        }
        Ok(())
    }
}

fn step(word: &str) -> Result<Step, String> {
    word.parse::<Step>().map_err(|error| error.to_string())
}

async fn recount(app: &App, client: &Client) -> Result<(), Failure> {
    let progress = Progress::new(app.output, 1);
    progress.begin("counting", 1);
    let told = |until: dutiful::Timestamp| progress.set(0, format!("counting, up to {until}"));
    let recount = client.recount_figures(told).await?;
    drop(progress);
    let (spans, wrong) = (count(recount.spans), count(recount.wrong));
    app.output.note(&format!(
        "counted {spans} minutes, hours and days again; {wrong} were wrong, by {} in all",
        count(recount.off)
    ));
    Ok(())
}

const COLUMNS: [Column; 9] = [
    Column::text("TASK"),
    Column::number("TOTAL"),
    Column::number("SUCCESS"),
    Column::number("RETRIED"),
    Column::number("AVERAGE"),
    Column::number("DUE"),
    Column::number("OLDEST DUE"),
    Column::text("LATELY"),
    Column::text("STATES"),
];

fn text(stats: &Stats) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Wrap);
    for name in &stats.names {
        table.row(
            [
                named(name),
                bound(name, name.total),
                percent(name.success_rate),
                percent(name.retry_rate),
                name.average_duration.map(elapsed).unwrap_or_default(),
                bound(name, name.queue_depth),
                name.oldest_due.map(elapsed).unwrap_or_default(),
                lately(&name.recent),
                states(name),
            ]
            .map(|text| (text, Tone::Plain)),
        );
    }
    table.text()
}

/// `12 ended, 0.2 a minute, half within 3 ms, 95 % within 80 ms`.
fn lately(recent: &SpanFigures) -> String {
    if recent.ended == 0 {
        return String::new();
    }
    let ended = count(recent.ended);
    let rate = recent.per_minute;
    let within = |share: &str, time: Option<Duration>| {
        time.map(|time| format!(", {share} within {}", elapsed(time)))
            .unwrap_or_default()
    };
    let half = within("half", recent.runs.p50);
    let most = within("95 %", recent.runs.p95);
    format!("{ended} ended, {rate:.1} a minute{half}{most}")
}

/// A count that may be a lower bound.
fn bound(name: &NameCounts, tasks: u64) -> String {
    let more = if name.capped { "+" } else { "" };
    format!("{}{more}", count(tasks))
}

/// The name, and whether it is paused.
fn named(name: &NameCounts) -> String {
    match name.paused {
        true => format!("{} (paused)", name.task_name),
        false => name.task_name.clone(),
    }
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
