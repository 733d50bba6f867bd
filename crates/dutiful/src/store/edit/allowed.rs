//! What an edit may do to a row: the facts are read here, and the core decides.

use super::Change;
use super::statement::Columns;
use crate::db::{DbResult, Row};
use crate::store::{facts, task_row};
use dutiful_core::{
    DedupKey, Event, Refusal, SlotAfterEdit, TaskFacts, TaskId, Timestamp, Transition, Versioned,
    decide, holds_slot, slot_after_edit,
};

type Allowed = (Transition, Option<DedupKey>);

/// What the change does to the row, and which slot it takes; or why it may not be done.
pub(super) fn allowed(
    row: &Row,
    facts: &TaskFacts,
    change: &Change,
    name: &str,
) -> DbResult<Result<Allowed, Refusal>> {
    if let Some(expected) = &change.if_version
        && version(row, facts)? != *expected
    {
        return Ok(Err(Refusal::Changed));
    }
    let (now, event) = (
        row.time(Columns::NOW)?,
        Event::Edited {
            run_at: change.run_at,
            max_retries: change.max_retries,
        },
    );
    let transition = match decide(facts, &event, now) {
        Ok(transition) => transition,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(payload) = &change.payload else {
        return Ok(Ok((transition, None)));
    };
    let passed = has_passed(row, now)?;
    let stored = row.opt_bytes(Columns::KEY)?.filter(|_| !passed);
    let old = DedupKey::for_payload(name, row.text(Columns::PAYLOAD)?);
    let new = DedupKey::for_payload(name, payload);
    let slot = slot_after_edit(facts, stored, old, new, change.keep_key);
    Ok(slot.map(|slot| match slot {
        SlotAfterEdit::Stays => (transition, None),
        SlotAfterEdit::Moves(key) => (transition, Some(key)),
    }))
}

/// Whether the window of the row's slot is over.
fn has_passed(row: &Row, now: Timestamp) -> DbResult<bool> {
    Ok(row
        .opt_time(Columns::UNTIL)?
        .is_some_and(|until| until <= now))
}

/// Whether another row has this key.
pub(super) fn holds(row: &Row, id: i64, key: &DedupKey) -> bool {
    let has_key = |row: &Row| Some(row.opt_bytes(Columns::KEY).ok()?? == key.as_bytes());
    row.int(0).is_ok_and(|other| other != id) && has_key(row) == Some(true)
}

/// The id of a row that has the key by right. One that cannot be read is left alone.
pub(super) fn still_holds(row: &Row) -> DbResult<Option<TaskId>> {
    let passed = has_passed(row, row.time(Columns::NOW)?)?;
    let holds =
        !passed && facts::read(row, Columns::FACTS).map_or(true, |facts| holds_slot(&facts));
    Ok(holds.then_some(TaskId(row.int(0)?)))
}

/// The row's version, as whoever looks at the task is told it.
fn version(row: &Row, facts: &TaskFacts) -> DbResult<String> {
    let task = Versioned {
        status: facts.status,
        due_at: facts.due_at,
        attempt: facts.attempt,
        retries: facts.retries,
        max_retries: facts.max_retries,
        priority: row.int(Columns::PRIORITY)?,
        crashes: facts.crashes,
        payload_version: row.int(Columns::VERSION)?,
        payload: &task_row::json(row.text(Columns::PAYLOAD)?),
    };
    Ok(task.text())
}

/// Whether the row shows what was asked for before, when attempt `asked` was the last one. A worker may have
/// taken it since, if it was to run by now.
pub(super) fn is_done(row: &Row, change: &Change, asked: i64) -> DbResult<bool> {
    let stands = |wanted: Option<i64>, column| match wanted {
        None => Ok(true),
        Some(wanted) => row.int(column).map(|is| is == wanted),
    };
    let payload = match &change.payload {
        None => true,
        Some(payload) => row.text(Columns::PAYLOAD)? == payload,
    };
    let due_at = match change.run_at {
        None => true,
        Some(run_at) => {
            let taken = row.int(Columns::FACTS + 3)? > asked && run_at <= row.time(Columns::NOW)?;
            taken || row.opt_time(Columns::FACTS + 1)? == Some(run_at)
        }
    };
    Ok(payload
        && due_at
        && stands(change.payload_version, Columns::VERSION)?
        && stands(change.priority, Columns::PRIORITY)?
        && stands(change.max_retries, Columns::FACTS + 5)?)
}
