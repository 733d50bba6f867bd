//! Tests of the decisions: the table of events, row by row.

use std::time::Duration;

mod edits;
mod histories;
mod requests;

use super::*;
use crate::dedup::StoredScope;
use crate::task::{ErrorKind, State, Status, TaskFacts};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);
const SECOND: Duration = Duration::from_secs(1);
const AT_ONCE: Due = Due::In(Duration::ZERO);

fn fresh() -> TaskFacts {
    TaskFacts {
        status: Status::NotStarted,
        due_at: Some(NOW),
        leased: false,
        attempt: 0,
        retries: 0,
        max_retries: 3,
        crashes: 0,
        error_kind: None,
        dedup_scope: StoredScope::UntilSuccess,
    }
}

fn running() -> TaskFacts {
    let due_at = Some(NOW.saturating_add(SECOND));
    TaskFacts {
        leased: true,
        attempt: 1,
        due_at,
        ..fresh()
    }
}

/// What the store does with a transition.
fn apply(task: &TaskFacts, next: &Transition, now: Timestamp) -> TaskFacts {
    TaskFacts {
        status: next.status,
        due_at: next.due_at(task.due_at, now),
        leased: match next.lease {
            LeaseChange::Keep => task.leased,
            LeaseChange::Take => true,
            LeaseChange::Drop => false,
        },
        attempt: task.attempt + i64::from(next.lease == LeaseChange::Take),
        retries: next.retries,
        max_retries: next.max_retries,
        crashes: next.crashes,
        error_kind: next.error_kind,
        dedup_scope: task.dedup_scope,
    }
}

fn after(task: &TaskFacts, event: Event) -> TaskFacts {
    apply(task, &decide(task, &event, NOW).unwrap(), NOW)
}

fn ended(event: Event) -> TaskFacts {
    let task = after(&running(), event);
    assert!(task.is_ended());
    task
}

fn failed() -> TaskFacts {
    after(
        &TaskFacts {
            retries: 2,
            ..running()
        },
        FAILED,
    )
}

const FAILED: Event = Event::Failed {
    kind: FailureKind::Failed,
    retry_in: SECOND,
};
const CLAIMED: Event = Event::Claimed { lease: SECOND };
const LEASE_LOST: Event = Event::LeaseLost { crash_limit: 3 };

fn settling() -> Vec<Event> {
    vec![
        Event::Succeeded,
        FAILED,
        Event::Invalid,
        Event::Undecodable,
        Event::Discarded,
        Event::Snoozed { delay: SECOND },
        Event::RetryAfter {
            delay: SECOND,
            charge: true,
        },
        Event::RetryAfter {
            delay: SECOND,
            charge: false,
        },
        Event::Released,
    ]
}

#[test]
fn a_claim_takes_a_due_task_and_changes_nothing_else() {
    let next = decide(&fresh(), &CLAIMED, NOW).unwrap();
    assert_eq!((next.lease, next.due), (LeaseChange::Take, Due::In(SECOND)));
    assert_eq!(
        (next.status, next.history, next.ends),
        (Status::NotStarted, None, false)
    );
    assert_eq!(after(&fresh(), CLAIMED).attempt, 1);
}

#[test]
fn a_claim_is_refused_unless_the_task_is_due_and_free() {
    let later = NOW.saturating_add(SECOND);
    for (task, refusal) in [
        (
            TaskFacts {
                due_at: Some(later),
                ..fresh()
            },
            Refusal::StillWaiting,
        ),
        (
            TaskFacts {
                due_at: None,
                ..fresh()
            },
            Refusal::StillWaiting,
        ),
        (running(), Refusal::StillLeased),
        (
            TaskFacts {
                due_at: Some(NOW),
                ..running()
            },
            Refusal::LeaseRanOut,
        ),
        (failed(), Refusal::AlreadyEnded(State::Failed)),
        (
            ended(Event::Succeeded),
            Refusal::AlreadyEnded(State::Succeeded),
        ),
    ] {
        assert_eq!(decide(&task, &CLAIMED, NOW), Err(refusal), "{task:?}");
    }
}

#[test]
fn success_ends_the_task_and_clears_the_last_error() {
    let task = TaskFacts {
        error_kind: Some(ErrorKind::Failed),
        retries: 1,
        ..running()
    };
    let next = decide(&task, &Event::Succeeded, NOW).unwrap();
    assert_eq!(
        (next.status, next.due, next.ends),
        (Status::Success, Due::Never, true)
    );
    assert_eq!(
        (next.error_kind, next.retries, next.history),
        (None, 1, None)
    );
}

#[test]
fn max_retries_three_means_at_most_three_failed_runs() {
    let mut task = fresh();
    for run in 1..=3 {
        task = after(
            &TaskFacts {
                due_at: Some(NOW),
                ..task
            },
            CLAIMED,
        );
        task = after(&task, FAILED);
        assert_eq!((task.retries, task.is_ended()), (run, run == 3));
    }
    assert_eq!(task.state(NOW), State::Failed);
}

#[test]
fn each_kind_of_failure_is_charged_and_recorded() {
    for (kind, stored, outcome) in [
        (FailureKind::Failed, ErrorKind::Failed, Outcome::Failed),
        (
            FailureKind::TimedOut,
            ErrorKind::TimedOut,
            Outcome::TimedOut,
        ),
        (
            FailureKind::Panicked,
            ErrorKind::Panicked,
            Outcome::Panicked,
        ),
    ] {
        let next = decide(
            &running(),
            &Event::Failed {
                kind,
                retry_in: SECOND,
            },
            NOW,
        )
        .unwrap();
        assert_eq!(
            (next.status, next.due, next.retries),
            (Status::Error, Due::In(SECOND), 1)
        );
        assert_eq!(
            (next.error_kind, next.history),
            (Some(stored), Some(outcome))
        );
    }
}

#[test]
fn events_that_end_a_task_give_it_their_state_and_charge_nothing() {
    for (event, state, outcome) in [
        (Event::Invalid, State::Invalid, Outcome::Invalid),
        (Event::Undecodable, State::Quarantined, Outcome::Undecodable),
        (Event::Discarded, State::Discarded, Outcome::Discarded),
        (Event::Cancelled, State::Cancelled, Outcome::Cancelled),
    ] {
        let next = decide(&running(), &event, NOW).unwrap();
        assert_eq!(
            (next.ends, next.retries, next.history),
            (true, 0, Some(outcome))
        );
        assert_eq!(ended(event).state(NOW), state);
    }
}

#[test]
fn snooze_release_and_rate_limits_charge_nothing_and_keep_the_status() {
    for (event, due, outcome) in [
        (
            Event::Snoozed { delay: SECOND },
            Due::In(SECOND),
            Outcome::Snoozed,
        ),
        (Event::Released, AT_ONCE, Outcome::Released),
        (
            Event::RetryAfter {
                delay: SECOND,
                charge: false,
            },
            Due::In(SECOND),
            Outcome::RetryAfter,
        ),
    ] {
        let task = TaskFacts {
            retries: 2,
            error_kind: Some(ErrorKind::TimedOut),
            ..running()
        };
        let next = decide(&task, &event, NOW).unwrap();
        assert_eq!((next.due, next.history), (due, Some(outcome)));
        assert_eq!(
            (next.status, next.retries, next.crashes),
            (task.status, 2, 0)
        );
        assert_eq!(
            (next.error_kind, next.lease),
            (task.error_kind, LeaseChange::Drop)
        );
    }
}

#[test]
fn a_charged_retry_after_counts_a_retry_and_keeps_the_status_until_none_is_left() {
    let event = Event::RetryAfter {
        delay: SECOND,
        charge: true,
    };
    let had_an_error = TaskFacts {
        status: Status::Error,
        error_kind: Some(ErrorKind::TimedOut),
        ..running()
    };
    for task in [running(), had_an_error] {
        let next = decide(&task, &event, NOW).unwrap();
        assert_eq!((next.retries, next.due), (1, Due::In(SECOND)));
        assert_eq!(
            (next.status, next.error_kind),
            (task.status, task.error_kind)
        );
        assert_eq!(next.history, Some(Outcome::RetryAfter));
    }
    let last = TaskFacts {
        retries: 2,
        ..running()
    };
    assert_eq!(after(&last, event).state(NOW), State::Failed);
}

#[test]
fn settling_without_a_lease_is_refused() {
    let waiting = [
        fresh(),
        TaskFacts {
            due_at: None,
            ..fresh()
        },
    ];
    for event in settling() {
        for task in waiting {
            assert_eq!(
                decide(&task, &event, NOW),
                Err(Refusal::NotLeased),
                "{event:?}"
            );
        }
        let cancelled = ended(Event::Cancelled);
        let refusal = Refusal::AlreadyEnded(State::Cancelled);
        assert_eq!(decide(&cancelled, &event, NOW), Err(refusal), "{event:?}");
    }
}

#[test]
fn a_lost_lease_counts_a_crash_and_the_third_quarantines() {
    let expired = TaskFacts {
        due_at: Some(NOW),
        crashes: 1,
        ..running()
    };
    let next = decide(&expired, &LEASE_LOST, NOW).unwrap();
    assert_eq!((next.crashes, next.retries, next.due), (2, 0, AT_ONCE));
    assert_eq!(
        (next.status, next.error_kind),
        (Status::Error, Some(ErrorKind::LeaseLost))
    );
    assert_eq!(
        (next.lease, next.history),
        (LeaseChange::Drop, Some(Outcome::LeaseLost))
    );
    let third = after(
        &TaskFacts {
            crashes: 2,
            ..expired
        },
        LEASE_LOST,
    );
    assert_eq!((third.state(NOW), third.crashes), (State::Quarantined, 3));
}

#[test]
fn a_lease_is_not_lost_before_it_ends_or_without_a_worker() {
    let refused = |task| decide(&task, &LEASE_LOST, NOW);
    assert_eq!(refused(running()), Err(Refusal::StillLeased));
    assert_eq!(refused(fresh()), Err(Refusal::NotLeased));
    assert_eq!(refused(failed()), Err(Refusal::AlreadyEnded(State::Failed)));
}

#[test]
fn whatever_has_not_ended_can_be_cancelled_and_only_an_attempt_is_recorded() {
    let held = TaskFacts {
        due_at: None,
        ..fresh()
    };
    let retrying = after(&running(), FAILED);
    for (task, history) in [
        (fresh(), None),
        (held, None),
        (retrying, None),
        (running(), Some(Outcome::Cancelled)),
    ] {
        let next = decide(&task, &Event::Cancelled, NOW).unwrap();
        assert_eq!(
            (next.history, next.lease, next.ends),
            (history, LeaseChange::Drop, true)
        );
    }
    let again = decide(&ended(Event::Cancelled), &Event::Cancelled, NOW);
    assert_eq!(again, Err(Refusal::AlreadyEnded(State::Cancelled)));
}

#[test]
fn waits_are_bounded() {
    let next = decide(
        &running(),
        &Event::Snoozed {
            delay: Duration::MAX,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(next.due, Due::In(crate::limits::DELAY_MAX));
}
