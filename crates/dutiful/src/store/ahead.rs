//! How many due tasks are claimed before one that is due too.

use super::poll;
use crate::db::{Db, DbResult, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::AHEAD_COUNTED_MAX;

/// Of the first rows of a level, those before a place in it. The inner part reads no more of the index than
/// it may count, however long the level is.
const AHEAD: Sql = Sql {
    sqlite: "/* dutiful.ahead */
        SELECT COUNT(*) FROM (
          SELECT id, due_at FROM dutiful_tasks
          WHERE task_name = ?1 AND priority = ?2 AND due_at <= ?3
          ORDER BY due_at, id LIMIT ?6) AS piece
        WHERE due_at < ?4 OR id < ?5",
    mysql: "/* dutiful.ahead */
        SELECT COUNT(*) FROM (
          SELECT id, due_at FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
          WHERE task_name = ? AND priority = ? AND due_at <= ?
          ORDER BY due_at, id LIMIT ?) AS piece
        WHERE due_at < ? OR id < ?",
    postgres: "/* dutiful.ahead */
        SELECT COUNT(*) FROM (
          SELECT id, due_at FROM dutiful_tasks
          WHERE task_name = $1::text AND priority = $2::bigint AND due_at <= $3::timestamptz
          ORDER BY due_at, id LIMIT $6::bigint) AS piece
        WHERE due_at < $4::timestamptz OR id < $5::bigint",
};

/// The place of a due task among the others of its name.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) priority: i64,
    pub(crate) due_at: Timestamp,
    /// The database's time at which it was due.
    pub(crate) now: Timestamp,
}

/// How many due tasks of its name come before this one: those of higher priority, and those of its own that
/// were due earlier. Counted up to one more than 1,000.
pub(crate) async fn ahead(db: &Db, place: &Place) -> DbResult<i64> {
    let mut ahead = count(db, place, place.priority, place.due_at, place.id).await?;
    let looked = poll::poll(db, std::slice::from_ref(&place.task_name)).await?;
    for level in looked.levels {
        if level.priority > place.priority && level.due_at <= place.now {
            if ahead > AHEAD_COUNTED_MAX {
                break;
            }
            ahead += count(db, place, level.priority, place.now, i64::MAX).await?;
        }
    }
    Ok(ahead.min(AHEAD_COUNTED_MAX + 1))
}

/// How many tasks of a level stand before this due time and id, up to one more than is told.
async fn count(db: &Db, place: &Place, priority: i64, due_at: Timestamp, id: i64) -> DbResult<i64> {
    let most = AHEAD_COUNTED_MAX + 1;
    let (name, due_at) = (place.task_name.as_str(), crate::db::Value::from(due_at));
    let (level, due) = (
        [name.into(), priority.into(), due_at.clone()],
        [due_at, id.into()],
    );
    let params = match db.dialect() {
        crate::db::Dialect::Mysql => level.into_iter().chain([most.into()]).chain(due).collect(),
        _ => level.into_iter().chain(due).chain([most.into()]).collect(),
    };
    match db.read(&AHEAD, params).await?.first() {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}
