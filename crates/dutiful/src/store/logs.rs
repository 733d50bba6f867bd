//! Reads what handlers have logged for a task.

use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::{Timestamp, limits};

/// The newest ones first, so that the bound cuts the oldest.
const LOGS: Sql = Sql {
    sqlite: "/* dutiful.logs */
        SELECT attempt, logged_at, message
        FROM dutiful_logs WHERE task_id = ?1 ORDER BY id DESC LIMIT ?2",
    mysql: "/* dutiful.logs */
        SELECT attempt, logged_at, message
        FROM dutiful_logs WHERE task_id = ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.logs */
        SELECT attempt, logged_at, message
        FROM dutiful_logs WHERE task_id = $1::bigint ORDER BY id DESC LIMIT $2::bigint",
};

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct LogRow {
    pub(crate) attempt: i64,
    pub(crate) logged_at: Timestamp,
    pub(crate) message: String,
}

/// The last 1,000 lines of a task, oldest first.
pub(crate) async fn logs(db: &Db, task: i64) -> DbResult<Vec<LogRow>> {
    let most = i64::try_from(limits::LOG_LINES_PER_ATTEMPT_MAX).unwrap_or(i64::MAX);
    let rows = db.read(&LOGS, vec![task.into(), most.into()]).await?;
    rows.into_iter().rev().map(read).collect()
}

fn read(mut row: Row) -> DbResult<LogRow> {
    Ok(LogRow {
        attempt: row.int(0)?,
        logged_at: row.time(1)?,
        message: take_text(&mut row, 2)?.unwrap_or_default(),
    })
}
