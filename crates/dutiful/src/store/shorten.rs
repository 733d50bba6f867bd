//! Keeps the history of a task from growing without end: a handler may snooze for years.

use super::session::Session;
use super::settle::History;
use crate::db::{DbResult, Rows, Sql, Value};
use dutiful_core::limits::{ATTEMPTS_KEPT_MAX, LOG_LINES_PER_TASK_MAX};

/// At every so many attempts the oldest rows go, so that most attempts, and tasks with few, pay nothing.
const EVERY: i64 = 10;

const ATTEMPTS: Sql = Sql {
    sqlite: "/* dutiful.shorten.attempts */
        DELETE FROM dutiful_attempts WHERE task_id = ?1 AND attempt <= ?2",
    mysql: "/* dutiful.shorten.attempts */
        DELETE old
        FROM JSON_TABLE(?, '$[*]' COLUMNS (
               id BIGINT PATH '$[0]', last_attempt INT PATH '$[1]')) AS new
        STRAIGHT_JOIN dutiful_attempts AS old
          ON old.task_id = new.id AND old.attempt <= new.last_attempt",
    postgres: "/* dutiful.shorten.attempts */
        DELETE FROM dutiful_attempts AS old
        USING unnest($1::bigint[], $2::bigint[]) AS new (id, last_attempt)
        WHERE old.task_id = new.id AND old.attempt <= new.last_attempt",
};

/// The tasks that have more lines than are kept.
const LONG: Sql = Sql {
    sqlite: "/* dutiful.shorten.long */
        SELECT task_id FROM dutiful_logs WHERE task_id IN (SELECT value FROM json_each(?1))
        GROUP BY task_id HAVING COUNT(*) > ?2",
    mysql: "/* dutiful.shorten.long */
        SELECT task_id FROM dutiful_logs WHERE task_id IN (?) GROUP BY task_id HAVING COUNT(*) > ?",
    postgres: "/* dutiful.shorten.long */
        SELECT task_id FROM dutiful_logs WHERE task_id = ANY($1::bigint[])
        GROUP BY task_id HAVING COUNT(*) > $2::bigint",
};

/// The newest line that is one too many.
const NEWEST: Sql = Sql {
    sqlite: "/* dutiful.shorten.newest */
        SELECT id FROM dutiful_logs WHERE task_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2",
    mysql: "/* dutiful.shorten.newest */
        SELECT id FROM dutiful_logs WHERE task_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
    postgres: "/* dutiful.shorten.newest */
        SELECT id FROM dutiful_logs WHERE task_id = $1::bigint
        ORDER BY id DESC LIMIT 1 OFFSET $2::bigint",
};

const LINES: Sql = Sql {
    sqlite: "/* dutiful.shorten.lines */
        DELETE FROM dutiful_logs WHERE task_id = ?1 AND id <= ?2",
    mysql: "/* dutiful.shorten.lines */
        DELETE FROM dutiful_logs WHERE task_id = ? AND id <= ?",
    postgres: "/* dutiful.shorten.lines */
        DELETE FROM dutiful_logs WHERE task_id = $1::bigint AND id <= $2::bigint",
};

/// Which of these attempts are followed by a look at what is too old.
pub(crate) fn turns(history: &[History]) -> Vec<(i64, i64)> {
    let turn = history.iter().filter(|row| row.attempt % EVERY == 0);
    turn.map(|row| (row.task, row.attempt)).collect()
}

/// Removes the oldest attempts and lines of these tasks, as they stand after these attempts. Safe to
/// repeat. Their rows are locked by the transaction that this runs in.
pub(crate) async fn shorten(session: &mut impl Session, turns: &[(i64, i64)]) -> DbResult<()> {
    if turns.is_empty() {
        return Ok(());
    }
    let old = turns
        .iter()
        .filter(|(_, attempt)| *attempt > ATTEMPTS_KEPT_MAX)
        .map(|(task, attempt)| vec![(*task).into(), (attempt - ATTEMPTS_KEPT_MAX).into()]);
    let rows = Rows {
        fixed: Vec::new(),
        rows: old.collect(),
    };
    session.run_rows(&ATTEMPTS, rows).await?;
    let tasks = turns.iter().map(|(task, _)| *task).collect();
    let most = || Value::from(LOG_LINES_PER_TASK_MAX);
    for long in session
        .run(&LONG, vec![Value::Ints(tasks), most()])
        .await?
        .rows
    {
        let task = long.int(0)?;
        let newest = session.run(&NEWEST, vec![task.into(), most()]).await?.rows;
        if let Some(line) = newest.first() {
            let line = line.int(0)?;
            session.run(&LINES, vec![task.into(), line.into()]).await?;
        }
    }
    Ok(())
}
