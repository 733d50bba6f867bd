//! What can happen to a task.

use std::fmt;
use std::time::Duration;

use crate::task::ErrorKind;
use crate::time::Timestamp;

/// Something that happens to a task. Submission is not among them: it makes the row.
///
/// Waits longer than [`crate::limits::DELAY_MAX`] count as that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A worker takes the task.
    Claimed {
        /// How long it may keep it without renewing.
        lease: Duration,
    },
    /// The attempt ended well.
    Succeeded,
    /// The attempt failed, which charges a retry.
    Failed {
        /// How it failed.
        kind: FailureKind,
        /// When to try again, if it may.
        retry_in: Duration,
    },
    /// The payload does not fit the task's type or its checks; the handler was not run.
    Invalid,
    /// The row could not be read; the handler was not run.
    Undecodable,
    /// The handler asked for the task to be dropped.
    Discarded,
    /// The handler asked to run later, which charges nothing.
    Snoozed {
        /// How much later.
        delay: Duration,
    },
    /// The handler asked to try again after a time of its choice.
    RetryAfter {
        /// How much later.
        delay: Duration,
        /// Whether this counts as a failed run; a rate limit does not.
        charge: bool,
    },
    /// The worker gives the task back unfinished, which charges nothing.
    Released,
    /// A claim found the task with a lease that had run out.
    LeaseLost {
        /// The number of crashes at which the task is quarantined.
        crash_limit: i64,
    },
    /// An operator cancels the task.
    Cancelled,
    /// The same task was submitted again and this row holds its dedup slot.
    Resubmitted,
    /// An operator wants another try.
    RetriedByHand,
    /// An operator wants a waiting task to run now.
    RunNow,
    /// An operator changes a waiting task. What decides nothing (payload, priority) is not in it.
    Edited {
        /// When it may run from now on; `None` leaves that as it is.
        run_at: Option<Timestamp>,
        /// The failed runs allowed from now on; `None` leaves them as they are.
        max_retries: Option<i64>,
    },
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The handler returned an error.
    Failed,
    /// The attempt took longer than its timeout.
    TimedOut,
    /// The handler panicked.
    Panicked,
}

impl FailureKind {
    /// The error kind that is stored.
    pub const fn error_kind(self) -> ErrorKind {
        match self {
            Self::Failed => ErrorKind::Failed,
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Panicked => ErrorKind::Panicked,
        }
    }

    /// Its word: `failed`, `timed_out` or `panicked`.
    pub const fn as_str(self) -> &'static str {
        self.error_kind().as_str()
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
