//! `dutiful stats --by STEP`.

use super::percent;
use crate::cli::App;
use crate::cli::place::Place;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, count, elapsed};
use dutiful::{Series, SpanFigures, State, Step, Timestamp};
use std::time::{Duration, SystemTime};

const COLUMNS: [Column; 9] = [
    Column::text("BEGINS"),
    Column::number("ENDED"),
    Column::number("SUCCEEDED"),
    Column::number("SUCCESS"),
    Column::number("RETRIED"),
    Column::number("FAILED RUNS"),
    Column::number("RUN P50"),
    Column::number("RUN P95"),
    Column::number("WAIT P95"),
];

/// Prints what ended in each span, spans in which nothing did included.
pub(super) async fn run(
    app: &App,
    place: &Place,
    step: Step,
    since: Option<Duration>,
    name: Option<String>,
) -> Result<(), Failure> {
    let now = Timestamp::from_system_time(SystemTime::now());
    let from = since.map(|since| now.saturating_sub(since).saturating_add(step.length()));
    let series = place.stats_series(step, from, name).await?;
    app.output.data(&series, || text(&series))
}

fn text(series: &Series) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Wrap);
    for point in &series.points {
        let figures = &point.figures;
        let succeeded = figures.by_state.get(&State::Succeeded).copied();
        let time = |time: Option<Duration>| time.map(elapsed).unwrap_or_default();
        table.row(
            [
                begins(series.step, point.begins_at),
                count(figures.ended),
                count(succeeded.unwrap_or(0)),
                percent(figures.success_rate),
                percent(figures.retry_rate),
                count(failed_runs(figures)),
                time(figures.runs.p50),
                time(figures.runs.p95),
                time(figures.waits.p95),
            ]
            .map(|text| (text, Tone::Plain)),
        );
    }
    table.text()
}

/// Runs that failed, were too long, panicked or lost their lease; not those that were put off.
fn failed_runs(figures: &SpanFigures) -> u64 {
    let failed = ["failed", "timed_out", "panicked", "lease_lost"];
    failed
        .iter()
        .filter_map(|outcome| figures.attempts.get(*outcome))
        .sum()
}

/// As exactly as the step is.
fn begins(step: Step, time: Timestamp) -> String {
    let text = time.to_string();
    let length = if step == Step::Day { 10 } else { 16 };
    text.get(..length).unwrap_or(&text).replace('T', " ")
}
