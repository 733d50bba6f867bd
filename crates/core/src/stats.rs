//! Rates and averages of one task name, from counters that somebody else gathered.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::task::State;

/// The counters of one task name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameStats {
    /// Tasks by state; states without tasks may be left out.
    pub counts: BTreeMap<State, u64>,
    /// Ended tasks that had at least one failed run.
    pub ended_with_retry: u64,
    /// Runs whose duration is in [`Self::run_time`].
    pub timed_runs: u64,
    /// The durations of those runs, added up.
    pub run_time: Duration,
}

impl NameStats {
    /// Tasks in this state.
    pub fn count(&self, state: State) -> u64 {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    /// Tasks that are over.
    pub fn ended(&self) -> u64 {
        self.sum(State::is_ended)
    }

    /// Tasks that wait for a worker, now or later.
    pub fn waiting(&self) -> u64 {
        self.sum(|state| !state.is_ended() && state != State::Running)
    }

    /// The share of ended tasks that succeeded, 0 to 1; cancelled ones count on neither side. `None`
    /// when none ended.
    pub fn success_rate(&self) -> Option<f64> {
        share(
            self.count(State::Succeeded),
            self.ended() - self.count(State::Cancelled),
        )
    }

    /// The share of ended tasks that needed a retry, 0 to 1. `None` when none ended.
    pub fn retry_rate(&self) -> Option<f64> {
        share(self.ended_with_retry, self.ended())
    }

    /// The mean duration of a run. `None` when none was timed.
    pub fn average_duration(&self) -> Option<Duration> {
        let nanos = self
            .run_time
            .as_nanos()
            .checked_div(u128::from(self.timed_runs))?;
        Some(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }

    fn sum(&self, wanted: impl Fn(State) -> bool) -> u64 {
        let wanted = self.counts.iter().filter(|&(&state, _)| wanted(state));
        wanted.map(|(_, count)| count).sum()
    }
}

/// A ratio between 0 and 1; counters read at different moments may not push it beyond.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_come_from_ended_tasks_only() {
        let stats = NameStats {
            counts: BTreeMap::from([
                (State::Succeeded, 6),
                (State::Failed, 1),
                (State::Invalid, 1),
                (State::Discarded, 1),
                (State::Quarantined, 1),
                (State::Cancelled, 10),
                (State::Queued, 100),
                (State::Held, 1),
                (State::Running, 7),
            ]),
            ended_with_retry: 5,
            timed_runs: 4,
            run_time: Duration::from_secs(10),
        };
        assert_eq!((stats.ended(), stats.waiting()), (20, 101));
        assert_eq!(stats.success_rate(), Some(0.6));
        assert_eq!(stats.retry_rate(), Some(0.25));
        assert_eq!(stats.average_duration(), Some(Duration::from_millis(2500)));
    }

    #[test]
    fn nothing_ended_gives_no_rates() {
        let stats = NameStats::default();
        assert_eq!((stats.success_rate(), stats.retry_rate()), (None, None));
        assert_eq!(stats.average_duration(), None);
    }
}
