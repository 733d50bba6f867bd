//! Reads what is stored of payloads, in the order of ids, for a program that wants to know whether it can read
//! them.

use super::{facts, task_row};
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::limits::LIST_PAGE_BYTES_MAX;

/// How many rows one look goes through.
const SCAN_ROWS: i64 = 1_000;

/// Without the payloads, which may be large.
const SCAN: Sql = Sql {
    sqlite: "/* dutiful.payloads.scan */
        SELECT id, task_name, COALESCE(LENGTH(CAST(task_payload AS BLOB)), 0),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ?1 ORDER BY id LIMIT ?2",
    mysql: "/* dutiful.payloads.scan */
        SELECT id, task_name, LENGTH(task_payload),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > ? ORDER BY id LIMIT ?",
    postgres: "/* dutiful.payloads.scan */
        SELECT id, task_name, octet_length(task_payload)::bigint,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id > $1::bigint ORDER BY id LIMIT $2::bigint",
};

const READ: Sql = Sql {
    sqlite: "/* dutiful.payloads.read */
        SELECT id, task_payload, payload_version FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
    mysql: "/* dutiful.payloads.read */
        SELECT id, task_payload, payload_version FROM dutiful_tasks WHERE id IN (?) ORDER BY id",
    postgres: "/* dutiful.payloads.read */
        SELECT id, task_payload, payload_version FROM dutiful_tasks
        WHERE id = ANY($1::bigint[]) ORDER BY id",
};

/// A task whose payload may have to be read.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    bytes: usize,
    /// Why the row means nothing to this program, if it does not.
    pub(crate) unreadable: Option<String>,
}

/// What one look came to.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) candidates: Vec<Candidate>,
    /// How many rows there were.
    pub(crate) rows: usize,
    /// Where the next look begins; `None` at the end.
    pub(crate) cursor: Option<i64>,
}

/// Looks at the next 1,000 rows behind `cursor`; of those that have ended only if `ended` are wanted too.
pub(crate) async fn scan(db: &Db, cursor: i64, ended: bool) -> DbResult<Scanned> {
    let rows = db
        .read(&SCAN, vec![cursor.into(), SCAN_ROWS.into()])
        .await?;
    let mut scanned = Scanned {
        candidates: Vec::new(),
        rows: rows.len(),
        cursor: None,
    };
    for mut row in rows {
        let id = row.int(0)?;
        scanned.cursor = Some(id);
        scanned.candidates.extend(candidate(&mut row, id, ended)?);
    }
    if i64::try_from(scanned.rows).is_ok_and(|rows| rows < SCAN_ROWS) {
        scanned.cursor = None;
    }
    Ok(scanned)
}

fn candidate(row: &mut Row, id: i64, ended: bool) -> DbResult<Option<Candidate>> {
    let (has_ended, unreadable) = match facts::read(row, 3) {
        Ok(facts) => (facts.is_ended(), None),
        // Whoever holds it, and whatever it means: nobody claims it without a due time.
        Err(error) => (row.is_null(4), Some(error.to_string())),
    };
    if has_ended && !ended {
        return Ok(None);
    }
    Ok(Some(Candidate {
        id,
        task_name: task_row::take_text(row, 1)?.unwrap_or_default(),
        bytes: usize::try_from(row.int(2)?).unwrap_or(usize::MAX),
        unreadable,
    }))
}

/// A payload as it is stored.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) id: i64,
    /// `None` when it is no text.
    pub(crate) text: Option<String>,
    pub(crate) version: i64,
}

/// How many of these, from the first on, are read together: no more bytes than a page of a list holds, but one
/// in any case.
pub(crate) fn together(candidates: &[&Candidate]) -> usize {
    let mut bytes = 0_usize;
    let fits = |candidate: &&&Candidate| {
        bytes = bytes.saturating_add(candidate.bytes);
        bytes <= LIST_PAGE_BYTES_MAX
    };
    candidates.iter().take_while(fits).count().max(1)
}

/// The payloads of these tasks. One that has gone meanwhile is not among them.
pub(crate) async fn read(db: &Db, candidates: &[&Candidate]) -> DbResult<Vec<Payload>> {
    let ids: Vec<i64> = candidates.iter().map(|candidate| candidate.id).collect();
    let rows = db.read(&READ, vec![Value::Ints(ids)]).await?;
    let payload = |mut row: Row| {
        Ok(Payload {
            id: row.int(0)?,
            version: row.int(2)?,
            text: row.take_text(1).ok().flatten(),
        })
    };
    rows.into_iter().map(payload).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_at_once_than_a_page_holds() {
        let of = |bytes: usize| Candidate {
            id: 1,
            task_name: String::new(),
            bytes,
            unreadable: None,
        };
        let third = of(LIST_PAGE_BYTES_MAX / 3);
        assert_eq!(together(&[&third; 5]), 3);
        let huge = of(usize::MAX);
        assert_eq!(together(&[&huge, &huge]), 1);
    }
}
