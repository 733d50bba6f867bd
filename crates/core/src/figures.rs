//! Figures of one task name over a span of time: what ended, how, after which runs and waits. Pure sums, so
//! that figures of many spans add up to those of a longer one.
//!
//! What lives here: adding, taking away, means and quantiles, and the steps of a time series. What does not:
//! where figures come from and how long they are kept.

mod spread;
mod step;

pub use spread::Spread;
pub use step::Step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lifecycle::Outcome;
use crate::task::State;

/// Sums over one span of time. They are stored as JSON of this form: what is zero is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// How many tasks ended, by the state in which they did. They stay counted when the task is removed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ended: BTreeMap<State, i64>,
    /// How many of those had at least one failed run.
    #[serde(skip_serializing_if = "is_zero")]
    pub retried: i64,
    /// Attempts that did not end in success, by how they ended.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<Outcome, i64>,
    /// How long last runs took, of tasks that ended when a run did.
    #[serde(skip_serializing_if = "Spread::is_empty")]
    pub runs: Spread,
    /// How long tasks waited between their submission and a run that was their first.
    #[serde(skip_serializing_if = "Spread::is_empty")]
    pub waits: Spread,
    /// How many of the tasks that ended are still stored, and still ended like this.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<State, i64>,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Figures {
    /// Adds what happened in another span.
    pub fn add(&mut self, other: &Figures) {
        add_all(&mut self.ended, &other.ended);
        self.retried = self.retried.saturating_add(other.retried);
        add_all(&mut self.attempts, &other.attempts);
        self.runs.add(&other.runs);
        self.waits.add(&other.waits);
        add_all(&mut self.kept, &other.kept);
    }

    /// Tasks that ended, in whatever way.
    pub fn ended_in_all(&self) -> i64 {
        self.ended.values().sum()
    }

    /// Tasks that are still stored.
    pub fn kept_in_all(&self) -> i64 {
        self.kept.values().sum()
    }

    /// The share of ended tasks that succeeded, 0 to 1; cancelled ones count on neither side. `None` when none
    /// ended.
    pub fn success_rate(&self) -> Option<f64> {
        let of = |state| self.ended.get(&state).copied().unwrap_or(0);
        share(
            positive(of(State::Succeeded)),
            positive(self.ended_in_all() - of(State::Cancelled)),
        )
    }

    /// The share of ended tasks that had a failed run, 0 to 1. `None` when none ended.
    pub fn retry_rate(&self) -> Option<f64> {
        share(positive(self.retried), positive(self.ended_in_all()))
    }
}

/// Adds numbers by key; what becomes zero goes.
fn add_all<K: Copy + Ord>(to: &mut BTreeMap<K, i64>, from: &BTreeMap<K, i64>) {
    for (key, number) in from {
        let sum = to.entry(*key).or_default();
        *sum = sum.saturating_add(*number);
        if *sum == 0 {
            to.remove(key);
        }
    }
}

/// A ratio between 0 and 1; counters read at different moments may not push it beyond.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}

/// Counters that were read at different moments may be off by a few, never below zero.
fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ended(states: &[(State, i64)]) -> Figures {
        Figures {
            ended: states.iter().copied().collect(),
            kept: states.iter().copied().collect(),
            ..Figures::default()
        }
    }

    #[test]
    fn figures_of_spans_add_up_and_what_left_is_taken_away() {
        let mut all = ended(&[(State::Succeeded, 3), (State::Failed, 1)]);
        let mut more = ended(&[(State::Succeeded, 2)]);
        more.retried = 2;
        more.runs.record(Duration::from_millis(5));
        all.add(&more);
        all.add(&Figures {
            kept: BTreeMap::from([(State::Failed, -1)]),
            ..Figures::default()
        });
        assert_eq!((all.ended_in_all(), all.kept_in_all()), (6, 5));
        assert_eq!((all.retried, all.runs.count()), (2, 1));
        assert!(!all.kept.contains_key(&State::Failed));
    }

    #[test]
    fn rates_leave_cancelled_tasks_out() {
        let mut figures = ended(&[
            (State::Succeeded, 6),
            (State::Failed, 2),
            (State::Cancelled, 2),
        ]);
        figures.retried = 1;
        assert_eq!(figures.success_rate(), Some(0.75));
        assert_eq!(figures.retry_rate(), Some(0.1));
        assert_eq!(Figures::default().success_rate(), None);
    }

    #[test]
    fn the_stored_form_leaves_out_what_is_zero_and_reads_back() {
        assert_eq!(serde_json::to_string(&Figures::default()).unwrap(), "{}");
        let mut figures = ended(&[(State::Succeeded, 1)]);
        figures.attempts.insert(Outcome::TimedOut, 2);
        figures.runs.record(Duration::from_micros(1_500));
        let text = serde_json::to_string(&figures).unwrap();
        assert!(text.contains(r#""timed_out":2"#), "{text}");
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
    }
}
