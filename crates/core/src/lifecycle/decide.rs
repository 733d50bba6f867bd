//! The decision: one function per kind of event, one match that leads to them.

use std::time::Duration;

use crate::limits::{COUNTER_MAX, DELAY_MAX, MAX_RETRIES_MAX};
use crate::task::{ErrorKind, State, Status, TaskFacts};
use crate::time::Timestamp;

use super::event::{Event, FailureKind};
use super::refusal::Refusal;
use super::slot;
use super::transition::{Due, LeaseChange, Outcome, Transition};

/// Decides what an event does to a task, going by its row and the database's time.
///
/// The answer holds for exactly this row: who applies it makes sure that the row has not changed, or
/// decides again on the fresh one.
///
/// # Errors
/// The refusal says why the event does not apply; nothing is to be written then.
///
/// ```
/// use dutiful_core::{Due, Event, StoredScope, Status, TaskFacts, Timestamp, decide};
/// let now = Timestamp::from_micros(0);
/// let task = TaskFacts {
///     status: Status::NotStarted,
///     due_at: Some(now),
///     leased: false,
///     attempt: 0,
///     retries: 0,
///     max_retries: 3,
///     crashes: 0,
///     error_kind: None,
///     dedup_scope: StoredScope::UntilSuccess,
/// };
/// let lease = std::time::Duration::from_secs(30);
/// assert_eq!(decide(&task, &Event::Claimed { lease }, now)?.due, Due::In(lease));
/// assert!(decide(&task, &Event::Succeeded, now).is_err()); // nobody holds it
/// # Ok::<(), dutiful_core::Refusal>(())
/// ```
pub fn decide(task: &TaskFacts, event: &Event, now: Timestamp) -> Result<Transition, Refusal> {
    let held = || settle(task, now);
    let mut next = match *event {
        Event::Claimed { lease } => claim(task, lease, now)?,
        Event::Succeeded => succeed(held()?),
        Event::Failed { kind, retry_in } => fail(held()?, kind, retry_in, outcome(kind)),
        Event::Invalid => end(held()?, ErrorKind::InvalidPayload, Some(Outcome::Invalid)),
        Event::Undecodable => end(held()?, ErrorKind::Undecodable, Some(Outcome::Undecodable)),
        Event::Discarded => end(held()?, ErrorKind::Discarded, Some(Outcome::Discarded)),
        Event::Snoozed { delay } => put_off(held()?, delay, Outcome::Snoozed),
        Event::RetryAfter {
            delay,
            charge: true,
        } => charge_and_put_off(held()?, delay),
        Event::RetryAfter {
            delay,
            charge: false,
        } => put_off(held()?, delay, Outcome::RetryAfter),
        Event::Released => put_off(held()?, Duration::ZERO, Outcome::Released),
        Event::LeaseLost { crash_limit } => lose_lease(task, crash_limit, now)?,
        Event::Cancelled => cancel(task, now)?,
        Event::Resubmitted => resubmit(task)?,
        Event::RetriedByHand => retry_by_hand(task, now)?,
        Event::RunNow => run_now(task, now)?,
        Event::Edited {
            run_at,
            max_retries,
        } => edit(task, run_at, max_retries, now)?,
    };
    next.ends = next.due == Due::Never;
    next.frees_slot = slot::frees_slot(task.dedup_scope, event, next.ends);
    Ok(next)
}

fn claim(task: &TaskFacts, lease: Duration, now: Timestamp) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    refuse_running(task, now)?;
    if task.leased {
        return Err(Refusal::LeaseRanOut);
    }
    if !task.is_due(now) {
        return Err(Refusal::StillWaiting);
    }
    Ok(Transition {
        due: wait(lease),
        lease: LeaseChange::Take,
        ..unchanged(task)
    })
}

/// What all reports of a worker on its attempt have in common. A lease that ran out but that nobody
/// took counts still: the store's fence (attempt and worker) has the last word on that.
fn settle(task: &TaskFacts, now: Timestamp) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    if !task.leased {
        return Err(Refusal::NotLeased);
    }
    Ok(Transition {
        lease: LeaseChange::Drop,
        ..unchanged(task)
    })
}

fn succeed(next: Transition) -> Transition {
    Transition {
        status: Status::Success,
        due: Due::Never,
        error_kind: None,
        ..next
    }
}

/// Later, and nothing charged.
fn put_off(next: Transition, delay: Duration, outcome: Outcome) -> Transition {
    Transition {
        due: wait(delay),
        history: Some(outcome),
        ..next
    }
}

/// A failed run: charged, and tried again while fewer failed than may fail, and than can be counted.
fn fail(next: Transition, kind: FailureKind, retry_in: Duration, outcome: Outcome) -> Transition {
    let retries = counted(next.retries);
    Transition {
        status: Status::Error,
        due: if retries < next.max_retries.min(COUNTER_MAX) {
            wait(retry_in)
        } else {
            Due::Never
        },
        retries,
        error_kind: Some(kind.error_kind()),
        history: Some(outcome),
        ..next
    }
}

/// Charged like a failed run; but the handler has said when to go on, so the status stays, as with a snooze,
/// unless no further run is allowed.
fn charge_and_put_off(next: Transition, delay: Duration) -> Transition {
    let (status, error_kind) = (next.status, next.error_kind);
    let charged = fail(next, FailureKind::Failed, delay, Outcome::RetryAfter);
    if charged.due == Due::Never {
        return charged;
    }
    Transition {
        status,
        error_kind,
        ..charged
    }
}

fn lose_lease(task: &TaskFacts, crash_limit: i64, now: Timestamp) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    refuse_running(task, now)?;
    if !task.leased || !task.is_due(now) {
        return Err(Refusal::NotLeased);
    }
    let crashes = counted(task.crashes);
    Ok(Transition {
        status: Status::Error,
        due: if crashes < crash_limit {
            AT_ONCE
        } else {
            Due::Never
        },
        crashes,
        error_kind: Some(ErrorKind::LeaseLost),
        lease: LeaseChange::Drop,
        history: Some(Outcome::LeaseLost),
        ..unchanged(task)
    })
}

fn cancel(task: &TaskFacts, now: Timestamp) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    let next = Transition {
        lease: LeaseChange::Drop,
        ..unchanged(task)
    };
    Ok(end(
        next,
        ErrorKind::Cancelled,
        task.leased.then_some(Outcome::Cancelled),
    ))
}

fn resubmit(task: &TaskFacts) -> Result<Transition, Refusal> {
    if !slot::holds_slot(task) {
        return Err(Refusal::SlotFree);
    }
    let due = if slot::failed_for_good(task) {
        AT_ONCE
    } else {
        Due::Unchanged
    };
    Ok(Transition {
        due,
        max_retries: raise(task, task.max_retries),
        ..unchanged(task)
    })
}

fn retry_by_hand(task: &TaskFacts, now: Timestamp) -> Result<Transition, Refusal> {
    if task.state(now) == State::Succeeded {
        return Err(Refusal::AlreadySucceeded);
    }
    refuse_running(task, now)?;
    Ok(Transition {
        due: at_once(task, now),
        max_retries: raise(task, task.retries),
        ..unchanged(task)
    })
}

fn run_now(task: &TaskFacts, now: Timestamp) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    refuse_running(task, now)?;
    Ok(Transition {
        due: at_once(task, now),
        ..unchanged(task)
    })
}

/// A lease that ran out is left alone too: its worker may only be late, and a due time in the future would
/// look like the end of a lease that is still held.
fn edit(
    task: &TaskFacts,
    run_at: Option<Timestamp>,
    max_retries: Option<i64>,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    refuse_ended(task, now)?;
    refuse_running(task, now)?;
    if task.leased {
        return Err(Refusal::LeaseRanOut);
    }
    let allowed = max_retries.map(|allowed| allowed.clamp(0, MAX_RETRIES_MAX));
    if task.retries > 0 && allowed.is_some_and(|allowed| allowed <= task.retries) {
        return Err(Refusal::TooFewRetries(task.retries));
    }
    Ok(Transition {
        due: run_at.map_or(Due::Unchanged, Due::At),
        max_retries: allowed.unwrap_or(task.max_retries),
        ..unchanged(task)
    })
}

const AT_ONCE: Due = Due::In(Duration::ZERO);

fn wait(delay: Duration) -> Due {
    Due::In(delay.min(DELAY_MAX))
}

/// One more, as far as there are numbers.
fn counted(count: i64) -> i64 {
    count.saturating_add(1).min(COUNTER_MAX)
}

/// Due now; a task that is due already keeps its place among the others.
fn at_once(task: &TaskFacts, now: Timestamp) -> Due {
    if task.is_due(now) {
        Due::Unchanged
    } else {
        AT_ONCE
    }
}

/// One more than this, within the bound, and never fewer than the task may fail already.
fn raise(task: &TaskFacts, from: i64) -> i64 {
    task.max_retries
        .max(from.saturating_add(1).min(MAX_RETRIES_MAX))
}

fn outcome(kind: FailureKind) -> Outcome {
    match kind {
        FailureKind::Failed => Outcome::Failed,
        FailureKind::TimedOut => Outcome::TimedOut,
        FailureKind::Panicked => Outcome::Panicked,
    }
}

fn end(next: Transition, kind: ErrorKind, history: Option<Outcome>) -> Transition {
    let error_kind = Some(kind);
    Transition {
        status: Status::Error,
        due: Due::Never,
        error_kind,
        history,
        ..next
    }
}

/// The transition that writes nothing new; every decision starts from it.
fn unchanged(task: &TaskFacts) -> Transition {
    Transition {
        status: task.status,
        due: Due::Unchanged,
        retries: task.retries,
        max_retries: task.max_retries,
        crashes: task.crashes,
        error_kind: task.error_kind,
        ends: false,
        frees_slot: false,
        lease: LeaseChange::Keep,
        history: None,
    }
}

fn refuse_ended(task: &TaskFacts, now: Timestamp) -> Result<(), Refusal> {
    if task.is_ended() {
        return Err(Refusal::AlreadyEnded(task.state(now)));
    }
    Ok(())
}

fn refuse_running(task: &TaskFacts, now: Timestamp) -> Result<(), Refusal> {
    if task.state(now) == State::Running {
        return Err(Refusal::StillLeased);
    }
    Ok(())
}
