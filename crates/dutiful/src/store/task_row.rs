//! A whole task row as people look at it: what means nothing to this program is shown, not refused.

use super::facts;
use crate::db::{DbResult, Row};
use dutiful_core::{State, Status, TaskFacts, Timestamp};

/// Every column that is shown, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct TaskRow {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) payload: String,
    pub(crate) payload_version: i64,
    pub(crate) priority: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) last_run_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) error_message: Option<String>,
    pub(crate) result: Option<String>,
    pub(crate) progress: Option<i64>,
    pub(crate) progress_note: Option<String>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) worker: Option<String>,
    pub(crate) attempt: i64,
    pub(crate) retries: i64,
    pub(crate) max_retries: i64,
    pub(crate) crashes: i64,
    pub(crate) error_kind: Option<String>,
    pub(crate) dedup_scope: String,
    /// `error` when the stored word means nothing to this program.
    pub(crate) status: Status,
    /// Derived with the database's time.
    pub(crate) state: State,
    /// What in the row means nothing to this program.
    pub(crate) unreadable: Option<String>,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
}

/// Where the facts begin in the statements that [`read`] reads.
const FACTS: usize = 13;

/// Reads a row of `id, task_name, task_payload, payload_version, priority, created_at, last_run_at,
/// finished_at, error_message, result_data, progress, progress_note, now` and then the columns of
/// [`facts::read`].
pub(crate) fn read(mut row: Row) -> DbResult<TaskRow> {
    let (facts, unreadable) = match facts::read(&row, FACTS) {
        Ok(facts) => (Some(facts), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let now = row.time(12)?;
    Ok(TaskRow {
        id: row.int(0)?,
        task_name: take_text(&mut row, 1)?.unwrap_or_default(),
        payload: take_text(&mut row, 2)?.unwrap_or_default(),
        payload_version: row.int(3)?,
        priority: row.int(4)?,
        created_at: row.time(5)?,
        last_run_at: row.opt_time(6)?,
        finished_at: row.opt_time(7)?,
        error_message: take_text(&mut row, 8)?,
        result: take_text(&mut row, 9)?,
        progress: row.opt_int(10)?,
        progress_note: take_text(&mut row, 11)?,
        due_at: row.opt_time(FACTS + 1)?,
        worker: take_text(&mut row, FACTS + 2)?,
        attempt: row.int(FACTS + 3)?,
        retries: row.int(FACTS + 4)?,
        max_retries: row.int(FACTS + 5)?,
        crashes: row.int(FACTS + 6)?,
        error_kind: take_text(&mut row, FACTS + 7)?,
        dedup_scope: take_text(&mut row, FACTS + 8)?.unwrap_or_default(),
        status: row
            .text(FACTS)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(Status::Error),
        state: state(facts.as_ref(), now),
        unreadable,
        now,
    })
}

/// The state to show. What a worker would end as undecodable is shown as quarantined.
pub(crate) fn state(facts: Option<&TaskFacts>, now: Timestamp) -> State {
    facts.map_or(State::Quarantined, |facts| facts.state(now))
}

/// Text that is not UTF-8, which SQLite alone can hold, is shown with replacement characters.
pub(crate) fn take_text(row: &mut Row, index: usize) -> DbResult<Option<String>> {
    row.take_text(index)
        .or_else(|error| match row.opt_bytes(index) {
            Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())),
            Err(_) => Err(error),
        })
}

/// A payload or a result. Text that is no JSON is shown as a string.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}

impl TaskRow {
    /// About how much memory its texts take.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len() + self.result.as_ref().map_or(0, String::len)
    }
}
