//! Reads whole tasks by their ids.

use super::session::Session;
use super::task_row::{self, TaskRow};
use crate::db::{Db, DbResult, Sql, Value};

/// The rows that are there, newest first.
const GET: Sql = Sql {
    sqlite: "/* dutiful.get */
        SELECT id, task_name, task_payload, payload_version, priority, created_at, last_run_at,
               finished_at, error_message, result_data, progress, progress_note, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1))
        ORDER BY id DESC",
    mysql: "/* dutiful.get */
        SELECT id, task_name, task_payload, payload_version, priority, created_at, last_run_at,
               finished_at, error_message, result_data, progress, progress_note, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (?)
        ORDER BY id DESC",
    postgres: "/* dutiful.get */
        SELECT id, task_name, task_payload, payload_version, priority, created_at, last_run_at,
               finished_at, error_message, result_data, progress, progress_note, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id = ANY($1::bigint[])
        ORDER BY id DESC",
};

/// One task; `None` when there is none of that id.
pub(crate) async fn get(db: &Db, id: i64) -> DbResult<Option<TaskRow>> {
    Ok(get_many(db, vec![id]).await?.pop())
}

/// The tasks among `ids` that are there, newest first. `ids` must not be empty.
pub(crate) async fn get_many(db: &Db, ids: Vec<i64>) -> DbResult<Vec<TaskRow>> {
    let rows = db.read(&GET, vec![Value::Ints(ids)]).await?;
    rows.into_iter().map(task_row::read).collect()
}

/// One task as a transaction sees it.
pub(crate) async fn get_within(session: &mut impl Session, id: i64) -> DbResult<Option<TaskRow>> {
    let rows = session.run(&GET, vec![Value::Ints(vec![id])]).await?.rows;
    rows.into_iter().map(task_row::read).next().transpose()
}
