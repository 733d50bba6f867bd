//! How far the figures have come: one row, whose lock makes one of all workers add up at a time.

use crate::db::{Db, DbResult, Row, Sql};
use crate::store::session::Session;
use crate::store::{retry, submit};
use dutiful_core::Timestamp;
use std::time::Duration;

const LOCK: Sql = Sql {
    sqlite: "/* dutiful.figures.lock */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until, dutiful_now()
        FROM dutiful_figures_until WHERE id = 1",
    mysql: "/* dutiful.figures.lock */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until,
               UTC_TIMESTAMP(6)
        FROM dutiful_figures_until WHERE id = 1 FOR UPDATE SKIP LOCKED",
    postgres: "/* dutiful.figures.lock */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until,
               statement_timestamp()
        FROM dutiful_figures_until WHERE id = 1 FOR UPDATE SKIP LOCKED",
};

const READ: Sql = Sql {
    sqlite: "/* dutiful.figures.until */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until, dutiful_now()
        FROM dutiful_figures_until WHERE id = 1",
    mysql: "/* dutiful.figures.until */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until,
               UTC_TIMESTAMP(6)
        FROM dutiful_figures_until WHERE id = 1",
    postgres: "/* dutiful.figures.until */
        SELECT version, tasks_until, attempts_until, checked_until, checked_again_until,
               statement_timestamp()
        FROM dutiful_figures_until WHERE id = 1",
};

/// A row in place of one that somebody has removed.
const RESTORE: Sql = Sql {
    sqlite: "/* dutiful.figures.restore */
        INSERT INTO dutiful_figures_until
          (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
        VALUES (1, 0, dutiful_now() - ?1, dutiful_now() - ?1, dutiful_now() - ?1, dutiful_now() - ?1)
        ON CONFLICT (id) DO NOTHING",
    mysql: "/* dutiful.figures.restore */
        INSERT INTO dutiful_figures_until
          (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
        SELECT 1, 0, past.at, past.at, past.at, past.at
        FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AS at) AS past
        ON DUPLICATE KEY UPDATE id = VALUES(id)",
    postgres: "/* dutiful.figures.restore */
        INSERT INTO dutiful_figures_until
          (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
        SELECT 1, 0, past.at, past.at, past.at, past.at
        FROM (SELECT statement_timestamp() - $1::bigint * interval '1 microsecond' AS at) AS past
        ON CONFLICT (id) DO NOTHING",
};

const WRITE: Sql = Sql {
    sqlite: "/* dutiful.figures.advance */
        UPDATE dutiful_figures_until
        SET version = version + 1, tasks_until = ?1, attempts_until = ?2, checked_until = ?3,
            checked_again_until = ?4
        WHERE id = 1",
    mysql: "/* dutiful.figures.advance */
        UPDATE dutiful_figures_until
        SET version = version + 1, tasks_until = ?, attempts_until = ?, checked_until = ?,
            checked_again_until = ?
        WHERE id = 1",
    postgres: "/* dutiful.figures.advance */
        UPDATE dutiful_figures_until
        SET version = version + 1, tasks_until = $1::timestamptz, attempts_until = $2::timestamptz,
            checked_until = $3::timestamptz, checked_again_until = $4::timestamptz
        WHERE id = 1",
};

/// How far the figures have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Until {
    /// One more with every change of figures.
    pub(super) version: i64,
    /// Tasks that ended before this time are in the figures.
    pub(super) tasks: Timestamp,
    /// Attempts that ended before this time are in the figures.
    pub(super) attempts: Timestamp,
    /// Minutes before this time were counted again soon after.
    pub(super) checked: Timestamp,
    /// Minutes before this time were counted once more, long after.
    pub(super) checked_again: Timestamp,
    /// The database's time.
    pub(super) now: Timestamp,
}

/// Locks the row; `None` when somebody else is at it.
pub(super) async fn lock(session: &mut impl Session) -> DbResult<Option<Until>> {
    let reply = session.run(&LOCK, Vec::new()).await?;
    reply.rows.first().map(read_row).transpose()
}

/// Looks at it. `None` when somebody has removed the row.
pub(super) async fn read(db: &Db) -> DbResult<Option<Until>> {
    let rows = db.read(&READ, Vec::new()).await?;
    rows.first().map(read_row).transpose()
}

/// Puts a row there, if there is none, that says that the figures have come to a moment ago. What they say of the
/// time before is to be counted again. Safe to repeat.
pub(super) async fn restore(db: &Db, ago: Duration) -> DbResult<()> {
    if read(db).await?.is_none() {
        retry::repeat(|| db.write(&RESTORE, vec![submit::micros(ago).into()])).await?;
    }
    Ok(())
}

/// Writes how far they have come now; the row is locked.
pub(super) async fn advance(session: &mut impl Session, until: &Until) -> DbResult<()> {
    let params = vec![
        until.tasks.into(),
        until.attempts.into(),
        until.checked.into(),
        until.checked_again.into(),
    ];
    session.run(&WRITE, params).await?;
    Ok(())
}

fn read_row(row: &Row) -> DbResult<Until> {
    Ok(Until {
        version: row.int(0)?,
        tasks: row.time(1)?,
        attempts: row.time(2)?,
        checked: row.time(3)?,
        checked_again: row.time(4)?,
        now: row.time(5)?,
    })
}
