//! Changes a task that waits.
//!
//! The row is locked together with the task that holds the slot which it would take, if there is one, in the
//! order of ids; what is decided is decided on both as they are then.

mod allowed;
mod statement;

use super::session::{OwnTx, Session};
use super::task_row::TaskRow;
use super::{facts, get, janitor, merge, retry};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Value};
use allowed::{allowed, holds, is_done, still_holds};
use dutiful_core::{DedupKey, Refusal, Timestamp, Transition};
use statement::{APPLY, Columns, HOLDER, LOCK, NAME};
use std::sync::atomic::{AtomicI64, Ordering};

/// What is to be changed; everything in it is checked already. `None` leaves a column as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    /// Canonical JSON.
    pub(crate) payload: Option<String>,
    pub(crate) payload_version: Option<i64>,
    pub(crate) run_at: Option<Timestamp>,
    pub(crate) priority: Option<i64>,
    pub(crate) max_retries: Option<i64>,
    /// Whether a dedup key that the payload did not make stays when the payload changes.
    pub(crate) keep_key: bool,
    /// The version that the task must have.
    pub(crate) if_version: Option<String>,
}

/// What became of an edit.
#[derive(Debug)]
pub(crate) enum Edited {
    /// It was done; the row as it is now.
    Done(Box<TaskRow>),
    /// There is no such task.
    Missing,
    /// The task is not one that can be edited like this; nothing was written.
    Refused(Refusal),
}

/// Applies the change to a task that waits, in one transaction. Safe to repeat.
pub(crate) async fn edit(db: &Db, id: i64, change: &Change) -> DbResult<Edited> {
    let names = db.read(&NAME, vec![id.into()]).await?;
    let Some(name) = names.first() else {
        return Ok(Edited::Missing);
    };
    let name = name.text(0)?;
    // The attempt that was seen when a commit was asked for: if its answer was lost, the next try may find it
    // done.
    let asked_at = AtomicI64::new(NOT_ASKED);
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let edited = in_transaction(&mut own, id, name, change, &asked_at).await;
        match edited.map_err(slot_was_taken)? {
            Edited::Done(row) => {
                own.commit().await?;
                Ok(Edited::Done(row))
            }
            refused => {
                own.rollback().await?;
                Ok(refused)
            }
        }
    })
    .await
}

const NOT_ASKED: i64 = -1;

/// Somebody has taken the slot since it was looked for: the next look finds who.
fn slot_was_taken(error: DbError) -> DbError {
    match error.kind {
        DbErrorKind::Duplicate => DbError {
            kind: DbErrorKind::Transient,
            ..error
        },
        _ => error,
    }
}

async fn in_transaction(
    own: &mut OwnTx,
    id: i64,
    name: &str,
    change: &Change,
    asked_at: &AtomicI64,
) -> DbResult<Edited> {
    let slot = change
        .payload
        .as_ref()
        .map(|payload| DedupKey::for_payload(name, payload));
    let rows = lock(own, id, name, slot).await?;
    let Some(row) = rows.iter().find(|row| row.int(0).is_ok_and(|of| of == id)) else {
        return Ok(Edited::Missing);
    };
    let asked = asked_at.load(Ordering::Relaxed);
    if asked != NOT_ASKED && is_done(row, change, asked)? {
        return done(own, id).await;
    }
    let facts = facts::read(row, Columns::FACTS)?;
    let (transition, moves_to) = match allowed(row, &facts, change, name)? {
        Ok(allowed) => allowed,
        Err(refusal) => return Ok(Edited::Refused(refusal)),
    };
    if let Some(key) = moves_to
        && let Some(holder) = rows.iter().find(|row| holds(row, id, &key))
    {
        if let Some(holder) = still_holds(holder)? {
            return Ok(Edited::Refused(Refusal::SlotTaken(holder)));
        }
        let free = vec![
            holder.int(0)?.into(),
            key.as_bytes().to_vec().into(),
            holder.int(Columns::FACTS + 3)?.into(),
        ];
        own.run(&merge::FREE, free).await?;
    }
    apply(own, row, change, &transition, moves_to).await?;
    asked_at.store(facts.attempt, Ordering::Relaxed);
    done(own, id).await
}

/// The row, and the one that has the key which the new payload makes.
async fn lock(own: &mut OwnTx, id: i64, name: &str, slot: Option<DedupKey>) -> DbResult<Vec<Row>> {
    let mut ids = vec![id];
    if let Some(key) = slot {
        let params = vec![name.into(), key.as_bytes().to_vec().into()];
        let holder = own.run(&HOLDER, params).await?;
        if let Some(holder) = holder.rows.first() {
            ids.push(holder.int(0)?);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(own.run(&LOCK, vec![Value::Ints(ids)]).await?.rows)
}

async fn apply(
    own: &mut OwnTx,
    row: &Row,
    change: &Change,
    transition: &Transition,
    moves_to: Option<DedupKey>,
) -> DbResult<()> {
    let (id, attempt) = (row.int(0)?, row.int(Columns::FACTS + 3)?);
    let is_other = |payload: &String| row.text(Columns::PAYLOAD).is_ok_and(|old| old != payload);
    let params = vec![
        change.payload.clone().into(),
        change.payload_version.into(),
        change.run_at.into(),
        change.priority.into(),
        transition.max_retries.into(),
        moves_to.map(|key| key.as_bytes().to_vec()).into(),
        id.into(),
        attempt.into(),
    ];
    if own.run(&APPLY, params).await?.affected != 1 {
        let text = format!("task {id} changed while it was locked; try again");
        return Err(DbError::new(DbErrorKind::Transient, text));
    }
    if change.payload.as_ref().is_some_and(is_other) {
        // What steps came to with the old payload says nothing about the new one.
        own.run(&janitor::STEPS, vec![Value::Ints(vec![id])])
            .await?;
    }
    Ok(())
}

/// Gives another priority to a row that is locked and was read by a statement that begins like `LOCK`.
pub(super) async fn set_priority(
    own: &mut OwnTx,
    row: &Row,
    transition: &Transition,
    priority: i64,
) -> DbResult<()> {
    let change = Change {
        priority: Some(priority),
        ..Change::default()
    };
    apply(own, row, &change, transition, None).await
}

async fn done(own: &mut OwnTx, id: i64) -> DbResult<Edited> {
    Ok(match get::get_within(own, id).await? {
        Some(task) => Edited::Done(Box::new(task)),
        None => Edited::Missing,
    })
}
