//! Counts and rates as they are shown.

use crate::store::stats::{Group, Groups};
use dutiful_core::{NameStats, State, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts and rates of all task names at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// By task name; only names that have tasks.
    pub names: Vec<NameCounts>,
    /// When this was counted, by the database's clock.
    pub now: Timestamp,
}

/// Counts and rates of one task name, over the tasks that are stored. Deleted ones are not in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameCounts {
    /// The name.
    pub task_name: String,
    /// Tasks by state; states without tasks are left out.
    pub counts: BTreeMap<State, u64>,
    /// All tasks.
    pub total: u64,
    /// The share of ended tasks that succeeded, 0 to 1; cancelled ones count on neither side. `None` when
    /// none ended.
    pub success_rate: Option<f64>,
    /// The share of ended tasks that had a failed run, 0 to 1. `None` when none ended.
    pub retry_rate: Option<f64>,
    /// The mean duration of the last runs of tasks that succeeded, failed or were discarded. In JSON a
    /// number of seconds.
    #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
    pub average_duration: Option<Duration>,
    /// Tasks that are due now and wait for a worker.
    pub queue_depth: u64,
    /// How long the oldest of those has been due. In JSON a number of seconds.
    #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
    pub oldest_due: Option<Duration>,
}

impl From<Groups> for Stats {
    fn from(counted: Groups) -> Stats {
        let now = counted.now;
        let mut by_name: BTreeMap<String, Vec<Group>> = BTreeMap::new();
        for group in counted.groups {
            by_name
                .entry(group.task_name.clone())
                .or_default()
                .push(group);
        }
        let counts = |(name, groups): (String, Vec<Group>)| name_counts(name, &groups, now);
        Stats {
            names: by_name.into_iter().map(counts).collect(),
            now,
        }
    }
}

fn name_counts(task_name: String, groups: &[Group], now: Timestamp) -> NameCounts {
    let mut stats = NameStats::default();
    let mut run_micros = 0_u64;
    for group in groups {
        *stats.counts.entry(group.state).or_default() += group.tasks;
        if group.retried && group.state.is_ended() {
            stats.ended_with_retry += group.tasks;
        }
        if ended_by_run(group.state) {
            stats.timed_runs += group.timed;
            run_micros = run_micros.saturating_add(group.run_micros);
        }
    }
    stats.run_time = Duration::from_micros(run_micros);
    let due = || groups.iter().filter(|group| group.due);
    NameCounts {
        task_name,
        total: groups.iter().map(|group| group.tasks).sum(),
        success_rate: stats.success_rate(),
        retry_rate: stats.retry_rate(),
        average_duration: stats.average_duration(),
        queue_depth: due().map(|group| group.tasks).sum(),
        oldest_due: due()
            .filter_map(|group| group.first_due)
            .min()
            .map(|first| now.since(first)),
        counts: stats.counts,
    }
}

/// Whether such tasks ended when their last run did. The others were ended by a person, a check or a
/// crash, so that the time since their last claim is no duration of a run.
fn ended_by_run(state: State) -> bool {
    matches!(state, State::Succeeded | State::Failed | State::Discarded)
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

fn of_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    let read = |seconds| Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom);
    seconds.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(task_name: &str, state: State, tasks: u64) -> Group {
        Group {
            task_name: task_name.to_owned(),
            state,
            due: false,
            retried: false,
            tasks,
            timed: 0,
            run_micros: 0,
            first_due: None,
        }
    }

    fn count(groups: Vec<Group>) -> Vec<NameCounts> {
        Stats::from(Groups {
            now: Timestamp::from_micros(10_000_000),
            groups,
        })
        .names
    }

    #[test]
    fn groups_of_one_state_are_added_up_by_name() {
        let names = count(vec![
            group("B", State::Queued, 5),
            group("A", State::Succeeded, 3),
            Group {
                retried: true,
                ..group("A", State::Succeeded, 1)
            },
            group("A", State::Failed, 4),
        ]);
        assert_eq!(names.len(), 2);
        assert_eq!((names[0].task_name.as_str(), names[0].total), ("A", 8));
        assert_eq!(
            names[0].counts,
            BTreeMap::from([(State::Succeeded, 4), (State::Failed, 4)])
        );
        assert_eq!(
            (names[0].success_rate, names[0].retry_rate),
            (Some(0.5), Some(0.125))
        );
        assert_eq!((names[1].success_rate, names[1].queue_depth), (None, 0));
    }

    #[test]
    fn only_ends_of_runs_count_in_the_average_duration() {
        let timed = |state| Group {
            timed: 2,
            run_micros: 3_000_000,
            ..group("A", state, 2)
        };
        let names = count(vec![timed(State::Succeeded), timed(State::Cancelled)]);
        assert_eq!(
            names[0].average_duration,
            Some(Duration::from_millis(1_500))
        );
        assert_eq!(
            serde_json::to_value(&names[0]).unwrap()["average_duration"],
            1.5
        );
    }

    #[test]
    fn the_queue_is_what_is_due_and_its_age_that_of_the_first() {
        let due = |state, at| Group {
            due: true,
            first_due: Some(Timestamp::from_micros(at)),
            ..group("A", state, 2)
        };
        let later = Group {
            first_due: Some(Timestamp::from_micros(1)),
            ..group("A", State::Running, 9)
        };
        let names = count(vec![
            due(State::Queued, 8_000_000),
            due(State::Retrying, 7_000_000),
            later,
        ]);
        assert_eq!(names[0].queue_depth, 4);
        assert_eq!(names[0].oldest_due, Some(Duration::from_secs(3)));
    }
}
