//! Removes tasks that ended long ago, and the rows of workers that are long gone.

use super::session::{OwnTx, Session};
use super::{facts, retry};
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::{State, Status, StoredScope, Timestamp};
use std::collections::HashSet;
use std::time::Duration;

/// How many rows one look goes through.
const SCAN_ROWS: usize = 1_000;
/// Most tasks that are removed in one transaction, so that none is long, whatever belongs to a task.
pub(crate) const PRUNE_ROWS: usize = 100;
/// Most rows of workers that are removed by one call.
const WORKERS_MAX: i64 = 1_000;

/// The next rows behind a cursor, by primary key: no index on the time of the end is needed.
const SCAN: Sql = Sql {
    sqlite: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ?1 ORDER BY id LIMIT ?2",
    mysql: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ? ORDER BY id LIMIT ?",
    postgres: "/* dutiful.janitor.scan */
        SELECT id, task_name, created_at, finished_at, dedup_until, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > $1::bigint ORDER BY id LIMIT $2::bigint",
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
    /// Whether rows behind those that are too young are looked at too: ids rise with time, but for those of
    /// tasks that were adopted.
    pub(crate) to_the_end: bool,
    /// How long successes are kept; `None` is for ever.
    pub(crate) succeeded: Option<Duration>,
    /// How long tasks are kept that ended in any other way.
    pub(crate) ended_otherwise: Option<Duration>,
}

/// What one look came to.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The tasks that may go.
    pub(crate) expired: Vec<Expired>,
    /// Where the next look begins; `None` when nothing behind it can have expired.
    pub(crate) cursor: Option<i64>,
}

/// A task that may go.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) state: State,
}

/// Looks at the next 1,000 rows behind `cursor`. Changes nothing.
pub(crate) async fn scan(db: &Db, cursor: i64, rule: &Rule) -> DbResult<Scanned> {
    let most = i64::try_from(SCAN_ROWS).unwrap_or(i64::MAX);
    let rows = db.read(&SCAN, vec![cursor.into(), most.into()]).await?;
    let mut scanned = Scanned {
        expired: Vec::new(),
        cursor: None,
    };
    let mut all_young = true;
    for row in &rows {
        let id = row.int(0)?;
        all_young &= rule.is_young(row)?;
        scanned.expired.extend(rule.expired(row)?);
        scanned.cursor = Some(id);
    }
    // Ids rise with time, so what follows rows that are too young is younger still.
    if rows.len() < SCAN_ROWS || (all_young && !rule.to_the_end) {
        scanned.cursor = None;
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
    for row in own.run(&LOCK, vec![Value::Ints(ids.to_vec())]).await?.rows {
        expired.extend(rule.expired(&row)?.map(|task| task.id));
    }
    if expired.is_empty() {
        own.rollback().await?;
        return Ok(0);
    }
    let count = expired.len();
    remove(&mut own, expired).await?;
    own.commit().await?;
    Ok(count)
}

/// Removes these tasks and all that belongs to them. Their rows must be locked: everybody who removes does it
/// in this order, so that nobody waits in a circle.
pub(super) async fn remove(session: &mut impl Session, ids: Vec<i64>) -> DbResult<()> {
    for sql in [&ATTEMPTS, &STEPS, &LOGS, &TASKS] {
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

    /// Whether it is too short a time since the row was made for anything to have expired.
    fn is_young(&self, row: &Row) -> DbResult<bool> {
        let age = row
            .time(5)?
            .since(row.opt_time(2)?.unwrap_or(Timestamp::MIN));
        let shortest = self.succeeded.into_iter().chain(self.ended_otherwise).min();
        Ok(shortest.is_none_or(|shortest| age < shortest))
    }
}
