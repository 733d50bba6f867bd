//! Reads what has happened to tasks since a place in the tables: new rows by id, ends and attempts by time.
//!
//! Rows become visible when they are committed, not in the order of their ids and times: whoever reads on from
//! where it was has to read once more when all of them are surely there. That is the follower's business.

use super::facts;
use super::task_row::{self, take_text};
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::{State, Timestamp};

/// The database's time, and the highest id there is.
const NOW: Sql = Sql {
    sqlite: "/* dutiful.changes.now */
        SELECT dutiful_now(), (SELECT MAX(id) FROM dutiful_tasks)",
    mysql: "/* dutiful.changes.now */
        SELECT UTC_TIMESTAMP(6), (SELECT MAX(id) FROM dutiful_tasks)",
    postgres: "/* dutiful.changes.now */
        SELECT statement_timestamp(), (SELECT MAX(id) FROM dutiful_tasks)",
};

const CREATED: Sql = Sql {
    sqlite: "/* dutiful.changes.created */
        SELECT id, task_name, created_at, last_run_at, finished_at, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ?1
        ORDER BY id LIMIT ?2",
    mysql: "/* dutiful.changes.created */
        SELECT id, task_name, created_at, last_run_at, finished_at, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ?
        ORDER BY id LIMIT ?",
    postgres: "/* dutiful.changes.created */
        SELECT id, task_name, created_at, last_run_at, finished_at, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > $1::bigint
        ORDER BY id LIMIT $2::bigint",
};

const ENDED: Sql = Sql {
    sqlite: "/* dutiful.changes.ended */
        SELECT id, task_name, created_at, last_run_at, finished_at, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE finished_at >= ?1 AND finished_at <= ?2 AND (finished_at > ?3 OR id > ?4)
        ORDER BY finished_at, id LIMIT ?5",
    mysql: "/* dutiful.changes.ended */
        SELECT id, task_name, created_at, last_run_at, finished_at, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE finished_at >= ? AND finished_at <= ? AND (finished_at > ? OR id > ?)
        ORDER BY finished_at, id LIMIT ?",
    postgres: "/* dutiful.changes.ended */
        SELECT id, task_name, created_at, last_run_at, finished_at, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE finished_at >= $1::timestamptz AND finished_at <= $2::timestamptz
          AND (finished_at > $3::timestamptz OR id > $4::bigint)
        ORDER BY finished_at, id LIMIT $5::bigint",
};

const ATTEMPTS: Sql = Sql {
    sqlite: "/* dutiful.changes.attempts */
        SELECT t.id, t.task_name, t.created_at, t.last_run_at, t.finished_at, dutiful_now(),
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes, t.error_kind,
               t.dedup_scope, a.attempt, a.started_at, a.ended_at, a.outcome
        FROM dutiful_attempts AS a JOIN dutiful_tasks AS t ON t.id = a.task_id
        WHERE a.ended_at >= ?1 AND a.ended_at <= ?2
          AND (a.ended_at > ?3 OR a.task_id > ?4 OR (a.task_id = ?5 AND a.attempt > ?6))
        ORDER BY a.ended_at, a.task_id, a.attempt LIMIT ?7",
    mysql: "/* dutiful.changes.attempts */
        SELECT t.id, t.task_name, t.created_at, t.last_run_at, t.finished_at, UTC_TIMESTAMP(6),
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes, t.error_kind,
               t.dedup_scope, a.attempt, a.started_at, a.ended_at, a.outcome
        FROM dutiful_attempts AS a JOIN dutiful_tasks AS t ON t.id = a.task_id
        WHERE a.ended_at >= ? AND a.ended_at <= ?
          AND (a.ended_at > ? OR a.task_id > ? OR (a.task_id = ? AND a.attempt > ?))
        ORDER BY a.ended_at, a.task_id, a.attempt LIMIT ?",
    postgres: "/* dutiful.changes.attempts */
        SELECT t.id, t.task_name, t.created_at, t.last_run_at, t.finished_at, statement_timestamp(),
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes, t.error_kind,
               t.dedup_scope, a.attempt, a.started_at, a.ended_at, a.outcome
        FROM dutiful_attempts AS a JOIN dutiful_tasks AS t ON t.id = a.task_id
        WHERE a.ended_at >= $1::timestamptz AND a.ended_at <= $2::timestamptz
          AND (a.ended_at > $3::timestamptz OR a.task_id > $4::bigint
               OR (a.task_id = $5::bigint AND a.attempt > $6::bigint))
        ORDER BY a.ended_at, a.task_id, a.attempt LIMIT $7::bigint",
};

const KNOWN: Sql = Sql {
    sqlite: "/* dutiful.changes.known */
        SELECT id, task_name, created_at, last_run_at, finished_at, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.changes.known */
        SELECT id, task_name, created_at, last_run_at, finished_at, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id IN (?)",
    postgres: "/* dutiful.changes.known */
        SELECT id, task_name, created_at, last_run_at, finished_at, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id = ANY($1::bigint[])",
};

/// Where the facts begin, and where an attempt does.
const FACTS: usize = 6;
const ATTEMPT: usize = 15;

/// A task without what may be large.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_run_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) attempt: i64,
    pub(crate) state: State,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
}

/// An attempt that did not end in success, and its task as it is now.
#[derive(Debug, Clone)]
pub(crate) struct AttemptSight {
    pub(crate) task: Sight,
    pub(crate) attempt: i64,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) outcome: String,
}

/// The database's time, and the highest id there is; 0 when there is none.
pub(crate) async fn now(db: &Db) -> DbResult<(Timestamp, i64)> {
    let rows = db.read(&NOW, Vec::new()).await?;
    match rows.first() {
        Some(row) => Ok((row.time(0)?, row.opt_int(1)?.unwrap_or(0))),
        None => Ok((Timestamp::MIN, 0)),
    }
}

/// Tasks above this id, in the order of their ids.
pub(crate) async fn created(db: &Db, above: i64, limit: i64) -> DbResult<Vec<Sight>> {
    let rows = db.read(&CREATED, vec![above.into(), limit.into()]).await?;
    rows.into_iter().map(sight).collect()
}

/// Tasks that ended after this time and id, up to a time, in that order.
pub(crate) async fn ended(
    db: &Db,
    (from, id): (Timestamp, i64),
    until: Timestamp,
    limit: i64,
) -> DbResult<Vec<Sight>> {
    let params = vec![
        from.into(),
        until.into(),
        from.into(),
        id.into(),
        limit.into(),
    ];
    let rows = db.read(&ENDED, params).await?;
    rows.into_iter().map(sight).collect()
}

/// Attempts that ended without success after this time, task and attempt, up to a time, in that order.
pub(crate) async fn attempts(
    db: &Db,
    (from, task, attempt): (Timestamp, i64, i64),
    until: Timestamp,
    limit: i64,
) -> DbResult<Vec<AttemptSight>> {
    let params: Vec<Value> = vec![
        from.into(),
        until.into(),
        from.into(),
        task.into(),
        task.into(),
        attempt.into(),
        limit.into(),
    ];
    let rows = db.read(&ATTEMPTS, params).await?;
    rows.into_iter().map(attempt_sight).collect()
}

/// The tasks among `ids` that are there. `ids` must not be empty.
pub(crate) async fn known(db: &Db, ids: Vec<i64>) -> DbResult<Vec<Sight>> {
    let rows = db.read(&KNOWN, vec![Value::Ints(ids)]).await?;
    rows.into_iter().map(sight).collect()
}

fn sight(mut row: Row) -> DbResult<Sight> {
    read(&mut row)
}

fn attempt_sight(mut row: Row) -> DbResult<AttemptSight> {
    Ok(AttemptSight {
        task: read(&mut row)?,
        attempt: row.int(ATTEMPT)?,
        started_at: row.time(ATTEMPT + 1)?,
        ended_at: row.time(ATTEMPT + 2)?,
        outcome: take_text(&mut row, ATTEMPT + 3)?.unwrap_or_default(),
    })
}

fn read(row: &mut Row) -> DbResult<Sight> {
    let now = row.time(5)?;
    let facts = facts::read(row, FACTS).ok();
    Ok(Sight {
        id: row.int(0)?,
        task_name: take_text(row, 1)?.unwrap_or_default(),
        created_at: row.time(2)?,
        last_run_at: row.opt_time(3)?,
        finished_at: row.opt_time(4)?,
        attempt: row.int(FACTS + 3)?,
        state: task_row::state(facts.as_ref(), now),
        now,
    })
}
