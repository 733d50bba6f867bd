//! Reads the rows of periodic tasks.

use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;

const PERIODIC: Sql = Sql {
    sqlite: "/* dutiful.periodic_list */
        SELECT name, task_name, schedule, next_at, last_at, last_task_id, paused, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT ?1",
    mysql: "/* dutiful.periodic_list */
        SELECT name, task_name, schedule, next_at, last_at, last_task_id, paused, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT ?",
    postgres: "/* dutiful.periodic_list */
        SELECT name, task_name, schedule, next_at, last_at, last_task_id, paused, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT $1::bigint",
};

/// One periodic task.
#[derive(Debug, Clone)]
pub(crate) struct PeriodicRow {
    pub(crate) name: String,
    pub(crate) task_name: String,
    pub(crate) schedule: String,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) last_task_id: Option<i64>,
    pub(crate) paused: bool,
    pub(crate) fired: i64,
    pub(crate) skipped: i64,
}

/// The periodic tasks by name, at most 1,000.
pub(crate) async fn periodic(db: &Db) -> DbResult<Vec<PeriodicRow>> {
    let rows = db.read(&PERIODIC, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> DbResult<PeriodicRow> {
    Ok(PeriodicRow {
        name: take_text(&mut row, 0)?.unwrap_or_default(),
        task_name: take_text(&mut row, 1)?.unwrap_or_default(),
        schedule: take_text(&mut row, 2)?.unwrap_or_default(),
        next_at: row.opt_time(3)?,
        last_at: row.opt_time(4)?,
        last_task_id: row.opt_int(5)?,
        paused: row.int(6)? != 0,
        fired: row.int(7)?,
        skipped: row.int(8)?,
    })
}
