//! What may happen to a task, as those who follow it are told.

use crate::lifecycle::Outcome;
use crate::task::{State, words};
use serde::{Deserialize, Serialize};

/// Something that has happened to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was submitted.
    Submitted,
    /// It waits in another way than before: somebody changed it, or its time has come.
    Changed,
    /// A worker has begun an attempt.
    Started,
    /// An attempt ended without success, and there will be another.
    Retrying,
    /// An attempt was put off by its handler.
    Snoozed,
    /// An attempt was given back uncharged by its worker.
    Released,
    /// It succeeded.
    Succeeded,
    /// It failed as often as it may.
    Failed,
    /// Its payload is none that its type takes.
    Invalid,
    /// Its handler dropped it.
    Discarded,
    /// Somebody cancelled it.
    Cancelled,
    /// Workers died while they held it.
    Quarantined,
}

words!(ChangeKind, "change", {
    Submitted = "submitted",
    Changed = "changed",
    Started = "started",
    Retrying = "retrying",
    Snoozed = "snoozed",
    Released = "released",
    Succeeded = "succeeded",
    Failed = "failed",
    Invalid = "invalid",
    Discarded = "discarded",
    Cancelled = "cancelled",
    Quarantined = "quarantined",
});

impl ChangeKind {
    /// What it is that a task has come into this state; `None` for one in which it has not ended.
    pub fn of_end(state: State) -> Option<ChangeKind> {
        match state {
            State::Succeeded => Some(ChangeKind::Succeeded),
            State::Failed => Some(ChangeKind::Failed),
            State::Invalid => Some(ChangeKind::Invalid),
            State::Discarded => Some(ChangeKind::Discarded),
            State::Cancelled => Some(ChangeKind::Cancelled),
            State::Quarantined => Some(ChangeKind::Quarantined),
            State::Held | State::Scheduled | State::Queued | State::Running | State::Retrying => {
                None
            }
        }
    }

    /// The state that a task has come into by it, if it is in this state now, which may be further.
    pub fn brings(self, now: State) -> State {
        match self {
            ChangeKind::Started => State::Running,
            ChangeKind::Retrying => State::Retrying,
            ChangeKind::Succeeded => State::Succeeded,
            ChangeKind::Failed => State::Failed,
            ChangeKind::Invalid => State::Invalid,
            ChangeKind::Discarded => State::Discarded,
            ChangeKind::Cancelled => State::Cancelled,
            ChangeKind::Quarantined => State::Quarantined,
            ChangeKind::Submitted
            | ChangeKind::Changed
            | ChangeKind::Snoozed
            | ChangeKind::Released => {
                match now {
                    State::Held | State::Scheduled | State::Retrying => now,
                    // It went on from there.
                    _ => State::Queued,
                }
            }
        }
    }

    /// What it is that an attempt has ended so, and the task has not.
    pub fn of_attempt(outcome: &str) -> ChangeKind {
        let is = |one: Outcome| outcome == one.as_str();
        if is(Outcome::Snoozed) {
            ChangeKind::Snoozed
        } else if is(Outcome::Released) {
            ChangeKind::Released
        } else {
            ChangeKind::Retrying
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_an_event_and_nothing_else_is() {
        for state in State::ALL {
            assert_eq!(ChangeKind::of_end(*state).is_some(), state.is_ended());
            if let Some(event) = ChangeKind::of_end(*state) {
                assert_eq!(event.as_str(), state.as_str());
                assert_eq!(event.brings(*state), *state);
                assert_eq!(ChangeKind::Started.brings(*state), State::Running);
                assert_eq!(ChangeKind::Submitted.brings(*state), State::Queued);
            }
        }
    }

    #[test]
    fn an_attempt_that_ended_without_the_task_is_followed_by_another() {
        assert_eq!(ChangeKind::of_attempt("failed"), ChangeKind::Retrying);
        assert_eq!(ChangeKind::of_attempt("lease_lost"), ChangeKind::Retrying);
        assert_eq!(ChangeKind::of_attempt("snoozed"), ChangeKind::Snoozed);
        assert_eq!(ChangeKind::of_attempt("released"), ChangeKind::Released);
    }
}
