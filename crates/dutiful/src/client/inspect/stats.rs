//! Counts, rates and durations as they are shown.

use super::span_figures::SpanFigures;
use crate::store::figures::look::Ended;
use crate::store::stats::{AllLive, Live};
use dutiful_core::{Figures, State, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts and rates of all task names at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// By task name: names that have tasks, or had some that ended in the window.
    pub names: Vec<NameCounts>,
    /// When this was counted, by the database's clock.
    pub now: Timestamp,
    /// What ended before this time was kept as a figure; what ended since was counted. It lies some seconds back,
    /// or at the last end of a task, while a worker runs.
    pub figures_until: Timestamp,
    /// Some counts are lower bounds: more waits, or has ended since [`Stats::figures_until`], than is counted.
    pub capped: bool,
    /// How long the span is that [`NameCounts::recent`] tells of. In JSON a number of seconds.
    #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
    pub window: Duration,
}

/// Counts and rates of one task name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameCounts {
    /// The name.
    pub task_name: String,
    /// Stored tasks by state; states without tasks are left out.
    pub counts: BTreeMap<State, u64>,
    /// All stored tasks.
    pub total: u64,
    /// The counts of what waits or runs are lower bounds.
    pub capped: bool,
    /// The share of ended tasks that are stored that succeeded, 0 to 1; cancelled ones count on neither side.
    /// `None` when none ended.
    pub success_rate: Option<f64>,
    /// The share of tasks that ended since figures are kept that had a failed run, 0 to 1. `None` when none ended.
    pub retry_rate: Option<f64>,
    /// The mean duration of the last runs of tasks that succeeded, failed or were discarded, since figures are
    /// kept. In JSON a number of seconds.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub average_duration: Option<Duration>,
    /// Tasks that are due now and wait for a worker.
    pub queue_depth: u64,
    /// How long the oldest of those has been due. In JSON a number of seconds.
    #[serde(serialize_with = "opt_seconds", deserialize_with = "of_opt_seconds")]
    pub oldest_due: Option<Duration>,
    /// Whether the name is paused; see [`Client::pause`](crate::Client::pause).
    pub paused: bool,
    /// What has ended in the last while: see [`Stats::window`].
    pub recent: SpanFigures,
}

/// Puts together what has ended and what has not.
pub(super) fn stats(ended: Ended, live: AllLive, now: Timestamp, window: Duration) -> Stats {
    let mut recent: BTreeMap<String, Figures> = BTreeMap::new();
    for ((_, task_name), figures) in ended.spans {
        recent.entry(task_name).or_default().add(&figures);
    }
    let mut names: BTreeMap<String, (Figures, Live)> = BTreeMap::new();
    for (task_name, figures) in ended.all {
        names.entry(task_name).or_default().0 = figures;
    }
    let mut capped = ended.capped || live.held_capped;
    for (task_name, live) in live.names {
        capped |= live.capped;
        names.entry(task_name).or_default().1 = live;
    }
    let counts = |(task_name, (all, live)): (String, (Figures, Live))| {
        let recent = recent.get(&task_name).cloned().unwrap_or_default();
        let recent = SpanFigures::of(&recent, window);
        name_counts(task_name, &all, live, now, recent)
    };
    Stats {
        names: names
            .into_iter()
            .map(counts)
            .filter(|name| name.total > 0 || name.recent.ended > 0)
            .collect(),
        now,
        figures_until: ended.until,
        capped,
        window,
    }
}

fn name_counts(
    task_name: String,
    all: &Figures,
    live: Live,
    now: Timestamp,
    recent: SpanFigures,
) -> NameCounts {
    let mut counts = live.counts;
    for (state, kept) in &all.kept {
        let kept = u64::try_from(*kept).unwrap_or(0);
        if kept > 0 {
            *counts.entry(*state).or_default() += kept;
        }
    }
    let stored = Figures {
        ended: all.kept.clone(),
        ..Figures::default()
    };
    NameCounts {
        task_name,
        total: counts.values().sum(),
        counts,
        capped: live.capped,
        success_rate: stored.success_rate(),
        retry_rate: all.retry_rate(),
        average_duration: all.runs.mean(),
        queue_depth: live.due,
        oldest_due: live.first_due.map(|first| now.since(first)),
        recent,
        // Told by rows of their own.
        paused: false,
    }
}

pub(super) fn opt_seconds<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

pub(super) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    time.as_secs_f64().serialize(serializer)
}

pub(super) fn of_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

pub(super) fn of_opt_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    let read = |seconds| Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom);
    seconds.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn figures(states: &[(State, i64)]) -> Figures {
        Figures {
            ended: states.iter().copied().collect(),
            kept: states.iter().copied().collect(),
            ..Figures::default()
        }
    }

    fn count(ended: Ended, live: AllLive) -> Vec<NameCounts> {
        stats(ended, live, Timestamp::from_micros(10_000_000), HOUR).names
    }

    #[test]
    fn what_has_ended_and_what_has_not_are_put_together_by_name() {
        let mut a = figures(&[(State::Succeeded, 4), (State::Failed, 4)]);
        a.retried = 1;
        a.kept.insert(State::Failed, -1);
        let queued = Live {
            counts: BTreeMap::from([(State::Queued, 5)]),
            ..Live::default()
        };
        let names = count(
            Ended {
                all: BTreeMap::from([("A".to_owned(), a)]),
                ..Ended::default()
            },
            AllLive {
                names: BTreeMap::from([("B".to_owned(), queued)]),
                held_capped: false,
            },
        );
        assert_eq!((names[0].task_name.as_str(), names[0].total), ("A", 4));
        assert_eq!(names[0].counts, BTreeMap::from([(State::Succeeded, 4)]));
        assert_eq!(names[0].retry_rate, Some(0.125));
        assert_eq!((names[1].success_rate, names[1].total), (None, 5));
    }

    #[test]
    fn the_window_adds_up_its_spans() {
        let mut spans = BTreeMap::new();
        for minute in 0..3 {
            let mut figures = figures(&[(State::Succeeded, 20)]);
            figures.runs.record(Duration::from_millis(1_500));
            spans.insert((Timestamp::from_micros(minute), "A".to_owned()), figures);
        }
        let ended = Ended {
            all: BTreeMap::from([("A".to_owned(), figures(&[(State::Succeeded, 60)]))]),
            spans,
            ..Ended::default()
        };
        let names = count(ended, AllLive::default());
        let recent = &names[0].recent;
        assert_eq!((recent.ended, recent.per_minute), (60, 1.0));
        assert_eq!(recent.runs.average, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn the_queue_is_what_is_due_and_its_age_that_of_the_first() {
        let live = Live {
            counts: BTreeMap::from([(State::Queued, 4)]),
            due: 4,
            first_due: Some(Timestamp::from_micros(7_000_000)),
            capped: true,
        };
        let live = AllLive {
            names: BTreeMap::from([("A".to_owned(), live)]),
            held_capped: false,
        };
        let stats = stats(
            Ended::default(),
            live,
            Timestamp::from_micros(10_000_000),
            HOUR,
        );
        assert_eq!(stats.names[0].queue_depth, 4);
        assert_eq!(stats.names[0].oldest_due, Some(Duration::from_secs(3)));
        assert!(stats.capped && stats.names[0].capped);
    }
}
