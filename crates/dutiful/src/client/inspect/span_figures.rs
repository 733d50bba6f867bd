//! Figures of a span of time as they are shown.

use super::stats::{of_opt_seconds, opt_seconds};
use dutiful_core::{Figures, Spread, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What ended in a span of time, how, and how long it took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpanFigures {
    /// Tasks that ended, in whatever way. One that was retried by hand before its end was kept counts once.
    pub ended: u64,
    /// The same by the state in which they did.
    pub by_state: BTreeMap<State, u64>,
    /// Tasks that ended in a minute, on average.
    pub per_minute: f64,
    /// The share of ended tasks that succeeded, 0 to 1; cancelled ones count on neither side. `None` when none
    /// ended.
    pub success_rate: Option<f64>,
    /// The share of ended tasks that had a failed run, 0 to 1. `None` when none ended.
    pub retry_rate: Option<f64>,
    /// Attempts that did not end in success, by outcome: `failed`, `timed_out`, `panicked`, `lease_lost` and
    /// others (see [`crate::AttemptInfo::outcome`]).
    pub attempts: BTreeMap<String, u64>,
    /// How long the last runs took, of tasks that succeeded, failed or were discarded.
    pub runs: Durations,
    /// How long tasks waited from their submission to their first run, a delay that was asked for included. Tasks
    /// that ran more than once are not in it.
    pub waits: Durations,
}

/// How long something took. Quantiles are off by an eighth at most. In JSON numbers of seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Durations {
    /// How many were measured.
    pub count: u64,
    /// The mean.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub average: Option<Duration>,
    /// What half of them did not exceed.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub p50: Option<Duration>,
    /// What 95 of 100 did not exceed.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub p95: Option<Duration>,
    /// What 99 of 100 did not exceed.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub p99: Option<Duration>,
    /// All of them, for whoever makes other quantiles or histograms of them.
    #[serde(skip)]
    pub spread: Spread,
}

impl SpanFigures {
    pub(super) fn of(figures: &Figures, span: Duration) -> SpanFigures {
        let number = |number: &i64| u64::try_from(*number).unwrap_or(0);
        let ended = figures.ended_in_all();
        let minutes = span.as_secs_f64() / 60.0;
        let attempts = figures.attempts.iter();
        SpanFigures {
            ended: number(&ended),
            by_state: figures
                .ended
                .iter()
                .map(|(state, tasks)| (*state, number(tasks)))
                .collect(),
            per_minute: if minutes > 0.0 {
                number(&ended) as f64 / minutes
            } else {
                0.0
            },
            success_rate: figures.success_rate(),
            retry_rate: figures.retry_rate(),
            attempts: attempts
                .map(|(outcome, attempts)| (outcome.to_string(), number(attempts)))
                .collect(),
            runs: Durations::of(&figures.runs),
            waits: Durations::of(&figures.waits),
        }
    }
}

impl Durations {
    fn of(spread: &Spread) -> Durations {
        Durations {
            count: spread.count(),
            average: spread.mean(),
            p50: spread.quantile(0.5),
            p95: spread.quantile(0.95),
            p99: spread.quantile(0.99),
            spread: spread.clone(),
        }
    }
}
