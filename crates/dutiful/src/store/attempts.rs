//! Reads the history of a task's attempts.

use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::ATTEMPTS_KEPT_MAX;

/// The newest ones first, so that the bound cuts the oldest.
const ATTEMPTS: Sql = Sql {
    sqlite: "/* dutiful.attempts */
        SELECT attempt, worker, started_at, ended_at, outcome, error_message
        FROM dutiful_attempts WHERE task_id = ?1 ORDER BY attempt DESC LIMIT ?2",
    mysql: "/* dutiful.attempts */
        SELECT attempt, worker, started_at, ended_at, outcome, error_message
        FROM dutiful_attempts WHERE task_id = ? ORDER BY attempt DESC LIMIT ?",
    postgres: "/* dutiful.attempts */
        SELECT attempt, worker, started_at, ended_at, outcome, error_message
        FROM dutiful_attempts WHERE task_id = $1::bigint ORDER BY attempt DESC LIMIT $2::bigint",
};

/// One attempt that did not end in success.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    pub(crate) attempt: i64,
    pub(crate) worker: String,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) outcome: String,
    pub(crate) error_message: Option<String>,
}

/// The last 1,000 attempts of a task that did not end in success, oldest first.
pub(crate) async fn attempts(db: &Db, task: i64) -> DbResult<Vec<AttemptRow>> {
    let rows = db
        .read(&ATTEMPTS, vec![task.into(), ATTEMPTS_KEPT_MAX.into()])
        .await?;
    rows.into_iter().rev().map(read).collect()
}

fn read(mut row: Row) -> DbResult<AttemptRow> {
    Ok(AttemptRow {
        attempt: row.int(0)?,
        worker: take_text(&mut row, 1)?.unwrap_or_default(),
        started_at: row.time(2)?,
        ended_at: row.time(3)?,
        outcome: take_text(&mut row, 4)?.unwrap_or_default(),
        error_message: take_text(&mut row, 5)?,
    })
}
