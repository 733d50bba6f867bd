//! Reads the rows of periodic tasks.

use super::periodic::{COLUMNS, PeriodicRow, read};
use crate::db::{Db, DbResult, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;

const PERIODIC: Sql = Sql {
    sqlite: "/* dutiful.periodic_list */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT ?1",
    mysql: "/* dutiful.periodic_list */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT ?",
    postgres: "/* dutiful.periodic_list */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped
        FROM dutiful_periodic ORDER BY name LIMIT $1::bigint",
};

/// One of them, and the time.
const ONE: Sql = Sql {
    sqlite: "/* dutiful.periodic_list.one */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped,
               dutiful_now()
        FROM dutiful_periodic WHERE name = ?1",
    mysql: "/* dutiful.periodic_list.one */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped,
               UTC_TIMESTAMP(6)
        FROM dutiful_periodic WHERE name = ?",
    postgres: "/* dutiful.periodic_list.one */
        SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap,
               payload_version, priority, max_retries, changed_schedule, changed_payload,
               changed_payload_version, changed_at, changed_by, paused, next_at, last_at,
               last_task_id, fired, skipped,
               statement_timestamp()
        FROM dutiful_periodic WHERE name = $1::text",
};

/// The periodic tasks by name, at most 1,000.
pub(crate) async fn periodic(db: &Db) -> DbResult<Vec<PeriodicRow>> {
    let mut rows = db.read(&PERIODIC, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.iter_mut().map(read).collect()
}

/// One of them, with the database's time.
pub(crate) async fn one(db: &Db, name: &str) -> DbResult<Option<(PeriodicRow, Timestamp)>> {
    let mut rows = db.read(&ONE, vec![name.into()]).await?;
    let row = rows.first_mut();
    row.map(|row| Ok((read(row)?, row.time(COLUMNS)?)))
        .transpose()
}
