//! Finds submissions whose answer was lost.

use super::submit::{NewTask, Submission};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Sql, Value};
use std::collections::HashMap;

/// How many of the newest rows are looked at, besides as many as were submitted: what others have
/// submitted since then lies among them.
const NEWEST: i64 = 20_000;

/// The newest rows by primary key. A submission key stays in its row whatever becomes of the task, so no
/// index is kept for this rare look.
const KEYS: Sql = Sql {
    sqlite: "/* dutiful.find_again.keys */
        SELECT id, submission_key FROM dutiful_tasks ORDER BY id DESC LIMIT ?1",
    mysql: "/* dutiful.find_again.keys */
        SELECT id, submission_key FROM dutiful_tasks ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.find_again.keys */
        SELECT id, submission_key FROM dutiful_tasks ORDER BY id DESC LIMIT $1::bigint",
};

const HOLDER: Sql = Sql {
    sqlite: "/* dutiful.find_again.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = ?1 AND dedup_key = ?2",
    mysql: "/* dutiful.find_again.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = ? AND dedup_key = ?",
    postgres: "/* dutiful.find_again.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = $1::text AND dedup_key = $2::bytea",
};

/// What became of tasks that were submitted together. `None`: they were not written, so that they can be
/// submitted again. A submission that only merged leaves no key of its own: when all of them did, they
/// are submitted again, which raises `max_retries` once more and does no other harm.
pub(crate) async fn find_again(db: &Db, tasks: &[NewTask]) -> DbResult<Option<Vec<Submission>>> {
    let newest = NEWEST + i64::try_from(tasks.len()).unwrap_or(i64::MAX / 2);
    let rows = db.read(&KEYS, vec![newest.into()]).await?;
    let by_key: HashMap<&[u8], i64> = rows.iter().filter_map(key_and_id).collect();
    if !tasks
        .iter()
        .any(|task| by_key.contains_key(&task.submission_key[..]))
    {
        return Ok(None);
    }
    let mut done = Vec::with_capacity(tasks.len());
    for task in tasks {
        match by_key.get(&task.submission_key[..]) {
            Some(id) => done.push(Submission {
                id: *id,
                merged: false,
            }),
            None => done.push(merged_into(db, task).await?),
        }
    }
    Ok(Some(done))
}

fn key_and_id(row: &Row) -> Option<(&[u8], i64)> {
    Some((row.opt_bytes(1).ok()??, row.int(0).ok()?))
}

async fn merged_into(db: &Db, task: &NewTask) -> DbResult<Submission> {
    let params: Vec<Value> = vec![task.task_name.as_str().into(), task.slot.key.clone().into()];
    match db.read(&HOLDER, params).await?.first() {
        Some(row) => Ok(Submission {
            id: row.int(0)?,
            merged: true,
        }),
        None => Err(DbError::new(
            DbErrorKind::Other,
            "the submission was written, but one of its tasks has merged into a task that has ended since",
        )),
    }
}
