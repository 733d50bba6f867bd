//! Takes due tasks under a lease.

use super::{facts, retry, take_over};
use crate::db::sqlite;
use crate::db::{Db, DbResult, Row, Rows, Sql, Value};
use dutiful_core::lease::next_attempt;
use dutiful_core::limits::COUNTER_MAX;
use dutiful_core::{TaskFacts, Timestamp};
use std::time::Duration;

/// Due tasks of one name and priority, oldest first, locked until the transaction ends. PostgreSQL takes
/// them in the same statement and gives those whose lease ran out untouched (`worker` is then set).
///
/// `id = ANY(ARRAY(...))` and not `IN`: a join could run the sub-select more than once.
///
/// Of the free ones it takes those on their last chance (`TaskFacts::is_on_last_chance`) or all others.
///
/// The lower bound keeps it from walking again over what was taken before: entries that are dead, but
/// that no purge or vacuum has removed yet. No number may be too large for what is reckoned here: one such
/// row would stop its whole level.
const DUE: Sql = Sql {
    sqlite: "/* dutiful.claim */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE task_name = ?1 AND priority = ?2 AND due_at >= ?3 AND due_at <= dutiful_now()
          AND (worker IS NOT NULL
               OR CASE WHEN crashes > 0 AND crashes >= ?4 - 1 THEN 1 ELSE 0 END = ?5)
        ORDER BY due_at, id
        LIMIT ?6",
    mysql: "/* dutiful.claim */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
        WHERE task_name = ? AND priority = ? AND due_at >= ? AND due_at <= UTC_TIMESTAMP(6)
          AND (worker IS NOT NULL
               OR CASE WHEN crashes > 0 AND crashes >= ? - 1 THEN 1 ELSE 0 END = ?)
        ORDER BY due_at, id
        LIMIT ?
        FOR UPDATE SKIP LOCKED",
    postgres: "/* dutiful.claim */
        WITH due AS MATERIALIZED (
          SELECT id, task_payload, payload_version, last_run_at,
                 status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
          FROM dutiful_tasks
          WHERE task_name = $1::text AND priority = $2::bigint
            AND due_at >= $3::timestamptz AND due_at <= statement_timestamp()
            AND (worker IS NOT NULL
                 OR CASE WHEN crashes > 0 AND crashes >= $4::bigint - 1 THEN 1 ELSE 0 END = $5::bigint)
          ORDER BY due_at, id
          LIMIT $6::bigint
          FOR UPDATE SKIP LOCKED),
        taken AS (
          UPDATE dutiful_tasks
          SET attempt = LEAST(attempt, 2147483646) + 1,
              worker = $7::text,
              due_at = statement_timestamp() + $8::bigint * interval '1 microsecond',
              last_run_at = statement_timestamp(),
              dedup_key = CASE WHEN dedup_scope IN ('none', 'waiting') THEN NULL ELSE dedup_key END
          WHERE id = ANY(ARRAY(SELECT id FROM due WHERE worker IS NULL)))
        SELECT * FROM due",
};

/// Takes the tasks that nobody holds. The slot of a task without dedup, or with the scope `waiting`, is
/// freed here, because it no longer waits. SQLite writes an index as soon as a statement names its column,
/// so there it is freed when somebody else wants it. Attempts are counted as by `next_attempt`.
const TAKE: Sql = Sql {
    sqlite: "/* dutiful.take */
        UPDATE dutiful_tasks
        SET attempt = MIN(attempt, 2147483646) + 1,
            worker = ?1,
            due_at = dutiful_now() + ?2,
            last_run_at = dutiful_now()
        WHERE id = ?3",
    mysql: "/* dutiful.take */
        UPDATE dutiful_tasks
        SET attempt = LEAST(attempt, 2147483646) + 1,
            worker = ?,
            due_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
            last_run_at = UTC_TIMESTAMP(6),
            dedup_key = CASE WHEN dedup_scope IN ('none', 'waiting') THEN NULL ELSE dedup_key END
        WHERE id IN (?)",
    // PostgreSQL takes in `DUE`; this is the same for one that is known by its id.
    postgres: "/* dutiful.take */
        UPDATE dutiful_tasks
        SET attempt = LEAST(attempt, 2147483646) + 1,
            worker = $1::text,
            due_at = statement_timestamp() + $2::bigint * interval '1 microsecond',
            last_run_at = statement_timestamp(),
            dedup_key = CASE WHEN dedup_scope IN ('none', 'waiting') THEN NULL ELSE dedup_key END
        WHERE id = ANY($3::bigint[])",
};

/// What a worker holds of one name and priority: leases end soon, so this reads a short piece of the index.
const HELD: Sql = Sql {
    sqlite: "/* dutiful.claim.held */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE task_name = ?1 AND priority = ?2 AND worker = ?3
          AND due_at > dutiful_now() AND due_at <= dutiful_now() + ?4
        ORDER BY due_at, id
        LIMIT 10000",
    mysql: "/* dutiful.claim.held */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
        WHERE task_name = ? AND priority = ? AND worker = ?
          AND due_at > UTC_TIMESTAMP(6) AND due_at <= UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        ORDER BY due_at, id
        LIMIT 10000",
    postgres: "/* dutiful.claim.held */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE task_name = $1::text AND priority = $2::bigint AND worker = $3::text
          AND due_at > statement_timestamp()
          AND due_at <= statement_timestamp() + $4::bigint * interval '1 microsecond'
        ORDER BY due_at, id
        LIMIT 10000",
};

/// What to claim.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) task_name: String,
    pub(crate) priority: i64,
    /// Only what was due at this time or later; everything, when it is the earliest time of ours.
    pub(crate) from: Timestamp,
    /// Only tasks that one more crash would quarantine, or only all others. Lost leases are found by both.
    pub(crate) last_chance: bool,
    pub(crate) limit: usize,
    pub(crate) worker: String,
    pub(crate) lease: Duration,
    /// How often a worker may die while holding a task of this name.
    pub(crate) crash_limit: i64,
}

/// A task that this worker now holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    /// The number of this attempt; it fences every later write.
    pub(crate) attempt: i64,
    pub(crate) payload_version: i64,
    /// The payload, or why it cannot be read: such a task ends without having run.
    pub(crate) payload: Result<String, String>,
    /// The row as it was before this claim; `None` when it cannot be read.
    pub(crate) facts: Option<TaskFacts>,
    /// One more crash would quarantine it.
    pub(crate) last_chance: bool,
}

/// The answer to a [`Request`].
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) claimed: Vec<Claimed>,
    /// How many rows were found due: fewer than asked for means that the level is empty.
    pub(crate) found: usize,
    /// Since when the last of them was due.
    pub(crate) last_due: Option<Timestamp>,
    /// Tasks whose lease had run out and that have died too often.
    pub(crate) quarantined: usize,
    /// Tasks whose lease had run out and that this worker still runs: they were left alone.
    pub(crate) ours: usize,
}

/// Takes up to `limit` due tasks of one name and priority and leases them to the worker. It is committed
/// when this returns. No two workers get the same attempt. Tasks whose lease ran out are taken over on
/// the way: that counts a crash.
///
/// When it fails, some may have been claimed all the same: see [`claimed_unheard`].
pub(crate) async fn claim(
    db: &Db,
    request: &Request,
    ours: take_over::Ours<'_>,
) -> DbResult<Batch> {
    let rows = retry::repeat_undone(|| take_due(db, request)).await?;
    let last_due = rows.last().map(|row| row.opt_time(5)).transpose()?;
    let mut batch = Batch {
        found: rows.len(),
        last_due: last_due.flatten(),
        ..Batch::default()
    };
    let mut lost = Vec::new();
    for mut row in rows {
        if !row.is_null(6) {
            lost.push(row.int(0)?);
        } else {
            let attempt = next_attempt(row.int(7)?);
            batch
                .claimed
                .push(read(&mut row, attempt, request.crash_limit)?);
        }
    }
    if !lost.is_empty() {
        let taken = take_over::take_over(db, request, lost, ours).await?;
        batch.quarantined = taken.quarantined;
        batch.ours = taken.ours;
        batch.claimed.extend(taken.claimed);
    }
    Ok(batch)
}

/// What the worker holds of this name and priority according to the rows: after a claim whose answer was
/// lost it is found again here, so that it is neither forgotten nor counted as a crash.
pub(crate) async fn claimed_unheard(db: &Db, request: &Request) -> DbResult<Vec<Claimed>> {
    let params = vec![
        request.task_name.as_str().into(),
        request.priority.into(),
        request.worker.as_str().into(),
        i64::try_from(request.lease.as_micros())
            .unwrap_or(i64::MAX)
            .into(),
    ];
    let mut rows = db.read(&HELD, params).await?;
    let read_held = |row: &mut Row| {
        let attempt = row.int(7)?;
        read(row, attempt, request.crash_limit)
    };
    rows.iter_mut().map(read_held).collect()
}

/// Reads a claimed row in the column order of `DUE`.
pub(crate) fn read(row: &mut Row, attempt: i64, crash_limit: i64) -> DbResult<Claimed> {
    let payload = match row.take_text(1) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err("the payload is NULL".to_owned()),
        Err(error) => Err(format!("the payload cannot be read: {error}")),
    };
    let facts = facts::read(row, 4);
    let payload = match &facts {
        Err(error) => Err(error.to_string()),
        Ok(_) if attempt >= COUNTER_MAX => Err(format!(
            "attempt {attempt} cannot be told from the next: its number is the last there is"
        )),
        Ok(_) => payload,
    };
    let payload_version = row.int(2).unwrap_or(1);
    let last_chance = |facts: &TaskFacts| facts.is_on_last_chance(crash_limit);
    Ok(Claimed {
        last_chance: facts.as_ref().is_ok_and(last_chance),
        id: row.int(0)?,
        attempt,
        payload_version,
        payload,
        facts: facts.ok(),
    })
}

async fn take_due(db: &Db, request: &Request) -> DbResult<Vec<Row>> {
    match take_due_at_once(db, request).await {
        Err(error) => Err(db.explained(error).await),
        taken => taken,
    }
}

async fn take_due_at_once(db: &Db, request: &Request) -> DbResult<Vec<Row>> {
    let lease = i64::try_from(request.lease.as_micros()).unwrap_or(i64::MAX);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let mut due: Vec<Value> = vec![
        request.task_name.as_str().into(),
        request.priority.into(),
        Value::Since(request.from),
        request.crash_limit.into(),
        i64::from(request.last_chance).into(),
        limit.into(),
    ];
    match db {
        Db::Postgres(db) => {
            due.extend([request.worker.as_str().into(), lease.into()]);
            Ok(db.run(&DUE, due).await?.rows)
        }
        // All of it is one job for the writer's thread.
        Db::Sqlite(db) => {
            let worker = request.worker.clone();
            db.job(move |session| take_on_sqlite(session, &due, worker, lease))
                .await
        }
        // Nothing returns what it updated here, so the rows are locked, read and then taken.
        Db::Mysql(db) => {
            let mut tx = db.begin().await?;
            let rows = tx.run(&DUE, due).await?.rows;
            let ids = free_ids(&rows)?;
            if !ids.is_empty() {
                let take = vec![
                    request.worker.as_str().into(),
                    lease.into(),
                    Value::Ints(ids),
                ];
                tx.run(&TAKE, take).await?;
            }
            tx.commit().await?;
            Ok(rows)
        }
    }
}

fn take_on_sqlite(
    session: &sqlite::Session,
    due: &[Value],
    worker: String,
    lease: i64,
) -> DbResult<Vec<Row>> {
    let rows = session.query(&DUE, due)?;
    let ids = free_ids(&rows)?
        .into_iter()
        .map(|id| vec![id.into()])
        .collect();
    session.run_rows(
        &TAKE,
        Rows {
            fixed: vec![worker.into(), lease.into()],
            rows: ids,
        },
    )?;
    Ok(rows)
}

/// The ids of the rows that nobody holds.
fn free_ids(rows: &[Row]) -> DbResult<Vec<i64>> {
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        if row.is_null(6) {
            ids.push(row.int(0)?);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}
