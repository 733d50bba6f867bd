//! Results of durable steps.

use super::retry;
use crate::db::{Db, DbResult, Sql};

const GET: Sql = Sql {
    sqlite: "/* dutiful.steps.get */
        SELECT result_data FROM dutiful_steps WHERE task_id = ?1 AND step_name = ?2",
    mysql: "/* dutiful.steps.get */
        SELECT result_data FROM dutiful_steps WHERE task_id = ? AND step_name = ?",
    postgres: "/* dutiful.steps.get */
        SELECT result_data FROM dutiful_steps WHERE task_id = $1::bigint AND step_name = $2::text",
};

/// Fenced by the lease: an attempt that lost it stores nothing. Written twice, the first one stays.
const PUT: Sql = Sql {
    sqlite: "/* dutiful.steps.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        SELECT id, ?1, attempt, ?2, dutiful_now() FROM dutiful_tasks
        WHERE id = ?3 AND attempt = ?4 AND worker = ?5
        ON CONFLICT (task_id, step_name) DO UPDATE SET attempt = excluded.attempt",
    mysql: "/* dutiful.steps.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        SELECT id, ?, attempt, ?, UTC_TIMESTAMP(6) FROM dutiful_tasks
        WHERE id = ? AND attempt = ? AND worker = ?
        ON DUPLICATE KEY UPDATE dutiful_steps.attempt = VALUES(attempt)",
    postgres: "/* dutiful.steps.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        SELECT id, $1::text, attempt, $2::text, statement_timestamp() FROM dutiful_tasks
        WHERE id = $3::bigint AND attempt = $4::bigint AND worker = $5::text
        ON CONFLICT (task_id, step_name) DO UPDATE SET attempt = excluded.attempt",
};

/// The result of a step that is to be stored.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) task: i64,
    pub(crate) attempt: i64,
    pub(crate) worker: &'a str,
    pub(crate) name: &'a str,
    pub(crate) result: &'a str,
}

/// The stored result, if the step has been done.
pub(crate) async fn get(db: &Db, task: i64, name: &str) -> DbResult<Option<String>> {
    let mut rows = db.read(&GET, vec![task.into(), name.into()]).await?;
    rows.first_mut().map_or(Ok(None), |row| row.take_text(0))
}

/// Stores a result. `false`: the lease was lost and nothing was written.
pub(crate) async fn put(db: &Db, step: &Step<'_>) -> DbResult<bool> {
    let params = || {
        vec![
            step.name.into(),
            step.result.into(),
            step.task.into(),
            step.attempt.into(),
            step.worker.into(),
        ]
    };
    Ok(retry::repeat(|| db.write(&PUT, params())).await?.affected > 0)
}
