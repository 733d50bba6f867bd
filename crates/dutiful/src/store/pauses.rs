//! Task names that are paused: no worker claims their tasks until they are resumed. Claimers read them with their looks
//! (`poll`).

use super::retry;
use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;

/// Who was first stays.
const PAUSE: Sql = Sql {
    sqlite: "/* dutiful.pauses.pause */
        INSERT INTO dutiful_pauses (task_name, paused_at, paused_by) VALUES (?1, dutiful_now(), ?2)
        ON CONFLICT (task_name) DO NOTHING",
    mysql: "/* dutiful.pauses.pause */
        INSERT INTO dutiful_pauses (task_name, paused_at, paused_by) VALUES (?, UTC_TIMESTAMP(6), ?)
        ON DUPLICATE KEY UPDATE task_name = task_name",
    postgres: "/* dutiful.pauses.pause */
        INSERT INTO dutiful_pauses (task_name, paused_at, paused_by)
        VALUES ($1::text, statement_timestamp(), $2::text)
        ON CONFLICT (task_name) DO NOTHING",
};

const RESUME: Sql = Sql {
    sqlite: "/* dutiful.pauses.resume */ DELETE FROM dutiful_pauses WHERE task_name = ?1",
    mysql: "/* dutiful.pauses.resume */ DELETE FROM dutiful_pauses WHERE task_name = ?",
    postgres: "/* dutiful.pauses.resume */ DELETE FROM dutiful_pauses WHERE task_name = $1::text",
};

const LIST: Sql = Sql {
    sqlite: "/* dutiful.pauses.list */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses ORDER BY task_name LIMIT ?1",
    mysql: "/* dutiful.pauses.list */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses ORDER BY task_name LIMIT ?",
    postgres: "/* dutiful.pauses.list */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses ORDER BY task_name LIMIT $1::bigint",
};

const ONE: Sql = Sql {
    sqlite: "/* dutiful.pauses.one */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses WHERE task_name = ?1",
    mysql: "/* dutiful.pauses.one */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses WHERE task_name = ?",
    postgres: "/* dutiful.pauses.one */
        SELECT task_name, paused_at, paused_by FROM dutiful_pauses WHERE task_name = $1::text",
};

/// A task name that is paused.
#[derive(Debug, Clone)]
pub(crate) struct PauseRow {
    pub(crate) task_name: String,
    pub(crate) paused_at: Timestamp,
    pub(crate) paused_by: String,
}

/// Pauses a task name. Safe to repeat.
pub(crate) async fn pause(db: &Db, task_name: &str, by: &str) -> DbResult<()> {
    retry::repeat(|| db.write(&PAUSE, vec![task_name.into(), by.into()])).await?;
    Ok(())
}

/// Resumes it. Safe to repeat.
pub(crate) async fn resume(db: &Db, task_name: &str) -> DbResult<()> {
    retry::repeat(|| db.write(&RESUME, vec![task_name.into()])).await?;
    Ok(())
}

/// The names that are paused, at most 1,000.
pub(crate) async fn list(db: &Db) -> DbResult<Vec<PauseRow>> {
    let rows = db.read(&LIST, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.into_iter().map(read).collect()
}

/// Whether a name is paused.
pub(crate) async fn one(db: &Db, task_name: &str) -> DbResult<Option<PauseRow>> {
    let rows = db.read(&ONE, vec![task_name.into()]).await?;
    rows.into_iter().next().map(read).transpose()
}

fn read(mut row: Row) -> DbResult<PauseRow> {
    Ok(PauseRow {
        task_name: take_text(&mut row, 0)?.unwrap_or_default(),
        paused_at: row.time(1)?,
        paused_by: take_text(&mut row, 2)?.unwrap_or_default(),
    })
}
