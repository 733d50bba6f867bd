//! The audit: who did what, and when. Entries are added and forgotten, never changed.

use super::retry;
use super::submit::micros;
use super::task_row::take_text;
use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use dutiful_core::Timestamp;
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

/// Newest first, before an id. The primary key gives the order; what is looked for is compared row by row.
const LIST: Sql = Sql {
    sqlite: "/* dutiful.audit.list */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id < ?1 AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR action = ?3)
          AND (?4 IS NULL OR target = ?4)
        ORDER BY id DESC LIMIT ?5",
    mysql: "/* dutiful.audit.list */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id < ? AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
          AND (? IS NULL OR target = ?)
        ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.list */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id < $1::bigint AND ($2::text IS NULL OR actor = $2::text)
          AND ($3::text IS NULL OR action = $3::text) AND ($4::text IS NULL OR target = $4::text)
        ORDER BY id DESC LIMIT $5::bigint",
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

/// Which entries are looked for. Nothing given fits everything.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) actor: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) target: Option<String>,
    /// Only entries with a smaller id.
    pub(crate) before: Option<i64>,
    pub(crate) limit: usize,
}

/// An entry as it is stored.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
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

/// The entries, newest first, and one more than asked for when there is more.
pub(crate) async fn list(db: &Db, query: &Query) -> DbResult<Vec<EntryRow>> {
    let before = query.before.unwrap_or(i64::MAX);
    let most = i64::try_from(query.limit + 1).unwrap_or(i64::MAX);
    let wishes = [&query.actor, &query.action, &query.target];
    let mut params: Vec<Value> = vec![before.into()];
    for wish in wishes {
        // MySQL's placeholders have no numbers: each use is a parameter of its own.
        let uses = if db.dialect() == Dialect::Mysql { 2 } else { 1 };
        params.extend(std::iter::repeat_n(Value::from(wish.clone()), uses));
    }
    params.push(most.into());
    let rows = db.read(&LIST, params).await?;
    rows.into_iter().map(read).collect()
}

/// Removes entries that have been kept for long enough. Gives back whether more may be left.
pub(crate) async fn prune(db: &Db) -> DbResult<bool> {
    let rows = i64::try_from(PRUNE_ROWS).unwrap_or(i64::MAX);
    let params = || vec![micros(AUDIT_KEPT).into(), rows.into()];
    let reply = retry::repeat(|| db.write(&PRUNE, params())).await?;
    Ok(reply.affected >= PRUNE_ROWS)
}

fn read(mut row: Row) -> DbResult<EntryRow> {
    Ok(EntryRow {
        id: row.int(0)?,
        at: row.time(1)?,
        actor: take_text(&mut row, 2)?.unwrap_or_default(),
        action: take_text(&mut row, 3)?.unwrap_or_default(),
        target: take_text(&mut row, 4)?,
        detail: take_text(&mut row, 5)?,
    })
}
