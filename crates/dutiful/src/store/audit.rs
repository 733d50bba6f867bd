//! The audit: who did what, and when. Entries are added and forgotten, never changed.

mod list;

pub(crate) use list::{EntryRow, Query, list};

use super::retry;
use super::submit::micros;
use crate::db::{Db, DbResult, Sql, Value};
use dutiful_core::limits::AUDIT_KEPT;

/// Most entries that are removed by one call.
const PRUNE_ROWS: u64 = 1_000;

/// The key is the client's, so that an entry whose answer was lost is not written twice.
const INSERT: Sql = Sql {
    sqlite: "/* dutiful.audit.insert */
        INSERT INTO dutiful_audit (entry_key, at, actor, action, target, detail)
        VALUES (?1, dutiful_now(), ?2, ?3, ?4, ?5)
        ON CONFLICT (entry_key) DO NOTHING",
    mysql: "/* dutiful.audit.insert */
        INSERT INTO dutiful_audit (entry_key, at, actor, action, target, detail)
        VALUES (?, UTC_TIMESTAMP(6), ?, ?, ?, ?)
        ON DUPLICATE KEY UPDATE entry_key = entry_key",
    postgres: "/* dutiful.audit.insert */
        INSERT INTO dutiful_audit (entry_key, at, actor, action, target, detail)
        VALUES ($1::bytea, statement_timestamp(), $2::text, $3::text, $4::text, $5::text)
        ON CONFLICT (entry_key) DO NOTHING",
};

const PRUNE: Sql = Sql {
    sqlite: "/* dutiful.audit.prune */
        DELETE FROM dutiful_audit
        WHERE id IN (SELECT id FROM dutiful_audit WHERE at < dutiful_now() - ?1 ORDER BY at LIMIT ?2)",
    mysql: "/* dutiful.audit.prune */
        DELETE FROM dutiful_audit
        WHERE at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND ORDER BY at LIMIT ?",
    postgres: "/* dutiful.audit.prune */
        DELETE FROM dutiful_audit
        WHERE id = ANY(ARRAY(
          SELECT id FROM dutiful_audit
          WHERE at < statement_timestamp() - $1::bigint * interval '1 microsecond'
          ORDER BY at LIMIT $2::bigint FOR UPDATE SKIP LOCKED))",
};

/// An entry to be; its texts are within their bounds.
#[derive(Debug)]
pub(crate) struct NewEntry {
    pub(crate) key: [u8; 16],
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: Option<String>,
    pub(crate) detail: Option<String>,
}

/// Writes one entry.
pub(crate) async fn insert(db: &Db, entry: &NewEntry) -> DbResult<()> {
    let params = || -> Vec<Value> {
        vec![
            entry.key.to_vec().into(),
            entry.actor.as_str().into(),
            entry.action.as_str().into(),
            entry.target.clone().into(),
            entry.detail.clone().into(),
        ]
    };
    retry::repeat(|| db.write(&INSERT, params())).await?;
    Ok(())
}

/// Removes entries that have been kept for long enough. Gives back whether more may be left.
pub(crate) async fn prune(db: &Db) -> DbResult<bool> {
    let rows = i64::try_from(PRUNE_ROWS).unwrap_or(i64::MAX);
    let params = || vec![micros(AUDIT_KEPT).into(), rows.into()];
    let reply = retry::repeat(|| db.write(&PRUNE, params())).await?;
    Ok(reply.affected >= PRUNE_ROWS)
}
