//! A submission that finds its slot taken goes to the task that holds it.

use super::figures::left::{Leaving, leave};
use super::session::Session;
use super::submit::{NewTask, Submission, insert_one};
use super::{facts, take_over};
use crate::db::{DbError, DbErrorKind, DbResult, Row, Sql};
use dutiful_core::{Due, Event, TaskFacts, Timestamp, Transition, decide, holds_slot};

/// How often a slot may be freed and taken again between our look and our insert.
const TRIES: usize = 10;

/// The task that holds a slot, locked. MySQL locks the entries of an index that it reads through, and before
/// the row: whoever ends the task has the row and wants the entry. So there it is found first, and locked by its
/// primary key if it still holds a slot. If an edit has given it another one meanwhile, what is written next
/// names the key and matches nothing, and it is looked for again.
const HOLDER: Sql = Sql {
    sqlite: "/* dutiful.merge.holder */
        SELECT id, submission_key, dedup_until, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               finished_at
        FROM dutiful_tasks WHERE task_name = ?1 AND dedup_key = ?2",
    mysql: "/* dutiful.merge.holder */
        SELECT id, submission_key, dedup_until, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               finished_at
        FROM dutiful_tasks
        WHERE id = (SELECT holder.id FROM dutiful_tasks AS holder
                    WHERE holder.task_name = ? AND holder.dedup_key = ?)
          AND dedup_key IS NOT NULL
        FOR UPDATE",
    postgres: "/* dutiful.merge.holder */
        SELECT id, submission_key, dedup_until, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               finished_at
        FROM dutiful_tasks WHERE task_name = $1::text AND dedup_key = $2::bytea FOR UPDATE",
};

/// Gives the holder its further retry. The counters guard it: where no transaction holds the lock, a
/// change that came meanwhile makes it match nothing, and it is decided again.
const RESUBMIT: Sql = Sql {
    sqlite: "/* dutiful.merge.resubmit */
        UPDATE dutiful_tasks
        SET max_retries = ?1,
            finished_at = CASE WHEN ?2 = 1 THEN NULL ELSE finished_at END,
            due_at = COALESCE(dutiful_now() + ?3, due_at),
            task_payload = COALESCE(?4, task_payload),
            payload_version = COALESCE(?5, payload_version)
        WHERE id = ?6 AND retries = ?7 AND max_retries = ?8 AND attempt = ?9 AND dedup_key = ?10",
    mysql: "/* dutiful.merge.resubmit */
        UPDATE dutiful_tasks
        SET max_retries = ?,
            finished_at = CASE WHEN ? = 1 THEN NULL ELSE finished_at END,
            due_at = COALESCE(UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, due_at),
            task_payload = COALESCE(?, task_payload),
            payload_version = COALESCE(?, payload_version)
        WHERE id = ? AND retries = ? AND max_retries = ? AND attempt = ? AND dedup_key = ?",
    postgres: "/* dutiful.merge.resubmit */
        UPDATE dutiful_tasks
        SET max_retries = $1::bigint,
            finished_at = CASE WHEN $2::bigint = 1 THEN NULL ELSE finished_at END,
            due_at = COALESCE(statement_timestamp() + $3::bigint * interval '1 microsecond', due_at),
            task_payload = COALESCE($4::text, task_payload),
            payload_version = COALESCE($5::bigint, payload_version)
        WHERE id = $6::bigint AND retries = $7::bigint AND max_retries = $8::bigint
          AND attempt = $9::bigint AND dedup_key = $10::bytea",
};

/// Takes the slot from a task that no longer holds it: its window has passed, or it has ended and its key
/// was left in place. Neither can change again, so the attempt is guard enough.
pub(super) const FREE: Sql = Sql {
    sqlite: "/* dutiful.merge.free */
        UPDATE dutiful_tasks SET dedup_key = NULL
        WHERE id = ?1 AND dedup_key = ?2 AND attempt = ?3",
    mysql: "/* dutiful.merge.free */
        UPDATE dutiful_tasks SET dedup_key = NULL
        WHERE id = ? AND dedup_key = ? AND attempt = ?",
    postgres: "/* dutiful.merge.free */
        UPDATE dutiful_tasks SET dedup_key = NULL
        WHERE id = $1::bigint AND dedup_key = $2::bytea AND attempt = $3::bigint",
};

/// Merges one submission into the task that holds its slot: that one gets one more retry, and runs again
/// if it had none left. When the slot was freed meanwhile the task is created after all.
///
/// A task that ended and runs again is two writes: outside a transaction that is refused
/// ([`DbError::needs_transaction`]).
pub(super) async fn merge(session: &mut impl Session, task: &NewTask) -> DbResult<Submission> {
    for _ in 0..TRIES {
        let key = task.slot.key.clone();
        let holder = session
            .run(
                &HOLDER,
                vec![task.task_name.as_str().into(), key.clone().into()],
            )
            .await?;
        let Some(row) = holder.rows.first() else {
            match insert_one(session, task).await? {
                Some(id) => return Ok(Submission { id, merged: false }),
                None => continue,
            }
        };
        let id = row.int(0)?;
        if row.opt_bytes(1)? == Some(&task.submission_key[..]) {
            // Our own earlier try, whose answer was lost.
            return Ok(Submission { id, merged: false });
        }
        let (facts, now) = (facts::read(row, 4)?, row.time(3)?);
        let passed = row.opt_time(2)?.is_some_and(|until| until <= now);
        if passed || !holds_slot(&facts) {
            let free = vec![id.into(), key.into(), facts.attempt.into()];
            session.run(&FREE, free).await?;
            if let Some(id) = insert_one(session, task).await? {
                return Ok(Submission { id, merged: false });
            }
        } else if resubmit(session, task, row, &facts, now).await? {
            return Ok(Submission { id, merged: true });
        }
    }
    Err(DbError::new(
        DbErrorKind::Transient,
        format!(
            "the slot of a `{}` task changed hands {TRIES} times; try again",
            task.task_name
        ),
    ))
}

async fn resubmit(
    session: &mut impl Session,
    task: &NewTask,
    row: &Row,
    facts: &TaskFacts,
    now: Timestamp,
) -> DbResult<bool> {
    let transition = decide(facts, &Event::Resubmitted, now)
        .map_err(|refusal| DbError::new(DbErrorKind::Other, refusal.to_string()))?;
    let replaces = task.replace_payload && waits(facts, &transition);
    let due = transition.due != Due::Unchanged;
    let leaves = match due {
        true => Leaving::of(&task.task_name, facts.state(now), row.opt_time(13)?),
        false => None,
    };
    if leaves.is_some() && session.is_autocommit() {
        return Err(DbError::needs_transaction());
    }
    let reply = session
        .run(
            &RESUBMIT,
            vec![
                transition.max_retries.into(),
                i64::from(due).into(),
                take_over::delay(transition.due).into(),
                replaces.then(|| task.payload.clone()).into(),
                replaces.then_some(task.payload_version).into(),
                row.int(0)?.into(),
                facts.retries.into(),
                facts.max_retries.into(),
                facts.attempt.into(),
                task.slot.key.clone().into(),
            ],
        )
        .await?;
    if reply.affected == 1 {
        leave(session, leaves).await?;
    }
    Ok(reply.affected == 1)
}

/// Whether the holder has yet to run: nobody holds it, and it has not ended for good.
fn waits(facts: &TaskFacts, transition: &Transition) -> bool {
    !facts.leased && (!facts.is_ended() || transition.due != Due::Unchanged)
}
