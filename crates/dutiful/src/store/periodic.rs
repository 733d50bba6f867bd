//! The rows of periodics: writing what a program says of them, looking at them, taking ticks. What an operator
//! does to one is in `by_hand` and `run_now`.

pub(crate) mod by_hand;
mod row;
pub(crate) mod run_now;

pub(crate) use row::{COLUMNS, Changed, Defined, PeriodicRow, read};

use super::session::{OwnTx, Session};
use super::submit::{NewTask, submit};
use super::{facts, retry};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Sql, Value};
use dutiful_core::{Schedule, Timestamp};

/// The rows of some periodics, each with the facts of the task that it submitted last.
const LOOK: Sql = Sql {
    sqlite: "/* dutiful.periodic.look */
        SELECT p.name, p.task_name, p.task_payload, p.schedule, p.missed, p.missed_window, p.overlap,
               p.payload_version, p.priority, p.max_retries, p.changed_schedule, p.changed_payload,
               p.changed_payload_version, p.changed_at, p.changed_by, p.paused, p.next_at, p.last_at,
               p.last_task_id, p.fired, p.skipped,
               dutiful_now(), t.id,
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes,
               t.error_kind, t.dedup_scope
        FROM dutiful_periodic AS p LEFT JOIN dutiful_tasks AS t ON t.id = p.last_task_id
        WHERE p.name IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.periodic.look */
        SELECT p.name, p.task_name, p.task_payload, p.schedule, p.missed, p.missed_window, p.overlap,
               p.payload_version, p.priority, p.max_retries, p.changed_schedule, p.changed_payload,
               p.changed_payload_version, p.changed_at, p.changed_by, p.paused, p.next_at, p.last_at,
               p.last_task_id, p.fired, p.skipped,
               UTC_TIMESTAMP(6), t.id,
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes,
               t.error_kind, t.dedup_scope
        FROM dutiful_periodic AS p LEFT JOIN dutiful_tasks AS t ON t.id = p.last_task_id
        WHERE p.name IN (?)",
    postgres: "/* dutiful.periodic.look */
        SELECT p.name, p.task_name, p.task_payload, p.schedule, p.missed, p.missed_window, p.overlap,
               p.payload_version, p.priority, p.max_retries, p.changed_schedule, p.changed_payload,
               p.changed_payload_version, p.changed_at, p.changed_by, p.paused, p.next_at, p.last_at,
               p.last_task_id, p.fired, p.skipped,
               statement_timestamp(), t.id,
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes,
               t.error_kind, t.dedup_scope
        FROM dutiful_periodic AS p LEFT JOIN dutiful_tasks AS t ON t.id = p.last_task_id
        WHERE p.name = ANY($1::text[])",
};

/// One row, locked, so that those who change it do so one after the other.
pub(super) const LOCK: Sql = Sql {
    sqlite: "/* dutiful.periodic.lock */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic WHERE name = ?1",
    mysql: "/* dutiful.periodic.lock */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic WHERE name = ? FOR UPDATE",
    postgres: "/* dutiful.periodic.lock */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic WHERE name = $1::text FOR UPDATE",
};

/// Asked once the row is locked: a wait for the lock must not put the next tick into the past.
pub(super) const NOW: Sql = Sql {
    sqlite: "/* dutiful.periodic.now */ SELECT dutiful_now()",
    mysql: "/* dutiful.periodic.now */ SELECT UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.periodic.now */ SELECT statement_timestamp()",
};

const INSERT: Sql = Sql {
    sqlite: "/* dutiful.periodic.insert */
        INSERT INTO dutiful_periodic
          (name, task_name, task_payload, schedule, missed, missed_window, overlap, payload_version,
           priority, max_retries, next_at, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, dutiful_now())",
    mysql: "/* dutiful.periodic.insert */
        INSERT INTO dutiful_periodic
          (name, task_name, task_payload, schedule, missed, missed_window, overlap, payload_version,
           priority, max_retries, next_at, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.periodic.insert */
        INSERT INTO dutiful_periodic
          (name, task_name, task_payload, schedule, missed, missed_window, overlap, payload_version,
           priority, max_retries, next_at, created_at)
        VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::bigint,
                $9::bigint, $10::bigint, $11::timestamptz, statement_timestamp())",
};

/// Counters, whether it is paused, and what an operator has changed stay.
const UPDATE: Sql = Sql {
    sqlite: "/* dutiful.periodic.update */
        UPDATE dutiful_periodic
        SET task_name = ?1, task_payload = ?2, schedule = ?3, missed = ?4, missed_window = ?5,
            overlap = ?6, payload_version = ?7, priority = ?8, max_retries = ?9, next_at = ?10
        WHERE name = ?11",
    mysql: "/* dutiful.periodic.update */
        UPDATE dutiful_periodic
        SET task_name = ?, task_payload = ?, schedule = ?, missed = ?, missed_window = ?,
            overlap = ?, payload_version = ?, priority = ?, max_retries = ?, next_at = ?
        WHERE name = ?",
    postgres: "/* dutiful.periodic.update */
        UPDATE dutiful_periodic
        SET task_name = $1::text, task_payload = $2::text, schedule = $3::text, missed = $4::text,
            missed_window = $5::bigint, overlap = $6::text, payload_version = $7::bigint,
            priority = $8::bigint, max_retries = $9::bigint, next_at = $10::timestamptz
        WHERE name = $11::text",
};

/// Moves a row on. Of all workers that saw the same `next_at` one matches; the others come too late, and so
/// does one that has not seen what an operator has done meanwhile: paused it, changed it, or let it run.
const TAKE: Sql = Sql {
    sqlite: "/* dutiful.periodic.take */
        UPDATE dutiful_periodic
        SET next_at = ?1, last_at = COALESCE(?2, last_at), fired = fired + ?3, skipped = skipped + ?4
        WHERE name = ?5 AND next_at = ?6 AND paused = 0 AND changed_at IS ?7 AND last_task_id IS ?8",
    mysql: "/* dutiful.periodic.take */
        UPDATE dutiful_periodic
        SET next_at = ?, last_at = COALESCE(?, last_at), fired = fired + ?, skipped = skipped + ?
        WHERE name = ? AND next_at = ? AND paused = 0 AND changed_at <=> ? AND last_task_id <=> ?",
    postgres: "/* dutiful.periodic.take */
        UPDATE dutiful_periodic
        SET next_at = $1::timestamptz, last_at = COALESCE($2::timestamptz, last_at),
            fired = fired + $3::bigint, skipped = skipped + $4::bigint
        WHERE name = $5::text AND next_at = $6::timestamptz AND paused = 0
          AND changed_at IS NOT DISTINCT FROM $7::timestamptz
          AND last_task_id IS NOT DISTINCT FROM $8::bigint",
};

pub(super) const SUBMITTED: Sql = Sql {
    sqlite: "/* dutiful.periodic.submitted */
        UPDATE dutiful_periodic SET last_task_id = ?1 WHERE name = ?2",
    mysql: "/* dutiful.periodic.submitted */
        UPDATE dutiful_periodic SET last_task_id = ? WHERE name = ?",
    postgres: "/* dutiful.periodic.submitted */
        UPDATE dutiful_periodic SET last_task_id = $1::bigint WHERE name = $2::text",
};

/// A periodic at one moment of the database's clock.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) row: PeriodicRow,
    pub(crate) now: Timestamp,
    /// Whether the task that it submitted last is over, or gone.
    pub(crate) last_ended: bool,
}

/// What became of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Changed,
    /// The row said so already.
    None,
}

/// What one look at a row that is due comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Take {
    pub(crate) name: String,
    /// The row as it was seen; a row that has moved on since, or was changed by hand, is left alone.
    pub(crate) seen_next_at: Timestamp,
    pub(crate) seen_changed_at: Option<Timestamp>,
    pub(crate) seen_last_task_id: Option<i64>,
    pub(crate) next_at: Option<Timestamp>,
    /// The last tick that fires; `None` when none does.
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) skipped: u64,
    /// One for each tick that fires.
    pub(crate) tasks: Vec<NewTask>,
}

/// The rows of these names that exist.
pub(crate) async fn look(db: &Db, names: &[String]) -> DbResult<Vec<Seen>> {
    let rows = db.read(&LOOK, vec![Value::Texts(names.to_vec())]).await?;
    rows.into_iter().map(seen).collect()
}

/// Makes the row say what this program says: the program that started last wins. Ticks keep their place
/// as long as the schedule stays the same, so that a restart loses none; a new schedule begins now.
pub(crate) async fn define(db: &Db, defined: &Defined, schedule: &Schedule) -> DbResult<Change> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let change = define_in_transaction(&mut own, defined, schedule).await?;
        own.commit().await?;
        Ok(change)
    })
    .await
}

/// Moves the row on and submits the tasks, both or neither. `false`: another worker was first, or the
/// periodic was paused or changed; nothing was written. Safe to repeat: when the answer to a commit was
/// lost, the row has moved on and nothing is written again.
pub(crate) async fn take(db: &Db, take: &Take) -> DbResult<bool> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        if own.run(&TAKE, take_params(take)).await?.affected == 0 {
            own.rollback().await?;
            return Ok(false);
        }
        if let Some(last) = submit(&mut own, &take.tasks).await?.last() {
            own.run(&SUBMITTED, vec![last.id.into(), take.name.as_str().into()])
                .await?;
        }
        own.commit().await?;
        Ok(true)
    })
    .await
}

fn take_params(take: &Take) -> Vec<Value> {
    vec![
        take.next_at.into(),
        take.last_at.into(),
        i64::try_from(take.tasks.len()).unwrap_or(i64::MAX).into(),
        i64::try_from(take.skipped).unwrap_or(i64::MAX).into(),
        take.name.as_str().into(),
        take.seen_next_at.into(),
        take.seen_changed_at.into(),
        take.seen_last_task_id.into(),
    ]
}

/// The time of the database, once a row is locked.
pub(super) async fn now(own: &mut OwnTx) -> DbResult<Timestamp> {
    let rows = own.run(&NOW, Vec::new()).await?.rows;
    let now = rows.first().map(|row| row.time(0));
    now.ok_or_else(|| DbError::decode(0, "the time was expected"))?
}

async fn define_in_transaction(
    own: &mut OwnTx,
    new: &Defined,
    schedule: &Schedule,
) -> DbResult<Change> {
    let mut found = own.run(&LOCK, vec![new.name.as_str().into()]).await?.rows;
    let now = now(own).await?;
    let Some(row) = found.first_mut() else {
        insert(own, new, schedule.next_after(now)).await?;
        return Ok(Change::Created);
    };
    let old = read(row)?;
    if old.defined == *new {
        return Ok(Change::None);
    }
    let next_at = if old.changed.schedule.is_some() || old.defined.schedule == new.schedule {
        old.next_at
    } else {
        schedule.next_after(now)
    };
    let mut params = said(new);
    params.extend([next_at.into(), new.name.as_str().into()]);
    own.run(&UPDATE, params).await?;
    Ok(Change::Changed)
}

/// Another program may insert the row at the same time; then the whole is done again.
async fn insert(own: &mut OwnTx, new: &Defined, next_at: Option<Timestamp>) -> DbResult<()> {
    let mut params = vec![new.name.as_str().into()];
    params.extend(said(new));
    params.push(next_at.into());
    match own.run(&INSERT, params).await {
        Err(error) if error.kind == DbErrorKind::Duplicate => {
            Err(DbError::new(DbErrorKind::Transient, error.message))
        }
        result => result.map(|_| ()),
    }
}

/// The columns of a definition behind its name.
fn said(new: &Defined) -> Vec<Value> {
    vec![
        new.task_name.as_str().into(),
        new.payload.as_str().into(),
        new.schedule.as_str().into(),
        new.missed.as_str().into(),
        new.missed_window.into(),
        new.overlap.as_str().into(),
        new.payload_version.into(),
        new.priority.into(),
        new.max_retries.into(),
    ]
}

fn seen(mut columns: Row) -> DbResult<Seen> {
    const BEHIND: usize = COLUMNS;
    let now = columns.time(BEHIND)?;
    // A task that cannot be read will be ended by whoever claims it; it holds nothing up.
    let last_ended = columns.opt_int(BEHIND + 1)?.is_none()
        || facts::read(&columns, BEHIND + 2).map_or(true, |facts| facts.is_ended());
    Ok(Seen {
        row: read(&mut columns)?,
        now,
        last_ended,
    })
}
