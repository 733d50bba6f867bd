//! What an operator does to one task by hand.

use super::figures::left::{Leaving, leave};
use super::session::{OwnTx, Session};
use super::task_row::{self, TaskRow};
use super::{facts, get, retry, settle, take_over};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Sql, Value};
use dutiful_core::{Due, Event, LeaseChange, Refusal, State, TaskFacts, Transition, decide};
use std::sync::atomic::{AtomicBool, Ordering};

/// The row, locked, so that what is decided next is decided on fresh facts.
pub(super) const LOCK: Sql = Sql {
    sqlite: "/* dutiful.operate.lock */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks WHERE id = ?1",
    mysql: "/* dutiful.operate.lock */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks WHERE id = ? FOR UPDATE",
    postgres: "/* dutiful.operate.lock */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks WHERE id = $1::bigint FOR UPDATE",
};

/// Applies what was decided, if attempt and worker are still those that were read. A task that becomes
/// due again is no longer finished.
const APPLY: Sql = Sql {
    sqlite: "/* dutiful.operate.apply */
        UPDATE dutiful_tasks
        SET status = ?1,
            due_at = CASE WHEN ?2 = 1 THEN NULL ELSE COALESCE(dutiful_now() + ?3, due_at) END,
            finished_at = CASE WHEN ?2 = 1 THEN dutiful_now()
                               WHEN ?3 IS NOT NULL THEN NULL ELSE finished_at END,
            worker = CASE WHEN ?4 = 1 THEN NULL ELSE worker END,
            retries = ?5, max_retries = ?6, crashes = ?7, error_kind = ?8,
            error_message = COALESCE(?9, error_message),
            dedup_key = CASE WHEN ?10 = 1 THEN NULL ELSE dedup_key END
        WHERE id = ?11 AND attempt = ?12 AND worker IS ?13",
    mysql: "/* dutiful.operate.apply */
        UPDATE dutiful_tasks
        SET status = ?,
            due_at = CASE WHEN ? = 1 THEN NULL
                          ELSE COALESCE(UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, due_at) END,
            finished_at = CASE WHEN ? = 1 THEN UTC_TIMESTAMP(6)
                               WHEN ? IS NOT NULL THEN NULL ELSE finished_at END,
            worker = CASE WHEN ? = 1 THEN NULL ELSE worker END,
            retries = ?, max_retries = ?, crashes = ?, error_kind = ?,
            error_message = COALESCE(?, error_message),
            dedup_key = CASE WHEN ? = 1 THEN NULL ELSE dedup_key END
        WHERE id = ? AND attempt = ? AND worker <=> ?",
    postgres: "/* dutiful.operate.apply */
        UPDATE dutiful_tasks
        SET status = $1::text,
            due_at = CASE WHEN $2::bigint = 1 THEN NULL
                          ELSE COALESCE(statement_timestamp() + $3::bigint * interval '1 microsecond',
                                        due_at) END,
            finished_at = CASE WHEN $2::bigint = 1 THEN statement_timestamp()
                               WHEN $3::bigint IS NOT NULL THEN NULL ELSE finished_at END,
            worker = CASE WHEN $4::bigint = 1 THEN NULL ELSE worker END,
            retries = $5::bigint, max_retries = $6::bigint, crashes = $7::bigint,
            error_kind = $8::text, error_message = COALESCE($9::text, error_message),
            dedup_key = CASE WHEN $10::bigint = 1 THEN NULL ELSE dedup_key END
        WHERE id = $11::bigint AND attempt = $12::bigint AND worker IS NOT DISTINCT FROM $13::text",
};

/// What became of an operator's wish.
#[derive(Debug)]
pub(crate) enum Operated {
    /// It was done; the row as it is now.
    Done(Box<TaskRow>),
    /// There is no such task.
    Missing,
    /// The task's state does not allow it; nothing was written.
    Refused(Refusal),
}

/// Does to a task what an operator asks for: locks the row, decides on it as it is now, applies it and
/// adds the history of an attempt that this ends, in one transaction. Safe to repeat.
pub(crate) async fn operate(
    db: &Db,
    id: i64,
    event: &Event,
    message: Option<&str>,
) -> DbResult<Operated> {
    // Set when a commit was asked for: if its answer was lost, the next try may find it done.
    let may_be_done = AtomicBool::new(false);
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let asked_before = may_be_done.load(Ordering::Relaxed);
        let operated = in_transaction(&mut own, id, event, message, asked_before).await?;
        if matches!(operated, Operated::Done(_)) {
            may_be_done.store(true, Ordering::Relaxed);
            own.commit().await?;
        } else {
            own.rollback().await?;
        }
        Ok(operated)
    })
    .await
}

async fn in_transaction(
    own: &mut OwnTx,
    id: i64,
    event: &Event,
    message: Option<&str>,
    asked_before: bool,
) -> DbResult<Operated> {
    let locked = own.run(&LOCK, vec![id.into()]).await?.rows;
    let Some(row) = locked.first() else {
        return Ok(Operated::Missing);
    };
    let facts = facts::read(row, 2)?;
    match decide(&facts, event, row.time(1)?) {
        Ok(transition) => apply(own, row, &facts, &transition, message).await?,
        Err(refusal) if asked_before && is_done(event, refusal) => {}
        Err(refusal) => return Ok(Operated::Refused(refusal)),
    }
    Ok(match get::get_within(own, id).await? {
        Some(task) => Operated::Done(Box::new(task)),
        None => Operated::Missing,
    })
}

/// Whether a task that now refuses the event is what the event, done before, leads to.
fn is_done(event: &Event, refusal: Refusal) -> bool {
    match event {
        Event::Cancelled => refusal == Refusal::AlreadyEnded(State::Cancelled),
        // It was made due, and a worker has taken it since.
        Event::RetriedByHand | Event::RunNow => matches!(
            refusal,
            Refusal::StillLeased | Refusal::AlreadyEnded(_) | Refusal::AlreadySucceeded
        ),
        _ => false,
    }
}

/// Applies a transition to a row that is locked and was read by a statement that begins like [`LOCK`].
pub(super) async fn apply(
    own: &mut OwnTx,
    row: &Row,
    facts: &TaskFacts,
    transition: &Transition,
    message: Option<&str>,
) -> DbResult<()> {
    let id = row.int(0)?;
    let worker = row.opt_text(4)?.map(str::to_owned);
    if let (Some(outcome), Some(worker)) = (transition.history, &worker) {
        // Before the row changes: it tells when the attempt began.
        let attempt = facts.attempt;
        let message = message.map(str::to_owned);
        let history = settle::History {
            task: id,
            attempt,
            outcome,
            message,
        };
        settle::write_history(own, worker, vec![history]).await?;
    }
    let params = params(own, id, worker, facts, transition, message);
    if own.run(&APPLY, params).await?.affected == 1 {
        // What had ended runs again.
        return match transition.due {
            Due::In(_) => leave(own, leaving(row)?).await,
            _ => Ok(()),
        };
    }
    Err(DbError::new(
        DbErrorKind::Transient,
        format!("task {id} changed while it was locked; try again"),
    ))
}

/// What a locked row leaves behind in the figures when it has ended and does so no longer.
pub(super) fn leaving(row: &Row) -> DbResult<Option<Leaving>> {
    let now = row.time(1)?;
    let state = task_row::state(facts::read(row, 2).ok().as_ref(), now);
    let task_name = row.opt_text(11).ok().flatten().unwrap_or_default();
    Ok(Leaving::of(task_name, state, row.opt_time(12)?))
}

fn params(
    session: &impl Session,
    id: i64,
    worker: Option<String>,
    facts: &TaskFacts,
    next: &Transition,
    message: Option<&str>,
) -> Vec<Value> {
    let never = i64::from(next.due == Due::Never);
    let delay = take_over::delay(next.due);
    let times: Vec<Value> = match session.dialect() {
        crate::db::Dialect::Mysql => vec![never.into(), delay.into(), never.into(), delay.into()],
        _ => vec![never.into(), delay.into()],
    };
    let mut params = vec![next.status.as_str().into()];
    params.extend(times);
    params.extend::<[Value; 10]>([
        i64::from(next.lease == LeaseChange::Drop).into(),
        next.retries.into(),
        next.max_retries.into(),
        next.crashes.into(),
        next.error_kind.map(|kind| kind.as_str().to_owned()).into(),
        message.map(str::to_owned).into(),
        i64::from(next.frees_slot).into(),
        id.into(),
        facts.attempt.into(),
        worker.into(),
    ]);
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_is_taken_for_done_only_where_the_row_shows_what_was_asked_for() {
        let cancelled = Refusal::AlreadyEnded(State::Cancelled);
        let succeeded = Refusal::AlreadyEnded(State::Succeeded);
        assert!(is_done(&Event::Cancelled, cancelled));
        assert!(!is_done(&Event::Cancelled, succeeded));
        assert!(is_done(&Event::RunNow, succeeded));
        assert!(is_done(&Event::RunNow, Refusal::StillLeased));
        assert!(is_done(&Event::RetriedByHand, Refusal::AlreadySucceeded));
        assert!(!is_done(&Event::Resubmitted, succeeded));
    }
}
