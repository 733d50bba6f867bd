//! Figures of a span of time.

use dutiful::{Durations, SpanFigures};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What ended in a span of time, how, and how long it took.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpanFigures)]
pub(crate) struct SpanFiguresView {
    /// Tasks that ended, in whatever way.
    ended: u64,
    /// The same by the state in which they did.
    by_state: BTreeMap<String, u64>,
    /// Tasks that ended in a minute, on average.
    per_minute: f64,
    /// The share of ended tasks that succeeded, 0 to 1; `null` when none ended.
    success_rate: Option<f64>,
    /// The share of ended tasks that had a failed run, 0 to 1.
    retry_rate: Option<f64>,
    /// Attempts that did not end in success, by outcome.
    attempts: BTreeMap<String, u64>,
    /// How long the last runs took, of tasks that succeeded, failed or were discarded.
    runs: DurationsView,
    /// How long tasks waited from their submission to their first run.
    waits: DurationsView,
}

/// How long something took, in seconds. Quantiles are off by an eighth at most.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Durations)]
pub(crate) struct DurationsView {
    /// How many were measured.
    count: u64,
    /// The mean; `null` when there were none.
    average: Option<f64>,
    /// What half of them did not exceed.
    p50: Option<f64>,
    /// What 95 of 100 did not exceed.
    p95: Option<f64>,
    /// What 99 of 100 did not exceed.
    p99: Option<f64>,
}

impl From<SpanFigures> for SpanFiguresView {
    fn from(figures: SpanFigures) -> SpanFiguresView {
        let by_state = figures.by_state.into_iter();
        SpanFiguresView {
            ended: figures.ended,
            by_state: by_state
                .map(|(state, tasks)| (state.to_string(), tasks))
                .collect(),
            per_minute: figures.per_minute,
            success_rate: figures.success_rate,
            retry_rate: figures.retry_rate,
            attempts: figures.attempts,
            runs: figures.runs.into(),
            waits: figures.waits.into(),
        }
    }
}

impl From<Durations> for DurationsView {
    fn from(durations: Durations) -> DurationsView {
        let [average, p50, p95, p99] = [
            durations.average,
            durations.p50,
            durations.p95,
            durations.p99,
        ]
        .map(|time| time.map(|time| time.as_secs_f64()));
        DurationsView {
            count: durations.count,
            average,
            p50,
            p95,
            p99,
        }
    }
}
