//! Whether a worker has anything to do: what is due of names that are paused is nothing, and a join whose items
//! have all ended is something.

use crate::db::{Db, DbResult, Sql, Value};

/// One statement, so that it sees one moment: a task that is due before it is held, and a follow-up that
/// is due before its parent has ended, would be missed between two.
const UNFINISHED: Sql = Sql {
    sqlite: "/* dutiful.unfinished */
        SELECT COUNT(*) FROM dutiful_tasks
        WHERE task_name IN (SELECT value FROM json_each(?1))
          AND ((due_at <= dutiful_now() AND task_name NOT IN (SELECT task_name FROM dutiful_pauses))
               OR (due_at IS NOT NULL AND worker = ?2)
               OR id IN (SELECT j.task_id FROM dutiful_joins AS j
                         WHERE NOT EXISTS (SELECT 1 FROM dutiful_items AS i
                                           JOIN dutiful_tasks AS t ON t.id = i.task_id
                                           WHERE i.join_id = j.task_id
                                             AND (t.due_at IS NOT NULL OR t.status = 'not_started'))))",
    mysql: "/* dutiful.unfinished */
        SELECT COUNT(*) FROM dutiful_tasks
        WHERE task_name IN (?)
          AND ((due_at <= UTC_TIMESTAMP(6) AND task_name NOT IN (SELECT task_name FROM dutiful_pauses))
               OR (due_at IS NOT NULL AND worker = ?)
               OR id IN (SELECT j.task_id FROM dutiful_joins AS j
                         WHERE NOT EXISTS (SELECT 1 FROM dutiful_items AS i
                                           JOIN dutiful_tasks AS t ON t.id = i.task_id
                                           WHERE i.join_id = j.task_id
                                             AND (t.due_at IS NOT NULL OR t.status = 'not_started'))))",
    postgres: "/* dutiful.unfinished */
        SELECT COUNT(*) FROM dutiful_tasks
        WHERE task_name = ANY($1::text[])
          AND ((due_at <= statement_timestamp() AND task_name NOT IN (SELECT task_name FROM dutiful_pauses))
               OR (due_at IS NOT NULL AND worker = $2::text)
               OR id IN (SELECT j.task_id FROM dutiful_joins AS j
                         WHERE NOT EXISTS (SELECT 1 FROM dutiful_items AS i
                                           JOIN dutiful_tasks AS t ON t.id = i.task_id
                                           WHERE i.join_id = j.task_id
                                             AND (t.due_at IS NOT NULL OR t.status = 'not_started'))))",
};

/// How many tasks of these names are due, or held by the worker. It reads all rows of the names.
pub(crate) async fn count(db: &Db, worker: &str, task_names: &[String]) -> DbResult<i64> {
    if task_names.is_empty() {
        return Ok(0);
    }
    let params = vec![Value::Texts(task_names.to_vec()), worker.into()];
    let rows = db.read(&UNFINISHED, params).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
