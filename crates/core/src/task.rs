//! A task as decisions see it: its id, its stored words, the facts of its row, its derived state.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dedup::StoredScope;
use crate::time::Timestamp;

/// A task's number, given by the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TaskId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// A text that is none of the words it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no {what}; use one of {expected}")]
pub struct UnknownWord {
    /// What was expected, for example "status".
    pub what: &'static str,
    /// The text that was found, cut to 64 characters.
    pub found: String,
    /// The words there are, separated by commas.
    pub expected: String,
}

/// Gives an enum without fields its stored words, in one table.
macro_rules! words {
    ($type:ident, $what:literal, { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it in the database, in JSON and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::task::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::task::UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::task::UnknownWord {
                        what: $what,
                        found: text.chars().take(64).collect(),
                        expected: [$($word),+].join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use words;

/// What has happened to a task so far: the stored column `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No attempt has ended in success or error yet.
    NotStarted,
    /// It succeeded.
    Success,
    /// The last thing that happened was an error; it may still be tried again.
    Error,
}

words!(Status, "status", {
    NotStarted = "not_started",
    Success = "success",
    Error = "error",
});

/// Why the last error happened: the stored column `error_kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The handler returned an error.
    Failed,
    /// The attempt took longer than its timeout.
    TimedOut,
    /// The handler panicked.
    Panicked,
    /// The payload does not fit the task's type or its checks.
    InvalidPayload,
    /// The handler asked for the task to be dropped.
    Discarded,
    /// An operator cancelled it.
    Cancelled,
    /// The worker died or lost touch while it held the task.
    LeaseLost,
    /// The row could not be read.
    Undecodable,
}

words!(ErrorKind, "error kind", {
    Failed = "failed",
    TimedOut = "timed_out",
    Panicked = "panicked",
    InvalidPayload = "invalid_payload",
    Discarded = "discarded",
    Cancelled = "cancelled",
    LeaseLost = "lease_lost",
    Undecodable = "undecodable",
});

/// Where a task is in its life. Derived from the row and the time, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for something other than time, for example another task.
    Held,
    /// Due in the future, and nothing has gone wrong so far.
    Scheduled,
    /// Due, and nothing has gone wrong so far.
    Queued,
    /// A worker holds it under a valid lease.
    Running,
    /// Had an error and will be tried again.
    Retrying,
    /// Ended in success.
    Succeeded,
    /// Ended because it failed as often as it may.
    Failed,
    /// Ended because its payload is invalid.
    Invalid,
    /// Ended because its handler discarded it.
    Discarded,
    /// Ended because an operator cancelled it.
    Cancelled,
    /// Ended because workers died of it, or its row cannot be read.
    Quarantined,
}

words!(State, "state", {
    Held = "held",
    Scheduled = "scheduled",
    Queued = "queued",
    Running = "running",
    Retrying = "retrying",
    Succeeded = "succeeded",
    Failed = "failed",
    Invalid = "invalid",
    Discarded = "discarded",
    Cancelled = "cancelled",
    Quarantined = "quarantined",
});

impl State {
    /// Whether the task is over: nothing happens to it any more unless somebody asks for it.
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Held | Self::Scheduled | Self::Queued | Self::Running | Self::Retrying => false,
            Self::Succeeded
            | Self::Failed
            | Self::Invalid
            | Self::Discarded
            | Self::Cancelled
            | Self::Quarantined => true,
        }
    }
}

/// What a decision needs to know of a task's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskFacts {
    /// The column `status`.
    pub status: Status,
    /// When a worker may next take it; the end of the lease while it is claimed; `None` when it
    /// has ended or is held.
    pub due_at: Option<Timestamp>,
    /// Whether the worker column is set, however old the lease is.
    pub leased: bool,
    /// How often it has been claimed.
    pub attempt: i64,
    /// Failed runs so far.
    pub retries: i64,
    /// Failed runs allowed.
    pub max_retries: i64,
    /// How often a worker died while holding it.
    pub crashes: i64,
    /// Why the last error happened.
    pub error_kind: Option<ErrorKind>,
    /// Its dedup scope.
    pub dedup_scope: StoredScope,
}

impl TaskFacts {
    /// Where the task is in its life at the time `now`.
    ///
    /// A lease that ran out is no lease: such a task is queued or retrying again.
    pub fn state(&self, now: Timestamp) -> State {
        let Some(due_at) = self.due_at else {
            return self.state_without_due();
        };
        if self.leased && due_at > now {
            State::Running
        } else if self.status == Status::Error {
            State::Retrying
        } else if due_at > now {
            State::Scheduled
        } else {
            State::Queued
        }
    }

    /// Whether the task is over. Unlike the rest of its state this does not depend on the time.
    pub fn is_ended(&self) -> bool {
        self.due_at.is_none() && self.status != Status::NotStarted
    }

    /// Whether it may be taken at `now`, going by its due time alone.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due_at| due_at <= now)
    }

    /// Whether one more crash would quarantine it, and workers have died while they held it: it may be what
    /// kills them, or may only have been beside it.
    pub fn is_on_last_chance(&self, crash_limit: i64) -> bool {
        self.crashes > 0 && self.crashes.saturating_add(1) >= crash_limit
    }

    fn state_without_due(&self) -> State {
        match (self.status, self.error_kind) {
            (Status::Success, _) => State::Succeeded,
            (Status::NotStarted, _) => State::Held,
            (Status::Error, Some(ErrorKind::InvalidPayload)) => State::Invalid,
            (Status::Error, Some(ErrorKind::Discarded)) => State::Discarded,
            (Status::Error, Some(ErrorKind::Cancelled)) => State::Cancelled,
            (Status::Error, Some(ErrorKind::LeaseLost | ErrorKind::Undecodable)) => {
                State::Quarantined
            }
            (
                Status::Error,
                None | Some(ErrorKind::Failed | ErrorKind::TimedOut | ErrorKind::Panicked),
            ) => State::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn facts(status: Status, due_in: Option<i64>, leased: bool) -> TaskFacts {
        TaskFacts {
            status,
            due_at: due_in.map(|micros| Timestamp::from_micros(NOW.as_micros() + micros)),
            leased,
            attempt: 0,
            retries: 0,
            max_retries: 3,
            crashes: 0,
            error_kind: None,
            dedup_scope: StoredScope::UntilSuccess,
        }
    }

    #[test]
    fn the_last_chance_is_the_one_before_quarantine_and_follows_a_crash() {
        let on_last_chance = |crashes, limit| {
            let task = TaskFacts {
                crashes,
                ..facts(Status::Error, Some(0), false)
            };
            task.is_on_last_chance(limit)
        };
        assert!(!on_last_chance(1, 3));
        assert!(on_last_chance(2, 3));
        assert!(on_last_chance(7, 3));
        assert!(!on_last_chance(0, 1), "it has harmed nobody yet");
    }

    #[test]
    fn state_follows_from_status_due_time_and_lease() {
        use Status::{Error, NotStarted, Success};
        for (status, due_in, leased, state) in [
            (Success, None, false, State::Succeeded),
            (NotStarted, None, false, State::Held),
            (NotStarted, Some(1), false, State::Scheduled),
            (NotStarted, Some(0), false, State::Queued),
            (NotStarted, Some(1), true, State::Running),
            (NotStarted, Some(0), true, State::Queued),
            (Error, Some(1), true, State::Running),
            (Error, Some(0), true, State::Retrying),
            (Error, Some(1), false, State::Retrying),
            (Error, Some(0), false, State::Retrying),
            (Error, None, false, State::Failed),
        ] {
            let task = facts(status, due_in, leased);
            assert_eq!(task.state(NOW), state, "{task:?}");
            assert_eq!(task.is_ended(), state.is_ended(), "{task:?}");
        }
    }

    #[test]
    fn an_error_that_is_over_names_its_state_by_its_kind() {
        for &kind in ErrorKind::ALL {
            let task = TaskFacts {
                error_kind: Some(kind),
                ..facts(Status::Error, None, false)
            };
            let expected = match kind {
                ErrorKind::Failed | ErrorKind::TimedOut | ErrorKind::Panicked => State::Failed,
                ErrorKind::InvalidPayload => State::Invalid,
                ErrorKind::Discarded => State::Discarded,
                ErrorKind::Cancelled => State::Cancelled,
                ErrorKind::LeaseLost | ErrorKind::Undecodable => State::Quarantined,
            };
            assert_eq!(task.state(NOW), expected);
        }
    }

    #[test]
    fn stored_words_read_back_and_others_are_named_in_the_refusal() {
        for &state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(
                serde_json::to_string(&state).unwrap(),
                format!("\"{state}\"")
            );
        }
        for &kind in ErrorKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        for &status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{status}\"")
            );
        }
        let refused = "processing".parse::<Status>().unwrap_err().to_string();
        assert!(refused.contains("not_started, success, error"), "{refused}");
    }

    #[test]
    fn a_task_id_is_a_plain_number() {
        assert_eq!("17".parse(), Ok(TaskId(17)));
        assert_eq!(TaskId(-1).to_string(), "-1");
        assert_eq!(serde_json::to_string(&TaskId(5)).unwrap(), "5");
        assert!("9223372036854775808".parse::<TaskId>().is_err());
    }
}
