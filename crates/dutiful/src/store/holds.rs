//! What nobody is to call before a time: a provider that has said so to one worker has said so to all.

use crate::db::{Db, DbResult, Sql};
use crate::store::retry;
use crate::store::submit::micros;
use dutiful_core::Timestamp;
use std::time::Duration;

/// The later time stays: name, for how long, reason.
const HOLD: Sql = Sql {
    sqlite: "/* dutiful.holds.hold */
        INSERT INTO dutiful_holds (name, until_at, reason) VALUES (?1, dutiful_now() + ?2, ?3)
        ON CONFLICT (name) DO UPDATE
        SET reason = CASE WHEN excluded.until_at > dutiful_holds.until_at THEN excluded.reason
                          ELSE dutiful_holds.reason END,
            until_at = MAX(excluded.until_at, dutiful_holds.until_at)",
    mysql: "/* dutiful.holds.hold */
        INSERT INTO dutiful_holds (name, until_at, reason)
        VALUES (?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, ?)
        ON DUPLICATE KEY UPDATE
          reason = CASE WHEN VALUES(until_at) > until_at THEN VALUES(reason) ELSE reason END,
          until_at = GREATEST(VALUES(until_at), until_at)",
    postgres: "/* dutiful.holds.hold */
        INSERT INTO dutiful_holds (name, until_at, reason)
        VALUES ($1::text, statement_timestamp() + $2::bigint * interval '1 microsecond', $3::text)
        ON CONFLICT (name) DO UPDATE
        SET reason = CASE WHEN excluded.until_at > dutiful_holds.until_at THEN excluded.reason
                          ELSE dutiful_holds.reason END,
            until_at = GREATEST(excluded.until_at, dutiful_holds.until_at)",
};

const HELD: Sql = Sql {
    sqlite: "/* dutiful.holds.held */
        SELECT until_at, reason, dutiful_now() FROM dutiful_holds WHERE name = ?1 AND until_at > dutiful_now()",
    mysql: "/* dutiful.holds.held */
        SELECT until_at, reason, UTC_TIMESTAMP(6) FROM dutiful_holds
        WHERE name = ? AND until_at > UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.holds.held */
        SELECT until_at, reason, statement_timestamp() FROM dutiful_holds
        WHERE name = $1::text AND until_at > statement_timestamp()",
};

const RELEASE: Sql = Sql {
    sqlite: "/* dutiful.holds.release */ DELETE FROM dutiful_holds WHERE name = ?1",
    mysql: "/* dutiful.holds.release */ DELETE FROM dutiful_holds WHERE name = ?",
    postgres: "/* dutiful.holds.release */ DELETE FROM dutiful_holds WHERE name = $1::text",
};

/// A name that is held.
#[derive(Debug, Clone)]
pub(crate) struct HeldRow {
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
}

/// Holds a name for so long from now; a longer hold stays. Safe to repeat.
pub(crate) async fn hold(db: &Db, name: &str, time: Duration, reason: &str) -> DbResult<()> {
    let params = || vec![name.into(), micros(time).into(), reason.into()];
    retry::repeat(|| db.write(&HOLD, params())).await?;
    Ok(())
}

/// Whether a name is held.
pub(crate) async fn held(db: &Db, name: &str) -> DbResult<Option<HeldRow>> {
    let mut rows = db.read(&HELD, vec![name.into()]).await?;
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    Ok(Some(HeldRow {
        until: row.time(0)?,
        reason: row.take_text(1)?.unwrap_or_default(),
        now: row.time(2)?,
    }))
}

/// Ends a hold. Safe to repeat.
pub(crate) async fn release(db: &Db, name: &str) -> DbResult<()> {
    retry::repeat(|| db.write(&RELEASE, vec![name.into()])).await?;
    Ok(())
}
