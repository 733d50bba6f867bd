//! What a task of a home-made queue becomes here.
//!
//! The queue meant is a table with the statuses `not_started`, `success` and `error`, where a task may run
//! when its status is not `success`, fewer runs failed than may fail, and its last run began ten minutes ago.

use crate::limits::{COOLDOWN, COUNTER_MAX, MAX_RETRIES_MAX};
use crate::task::{ErrorKind, Status};
use crate::time::Timestamp;

/// What the other queue says of a task. Any column there may be NULL.
#[derive(Debug, Clone, Copy)]
pub struct OldTask<'a> {
    /// Its status, as it is written.
    pub status: Option<&'a str>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When its last run began or ended.
    pub last_run_at: Option<Timestamp>,
    /// Failed runs so far.
    pub retries: Option<i64>,
    /// Failed runs allowed.
    pub max_retries: Option<i64>,
}

/// What it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// The column `status`.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it may run next. `None`: it has ended, or is held.
    pub due_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Failed runs so far.
    pub retries: i64,
    /// Failed runs allowed.
    pub max_retries: i64,
    /// How it failed.
    pub error_kind: Option<ErrorKind>,
}

/// Decides what a task becomes. What would run again there comes due here when it would have come due there;
/// what would never run again there does not run here either.
///
/// A payload that is not `valid` ends its task as invalid, unless that has succeeded. With `hold` a task that
/// would run is held until somebody releases it. A status that means nothing ends as undecodable.
pub fn adopt(old: &OldTask<'_>, valid: bool, hold: bool, now: Timestamp) -> Adopted {
    let may_run =
        matches!((old.retries, old.max_retries), (Some(so_far), Some(most)) if so_far < most);
    let ended = old.last_run_at.or(old.created_at).unwrap_or(now).min(now);
    let task = Adopted {
        status: Status::Error,
        created_at: old.created_at.or(old.last_run_at).unwrap_or(now),
        due_at: None,
        finished_at: None,
        retries: old.retries.unwrap_or(0).clamp(0, COUNTER_MAX),
        max_retries: old.max_retries.unwrap_or(0).clamp(0, MAX_RETRIES_MAX),
        error_kind: None,
    };
    let ends_now = |kind| Adopted {
        finished_at: Some(now),
        error_kind: Some(kind),
        ..task
    };
    match old.status.map(str::parse::<Status>) {
        Some(Ok(Status::Success)) => Adopted {
            status: Status::Success,
            finished_at: Some(ended),
            ..task
        },
        None | Some(Err(_)) => ends_now(ErrorKind::Undecodable),
        Some(Ok(_)) if !valid => ends_now(ErrorKind::InvalidPayload),
        // A held task has not failed for good, so it cannot keep the status `error`.
        Some(Ok(_)) if may_run && hold => not_started(task, None),
        Some(Ok(Status::NotStarted)) => not_started(task, may_run.then(|| due(old, now))),
        Some(Ok(Status::Error)) if may_run => Adopted {
            due_at: Some(due(old, now)),
            error_kind: Some(ErrorKind::Failed),
            ..task
        },
        Some(Ok(Status::Error)) => Adopted {
            finished_at: Some(ended),
            error_kind: Some(ErrorKind::Failed),
            ..task
        },
    }
}

fn not_started(task: Adopted, due_at: Option<Timestamp>) -> Adopted {
    Adopted {
        status: Status::NotStarted,
        due_at,
        ..task
    }
}

/// A time of creation that is past keeps the order of the other queue. A time that lies ahead is a wrong clock
/// and must not put the task off.
fn due(old: &OldTask<'_>, now: Timestamp) -> Timestamp {
    match (old.last_run_at, old.created_at) {
        (Some(ran), _) => ran.min(now).saturating_add(COOLDOWN),
        (None, Some(made)) => made.min(now),
        (None, None) => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn ago(seconds: u64) -> Timestamp {
        NOW.saturating_sub(Duration::from_secs(seconds))
    }

    fn old(status: &str) -> OldTask<'_> {
        OldTask {
            status: Some(status),
            created_at: Some(ago(5_000)),
            last_run_at: Some(ago(60)),
            retries: Some(1),
            max_retries: Some(3),
        }
    }

    fn adopted(old: &OldTask<'_>) -> Adopted {
        adopt(old, true, false, NOW)
    }

    #[test]
    fn what_would_run_there_comes_due_when_it_would_have() {
        for status in ["not_started", "error"] {
            let task = adopted(&old(status));
            assert_eq!(
                task.due_at,
                Some(ago(60).saturating_add(COOLDOWN)),
                "{status}"
            );
            assert_eq!((task.status.as_str(), task.finished_at), (status, None));
            assert_eq!((task.retries, task.max_retries), (1, 3));
        }
        let new = OldTask {
            last_run_at: None,
            ..old("not_started")
        };
        assert_eq!(
            adopted(&new).due_at,
            Some(ago(5_000)),
            "in the order of creation"
        );
        assert_eq!(adopted(&old("error")).error_kind, Some(ErrorKind::Failed));
    }

    #[test]
    fn a_clock_that_was_ahead_puts_nothing_off() {
        let ahead = NOW.saturating_add(Duration::from_secs(7_200));
        let new = OldTask {
            created_at: Some(ahead),
            last_run_at: None,
            ..old("not_started")
        };
        assert_eq!(adopted(&new).due_at, Some(NOW));
        let ran = OldTask {
            last_run_at: Some(ahead),
            ..old("error")
        };
        assert_eq!(adopted(&ran).due_at, Some(NOW.saturating_add(COOLDOWN)));
        let done = OldTask {
            last_run_at: Some(ahead),
            ..old("success")
        };
        assert_eq!(adopted(&done).finished_at, Some(NOW));
    }

    #[test]
    fn what_would_never_run_there_does_not_run_here() {
        for (retries, max_retries) in [
            (Some(3), Some(3)),
            (Some(9), Some(3)),
            (Some(0), Some(0)),
            (None, Some(3)),
            (Some(0), None),
        ] {
            let counts = |status| OldTask {
                retries,
                max_retries,
                ..old(status)
            };
            let failed = adopted(&counts("error"));
            assert_eq!((failed.due_at, failed.finished_at), (None, Some(ago(60))));
            assert_eq!(failed.error_kind, Some(ErrorKind::Failed));
            let held = adopted(&counts("not_started"));
            assert_eq!((held.status, held.due_at), (Status::NotStarted, None));
            assert_eq!((held.finished_at, held.error_kind), (None, None));
        }
    }

    #[test]
    fn a_success_stays_one_whatever_its_payload_is() {
        let task = adopt(&old("success"), false, true, NOW);
        assert_eq!((task.status, task.due_at), (Status::Success, None));
        assert_eq!((task.finished_at, task.error_kind), (Some(ago(60)), None));
    }

    #[test]
    fn what_cannot_be_read_ends_with_a_reason() {
        for status in [Some(""), Some("processing"), Some("SUCCESS"), None] {
            let task = adopted(&OldTask {
                status,
                ..old("error")
            });
            assert_eq!(task.error_kind, Some(ErrorKind::Undecodable), "{status:?}");
            assert_eq!((task.due_at, task.finished_at), (None, Some(NOW)));
        }
        let task = adopt(&old("not_started"), false, false, NOW);
        assert_eq!(task.error_kind, Some(ErrorKind::InvalidPayload));
        assert_eq!((task.status, task.due_at), (Status::Error, None));
    }

    #[test]
    fn what_is_to_be_held_is_held_until_somebody_releases_it() {
        for status in ["not_started", "error"] {
            let task = adopt(&old(status), true, true, NOW);
            assert_eq!((task.status, task.due_at), (Status::NotStarted, None));
            assert_eq!((task.finished_at, task.retries), (None, 1));
        }
        let spent = OldTask {
            retries: Some(3),
            ..old("error")
        };
        assert_eq!(adopt(&spent, true, true, NOW).status, Status::Error);
    }

    #[test]
    fn counters_stay_within_their_bounds() {
        let task = adopted(&OldTask {
            retries: Some(-5),
            max_retries: Some(i64::MAX),
            ..old("error")
        });
        assert_eq!((task.retries, task.max_retries), (0, MAX_RETRIES_MAX));
        let empty = OldTask {
            status: Some("not_started"),
            created_at: None,
            last_run_at: None,
            retries: Some(0),
            max_retries: Some(1),
        };
        let task = adopted(&empty);
        assert_eq!((task.created_at, task.due_at), (NOW, Some(NOW)));
    }
}
