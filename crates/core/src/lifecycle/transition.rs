//! What a decision says is to be written.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::task::{ErrorKind, Status, words};
use crate::time::Timestamp;

/// What becomes of `due_at`, relative to the database's clock at the time of the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Due {
    /// It stays as it is.
    Unchanged,
    /// This long from now; zero means now.
    In(Duration),
    /// At a time that somebody chose. Only an edit leads to this.
    At(Timestamp),
    /// It becomes NULL: the task has ended.
    Never,
}

/// What becomes of the columns that say which worker holds the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaseChange {
    /// They stay as they are.
    Keep,
    /// The claiming worker's; the store adds one to `attempt` and sets `last_run_at`.
    Take,
    /// They are cleared.
    Drop,
}

/// How an attempt that did not succeed ended: the word in the table of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The handler returned an error.
    Failed,
    /// It took longer than its timeout.
    TimedOut,
    /// The handler panicked.
    Panicked,
    /// The payload was invalid.
    Invalid,
    /// The row could not be read.
    Undecodable,
    /// The handler discarded the task.
    Discarded,
    /// The handler asked to run later.
    Snoozed,
    /// The handler asked to try again after a time of its choice.
    RetryAfter,
    /// The worker gave the task back.
    Released,
    /// The lease ran out.
    LeaseLost,
    /// An operator cancelled the task while it ran.
    Cancelled,
}

words!(Outcome, "outcome", {
    Failed = "failed",
    TimedOut = "timed_out",
    Panicked = "panicked",
    Invalid = "invalid",
    Undecodable = "undecodable",
    Discarded = "discarded",
    Snoozed = "snoozed",
    RetryAfter = "retry_after",
    Released = "released",
    LeaseLost = "lease_lost",
    Cancelled = "cancelled",
});

/// The new values of a row, and what else belongs to the same write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transition {
    /// The new status.
    pub status: Status,
    /// What becomes of the due time.
    pub due: Due,
    /// The new number of failed runs.
    pub retries: i64,
    /// The new number of failed runs allowed.
    pub max_retries: i64,
    /// The new number of crashes.
    pub crashes: i64,
    /// The new error kind. Where it is `None`, the error message goes too.
    pub error_kind: Option<ErrorKind>,
    /// Whether this ends the task: `finished_at` is set. True exactly when `due` is `Never`.
    pub ends: bool,
    /// Whether the dedup slot is freed.
    pub frees_slot: bool,
    /// What becomes of the lease.
    pub lease: LeaseChange,
    /// What the table of attempts records, if anything.
    pub history: Option<Outcome>,
}

impl Transition {
    /// The new due time when the database's clock shows `now` and the row had `old`.
    pub fn due_at(&self, old: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self.due {
            Due::Unchanged => old,
            Due::In(delay) => Some(now.saturating_add(delay)),
            Due::At(time) => Some(time),
            Due::Never => None,
        }
    }
}
