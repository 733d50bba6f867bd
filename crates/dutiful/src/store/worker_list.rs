//! Reads the workers' rows.

use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;

const WORKERS: Sql = Sql {
    sqlite: "/* dutiful.worker_list */
        SELECT worker, host, process_id, task_names, started_at, beat_at, dutiful_now(), drain_at
        FROM dutiful_workers ORDER BY beat_at DESC, worker LIMIT ?1",
    mysql: "/* dutiful.worker_list */
        SELECT worker, host, process_id, task_names, started_at, beat_at, UTC_TIMESTAMP(6), drain_at
        FROM dutiful_workers ORDER BY beat_at DESC, worker LIMIT ?",
    postgres: "/* dutiful.worker_list */
        SELECT worker, host, process_id, task_names, started_at, beat_at, statement_timestamp(), drain_at
        FROM dutiful_workers ORDER BY beat_at DESC, worker LIMIT $1::bigint",
};

/// One of them.
const ONE: Sql = Sql {
    sqlite: "/* dutiful.worker_list.one */
        SELECT worker, host, process_id, task_names, started_at, beat_at, dutiful_now(), drain_at
        FROM dutiful_workers WHERE worker = ?1",
    mysql: "/* dutiful.worker_list.one */
        SELECT worker, host, process_id, task_names, started_at, beat_at, UTC_TIMESTAMP(6), drain_at
        FROM dutiful_workers WHERE worker = ?",
    postgres: "/* dutiful.worker_list.one */
        SELECT worker, host, process_id, task_names, started_at, beat_at, statement_timestamp(), drain_at
        FROM dutiful_workers WHERE worker = $1::text",
};

/// One worker as its own row tells.
#[derive(Debug, Clone)]
pub(crate) struct WorkerRow {
    pub(crate) worker: String,
    pub(crate) host: String,
    pub(crate) process_id: i64,
    /// A JSON array.
    pub(crate) task_names: String,
    pub(crate) started_at: Timestamp,
    pub(crate) beat_at: Timestamp,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
    /// Since when it is asked to end.
    pub(crate) drain_at: Option<Timestamp>,
}

/// The workers, those that beat last first, at most 1,000.
pub(crate) async fn workers(db: &Db) -> DbResult<Vec<WorkerRow>> {
    let rows = db.read(&WORKERS, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.into_iter().map(read).collect()
}

/// One of them; `None` when it has no row.
pub(crate) async fn worker(db: &Db, worker: &str) -> DbResult<Option<WorkerRow>> {
    let rows = db.read(&ONE, vec![worker.into()]).await?;
    rows.into_iter().next().map(read).transpose()
}

fn read(mut row: Row) -> DbResult<WorkerRow> {
    Ok(WorkerRow {
        worker: take_text(&mut row, 0)?.unwrap_or_default(),
        host: take_text(&mut row, 1)?.unwrap_or_default(),
        process_id: row.int(2)?,
        task_names: take_text(&mut row, 3)?.unwrap_or_default(),
        started_at: row.time(4)?,
        beat_at: row.time(5)?,
        now: row.time(6)?,
        drain_at: row.opt_time(7)?,
    })
}
