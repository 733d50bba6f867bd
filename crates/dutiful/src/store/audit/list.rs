//! Pages of the audit, newest first: by the index of what is asked for, and never through the whole table.

use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use crate::store::task_row::take_text;
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_SCAN_ROWS_MAX;

/// So many entries are looked at by one statement, where the first few do not make a page.
const LOOK_ROWS: usize = 1_000;

const ALL: Sql = Sql {
    sqlite: "/* dutiful.audit.all */
        SELECT id FROM dutiful_audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    mysql: "/* dutiful.audit.all */
        SELECT id FROM dutiful_audit FORCE INDEX (PRIMARY) WHERE id < ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.all */
        SELECT id FROM dutiful_audit WHERE id < $1::bigint ORDER BY id DESC LIMIT $2::bigint",
};

/// PostgreSQL is left no other way than the index (see `list::window`).
const TARGET: Sql = Sql {
    sqlite: "/* dutiful.audit.target */
        SELECT id FROM dutiful_audit INDEXED BY dutiful_audit_target
        WHERE id < ?1 AND target = ?2 ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.audit.target */
        SELECT id FROM dutiful_audit FORCE INDEX (dutiful_audit_target)
        WHERE id < ? AND target = ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.target */
        SELECT id FROM dutiful_audit
        WHERE (target, id) < ($2::text, $1::bigint) AND (target, id) >= ($2::text, 0::bigint)
        ORDER BY target DESC, id DESC LIMIT $3::bigint",
};

const ACTOR: Sql = Sql {
    sqlite: "/* dutiful.audit.actor */
        SELECT id FROM dutiful_audit INDEXED BY dutiful_audit_actor
        WHERE id < ?1 AND actor = ?2 ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.audit.actor */
        SELECT id FROM dutiful_audit FORCE INDEX (dutiful_audit_actor)
        WHERE id < ? AND actor = ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.actor */
        SELECT id FROM dutiful_audit
        WHERE (actor, id) < ($2::text, $1::bigint) AND (actor, id) >= ($2::text, 0::bigint)
        ORDER BY actor DESC, id DESC LIMIT $3::bigint",
};

const ACTION: Sql = Sql {
    sqlite: "/* dutiful.audit.action */
        SELECT id FROM dutiful_audit INDEXED BY dutiful_audit_action
        WHERE id < ?1 AND action = ?2 ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.audit.action */
        SELECT id FROM dutiful_audit FORCE INDEX (dutiful_audit_action)
        WHERE id < ? AND action = ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.action */
        SELECT id FROM dutiful_audit
        WHERE (action, id) < ($2::text, $1::bigint) AND (action, id) >= ($2::text, 0::bigint)
        ORDER BY action DESC, id DESC LIMIT $3::bigint",
};

/// Those of some entries that fit everything that is asked for.
const ENTRIES: Sql = Sql {
    sqlite: "/* dutiful.audit.entries */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR actor = ?2)
          AND (?3 IS NULL OR action = ?3) AND (?4 IS NULL OR target = ?4)
        ORDER BY id DESC LIMIT ?5",
    mysql: "/* dutiful.audit.entries */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id IN (?) AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
          AND (? IS NULL OR target = ?)
        ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.audit.entries */
        SELECT id, at, actor, action, target, detail
        FROM dutiful_audit
        WHERE id = ANY($1::bigint[]) AND ($2::text IS NULL OR actor = $2::text)
          AND ($3::text IS NULL OR action = $3::text) AND ($4::text IS NULL OR target = $4::text)
        ORDER BY id DESC LIMIT $5::bigint",
};

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

/// The entries of one page, newest first, and the id below which the next one begins; `None` when nothing is
/// left. Like a page of tasks it may be short and have a next one: no more than 10,000 entries are looked at.
pub(crate) async fn list(db: &Db, query: &Query) -> DbResult<(Vec<EntryRow>, Option<i64>)> {
    let mut before = query.before.unwrap_or(i64::MAX);
    let (mut entries, mut seen) = (Vec::new(), 0);
    let mut rows = query.limit + 1;
    while seen < LIST_SCAN_ROWS_MAX {
        let ids = window(db, query, before, rows).await?;
        let Some(&last) = ids.last() else {
            return Ok((entries, None));
        };
        let more = ids.len() == rows;
        seen += ids.len();
        before = last;
        // One more than there is room for tells whether the page ends before the look does.
        let room = query.limit - entries.len();
        let mut fitting = fitting(db, query, ids, room + 1).await?;
        let full = fitting.len() > room || (fitting.len() == room && !more);
        let left = fitting.len() > room || more;
        fitting.truncate(room);
        entries.extend(fitting);
        if full || entries.len() == query.limit {
            let next = entries.last().map(|entry: &EntryRow| entry.id);
            return Ok((entries, next.filter(|_| left)));
        }
        if !more {
            return Ok((entries, None));
        }
        rows = LOOK_ROWS;
    }
    Ok((entries, Some(before)))
}

/// The ids of the next entries by the index of what is likely to be rarest.
async fn window(db: &Db, query: &Query, before: i64, most: usize) -> DbResult<Vec<i64>> {
    let (sql, wish) = match query {
        Query {
            target: Some(target),
            ..
        } => (&TARGET, Some(target)),
        Query {
            actor: Some(actor), ..
        } => (&ACTOR, Some(actor)),
        Query {
            action: Some(action),
            ..
        } => (&ACTION, Some(action)),
        _ => (&ALL, None),
    };
    let mut params: Vec<Value> = vec![before.into()];
    params.extend(wish.cloned().map(Value::from));
    params.push(count(most));
    let rows = db.read(sql, params).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

async fn fitting(db: &Db, query: &Query, ids: Vec<i64>, most: usize) -> DbResult<Vec<EntryRow>> {
    let mut params = vec![Value::Ints(ids)];
    for wish in [&query.actor, &query.action, &query.target] {
        // MySQL's placeholders have no numbers: each use is a parameter of its own.
        let uses = if db.dialect() == Dialect::Mysql { 2 } else { 1 };
        params.extend(std::iter::repeat_n(Value::from(wish.clone()), uses));
    }
    params.push(count(most));
    let rows = db.look(&ENTRIES, params).await?;
    rows.into_iter().map(read).collect()
}

fn count(rows: usize) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
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
