//! Removes tasks that ended long ago, and the rows of workers that are long gone.

use super::figures::left::{Leaving, leave};
use super::session::{OwnTx, Session};
use super::submit::micros;
use super::{facts, retry};
use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use dutiful_core::{State, Status, StoredScope, Timestamp};
use std::collections::HashSet;
use std::time::Duration;

/// How many rows one look goes through.
const SCAN_ROWS: usize = 1_000;
/// No task is older.
const FIFTY_YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
/// Most tasks that are removed in one transaction, so that none is long, whatever belongs to a task.
pub(crate) const PRUNE_ROWS: usize = 100;
/// Most rows of workers that are removed by one call.
const WORKERS_MAX: i64 = 1_000;

/// The next rows behind a cursor, by the time of their end, up to the shortest time that any are kept.
const SCAN: Sql = Sql {
    sqlite: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks INDEXED BY dutiful_tasks_finished
        WHERE finished_at >= ?1 AND (finished_at > ?1 OR id > ?2) AND finished_at <= dutiful_now() - ?3
        ORDER BY finished_at, id LIMIT ?4",
    mysql: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks FORCE INDEX (dutiful_tasks_finished)
        WHERE finished_at >= ? AND (finished_at > ? OR id > ?)
          AND finished_at <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
        ORDER BY finished_at, id LIMIT ?",
    postgres: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE (finished_at, id) > ($1::timestamptz, $2::bigint)
          AND finished_at <= statement_timestamp() - $3::bigint * interval '1 microsecond'
        ORDER BY finished_at, id LIMIT $4::bigint",
};

/// Some of them again, locked. What another janitor is at is left to it.
const LOCK: Sql = Sql {
    sqlite: "/* dutiful.janitor.lock */
        SELECT id, task_name, created_at, finished_at, dedup_until, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
    mysql: "/* dutiful.janitor.lock */
        SELECT id, task_name, created_at, finished_at, dedup_until, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id IN (?) ORDER BY id FOR UPDATE SKIP LOCKED",
    postgres: "/* dutiful.janitor.lock */
        SELECT id, task_name, created_at, finished_at, dedup_until, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED",
};

const ATTEMPTS: Sql = Sql {
    sqlite: "/* dutiful.janitor.attempts */
        DELETE FROM dutiful_attempts WHERE task_id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.attempts */ DELETE FROM dutiful_attempts WHERE task_id IN (?)",
    postgres: "/* dutiful.janitor.attempts */
        DELETE FROM dutiful_attempts WHERE task_id = ANY($1::bigint[])",
};

pub(super) const STEPS: Sql = Sql {
    sqlite: "/* dutiful.janitor.steps */
        DELETE FROM dutiful_steps WHERE task_id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.steps */ DELETE FROM dutiful_steps WHERE task_id IN (?)",
    postgres: "/* dutiful.janitor.steps */
        DELETE FROM dutiful_steps WHERE task_id = ANY($1::bigint[])",
};

const LOGS: Sql = Sql {
    sqlite: "/* dutiful.janitor.logs */
        DELETE FROM dutiful_logs WHERE task_id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.logs */ DELETE FROM dutiful_logs WHERE task_id IN (?)",
    postgres: "/* dutiful.janitor.logs */
        DELETE FROM dutiful_logs WHERE task_id = ANY($1::bigint[])",
};

const ITEMS: Sql = Sql {
    sqlite: "/* dutiful.janitor.items */
        DELETE FROM dutiful_items WHERE join_id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.items */ DELETE FROM dutiful_items WHERE join_id IN (?)",
    postgres: "/* dutiful.janitor.items */
        DELETE FROM dutiful_items WHERE join_id = ANY($1::bigint[])",
};

const JOINS: Sql = Sql {
    sqlite: "/* dutiful.janitor.joins */
        DELETE FROM dutiful_joins WHERE task_id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.joins */ DELETE FROM dutiful_joins WHERE task_id IN (?)",
    postgres: "/* dutiful.janitor.joins */
        DELETE FROM dutiful_joins WHERE task_id = ANY($1::bigint[])",
};

const TASKS: Sql = Sql {
    sqlite: "/* dutiful.janitor.tasks */
        DELETE FROM dutiful_tasks WHERE id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.janitor.tasks */ DELETE FROM dutiful_tasks WHERE id IN (?)",
    postgres: "/* dutiful.janitor.tasks */
        DELETE FROM dutiful_tasks WHERE id = ANY($1::bigint[])",
};

const GONE: Sql = Sql {
    sqlite: "/* dutiful.janitor.gone */
        SELECT worker FROM dutiful_workers WHERE beat_at < dutiful_now() - 86400000000 LIMIT ?1",
    mysql: "/* dutiful.janitor.gone */
        SELECT worker FROM dutiful_workers WHERE beat_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY LIMIT ?",
    postgres: "/* dutiful.janitor.gone */
        SELECT worker FROM dutiful_workers
        WHERE beat_at < statement_timestamp() - interval '1 day' LIMIT $1::bigint",
};

const WORKERS: Sql = Sql {
    sqlite:
        "/* dutiful.janitor.workers */
        DELETE FROM dutiful_workers
        WHERE worker IN (SELECT value FROM json_each(?1)) AND beat_at < dutiful_now() - 86400000000",
    mysql: "/* dutiful.janitor.workers */
        DELETE FROM dutiful_workers
        WHERE worker IN (?) AND beat_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY",
    postgres: "/* dutiful.janitor.workers */
        DELETE FROM dutiful_workers
        WHERE worker = ANY($1::text[]) AND beat_at < statement_timestamp() - interval '1 day'",
};

/// Which tasks may be removed.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Tasks of other names are left alone. `None` is all: only a person asks for that.
    pub(crate) names: Option<HashSet<String>>,
    /// Tasks that ended otherwise are left alone. `None` is all.
    pub(crate) states: Option<Vec<State>>,
    /// How long successes are kept; `None` is for ever.
    pub(crate) succeeded: Option<Duration>,
    /// How long tasks are kept that ended in any other way.
    pub(crate) ended_otherwise: Option<Duration>,
}

/// The last row that was looked at: when it ended, and its id.
pub(crate) type Cursor = (Timestamp, i64);
/// Before all rows.
pub(crate) const START: Cursor = (Timestamp::MIN, i64::MIN);

/// What one look came to.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The tasks that may go.
    pub(crate) expired: Vec<Expired>,
    /// Where the next look begins; `None` when nothing behind it can have expired.
    pub(crate) cursor: Option<Cursor>,
}

/// A task that may go.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) state: State,
}

/// Looks at the next 1,000 rows behind `cursor`. Changes nothing.
pub(crate) async fn scan(db: &Db, cursor: Cursor, rule: &Rule) -> DbResult<Scanned> {
    let mut scanned = Scanned {
        expired: Vec::new(),
        cursor: None,
    };
    let Some(shortest) = rule.succeeded.into_iter().chain(rule.ended_otherwise).min() else {
        return Ok(scanned);
    };
    let (time, id) = cursor;
    // MySQL's placeholders have no numbers: each use is a parameter of its own.
    let again = (db.dialect() == Dialect::Mysql).then(|| time.into());
    let mut params: Vec<Value> = vec![time.into()];
    params.extend(again);
    params.extend([
        id.into(),
        // Longer than anything is kept for, and no engine's times overflow.
        micros(shortest.min(FIFTY_YEARS)).into(),
        i64::try_from(SCAN_ROWS).unwrap_or(i64::MAX).into(),
    ]);
    let rows = db.read(&SCAN, params).await?;
    for row in &rows {
        scanned.expired.extend(rule.expired(row)?);
    }
    if let Some(last) = rows.last().filter(|_| rows.len() == SCAN_ROWS) {
        scanned.cursor = Some((last.time(3)?, last.int(0)?));
    }
    Ok(scanned)
}

/// Removes those of these tasks that have still expired, each with its attempts, steps and log lines in one
/// transaction. Gives back how many went.
pub(crate) async fn prune(db: &Db, ids: &[i64], rule: &Rule) -> DbResult<usize> {
    let mut pruned = 0;
    for chunk in ids.chunks(PRUNE_ROWS) {
        pruned += retry::repeat(|| prune_chunk(db, chunk, rule)).await?;
    }
    Ok(pruned)
}

async fn prune_chunk(db: &Db, ids: &[i64], rule: &Rule) -> DbResult<usize> {
    let mut own = OwnTx::begin(db).await?;
    let mut expired = Vec::with_capacity(ids.len());
    let mut leaving = Vec::with_capacity(ids.len());
    for row in own.run(&LOCK, vec![Value::Ints(ids.to_vec())]).await?.rows {
        if let Some(task) = rule.expired(&row)? {
            leaving.extend(Leaving::of(&task.task_name, task.state, row.opt_time(3)?));
            expired.push(task.id);
        }
    }
    if expired.is_empty() {
        own.rollback().await?;
        return Ok(0);
    }
    let count = expired.len();
    remove(&mut own, expired).await?;
    leave(&mut own, leaving).await?;
    own.commit().await?;
    Ok(count)
}

/// Removes these tasks and all that belongs to them. Their rows must be locked: everybody who removes does it
/// in this order, so that nobody waits in a circle.
pub(super) async fn remove(session: &mut impl Session, ids: Vec<i64>) -> DbResult<()> {
    for sql in [&ATTEMPTS, &STEPS, &LOGS, &ITEMS, &JOINS, &TASKS] {
        session.run(sql, vec![Value::Ints(ids.clone())]).await?;
    }
    Ok(())
}

/// Removes the rows of workers that have not beaten for a day. One that is alive after all writes its row
/// again at its next beat.
pub(crate) async fn prune_workers(db: &Db) -> DbResult<u64> {
    let mut gone = Vec::new();
    for mut row in db.read(&GONE, vec![WORKERS_MAX.into()]).await? {
        gone.extend(row.take_text(0)?);
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let reply = retry::repeat(|| db.write(&WORKERS, vec![Value::Texts(gone.clone())])).await?;
    Ok(reply.affected)
}

impl Rule {
    /// The task of a row, in the column order of `SCAN`, if it may go.
    fn expired(&self, row: &Row) -> DbResult<Option<Expired>> {
        // What cannot be read is for people to look at.
        let (Ok(facts), Ok(Some(name))) = (facts::read(row, 6), row.opt_text(1)) else {
            return Ok(None);
        };
        let (id, now) = (row.int(0)?, row.time(5)?);
        let keep = match facts.status {
            Status::Success => self.succeeded,
            _ => self.ended_otherwise,
        };
        let (Some(keep), Some(finished_at)) = (keep, row.opt_time(3)?) else {
            return Ok(None);
        };
        let is_over = facts.is_ended() && now.since(finished_at) >= keep && finished_at <= now;
        let slot_stays = match facts.dedup_scope {
            StoredScope::Always => true,
            StoredScope::Window => row.opt_time(4)?.is_some_and(|until| until > now),
            _ => false,
        };
        let state = facts.state(now);
        let is_asked_for = self.names.as_ref().is_none_or(|names| names.contains(name))
            && self
                .states
                .as_ref()
                .is_none_or(|states| states.contains(&state));
        Ok((is_over && !slot_stays && is_asked_for).then(|| Expired {
            id,
            task_name: name.to_owned(),
            state,
        }))
    }
}
