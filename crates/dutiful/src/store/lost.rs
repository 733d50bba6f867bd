//! Finds leases that have run out behind a backlog.
//!
//! A claim takes what was due first, and a lease that ran out is due since its end: later than everything
//! that was submitted before. So while a level is behind, its tail is searched as time passes over it.

use super::claim::Request;
use crate::db::{Db, DbResult, Sql};
use dutiful_core::Timestamp;
use std::time::Duration;

/// How many rows a search goes through.
const PIECE: usize = 10_000;

/// The rows of one piece that somebody held, and before them how many rows it has and where it ends.
const LOST: Sql = Sql {
    sqlite: "/* dutiful.lost */
        WITH piece AS (
          SELECT id, due_at, worker FROM dutiful_tasks
          WHERE task_name = ?1 AND priority = ?2 AND due_at >= ?3 AND due_at <= dutiful_now()
          ORDER BY due_at, id LIMIT ?4)
        SELECT COUNT(*), MAX(due_at), 0 AS held FROM piece
        UNION ALL
        SELECT id, due_at, 1 FROM piece WHERE worker IS NOT NULL
        ORDER BY 3, 2, 1",
    mysql: "/* dutiful.lost */
        WITH piece AS (
          SELECT id, due_at, worker FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
          WHERE task_name = ? AND priority = ? AND due_at >= ? AND due_at <= UTC_TIMESTAMP(6)
          ORDER BY due_at, id LIMIT ?)
        SELECT COUNT(*), MAX(due_at), 0 AS held FROM piece
        UNION ALL
        SELECT id, due_at, 1 FROM piece WHERE worker IS NOT NULL
        ORDER BY 3, 2, 1",
    postgres: "/* dutiful.lost */
        WITH piece AS (
          SELECT id, due_at, worker FROM dutiful_tasks
          WHERE task_name = $1::text AND priority = $2::bigint
            AND due_at >= $3::timestamptz AND due_at <= statement_timestamp()
          ORDER BY due_at, id LIMIT $4::bigint)
        SELECT COUNT(*), MAX(due_at), 0::bigint AS held FROM piece
        UNION ALL
        SELECT id, due_at, 1::bigint FROM piece WHERE worker IS NOT NULL
        ORDER BY 3, 2, 1",
};

/// What a search found.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    /// Tasks whose lease has run out, at most as many as the request takes.
    pub(crate) ids: Vec<i64>,
    /// From which due time on the next search goes.
    pub(crate) next: Timestamp,
}

/// Searches the request's level from its due time on.
pub(crate) async fn search(db: &Db, request: &Request) -> DbResult<Found> {
    let piece = i64::try_from(PIECE).unwrap_or(i64::MAX);
    let params = vec![
        request.task_name.as_str().into(),
        request.priority.into(),
        request.from.into(),
        piece.into(),
    ];
    let rows = db.read(&LOST, params).await?;
    let mut found = Found {
        ids: Vec::new(),
        next: request.from,
    };
    let Some((summary, held)) = rows.split_first() else {
        return Ok(found);
    };
    for row in held {
        if found.ids.len() == request.limit {
            found.next = row.time(1)?;
            return Ok(found);
        }
        found.ids.push(row.int(0)?);
    }
    if let Some(end) = summary.opt_time(1)? {
        found.next = end;
        if end == request.from && summary.int(0)? == piece {
            // A whole piece was due at the same time: on past it, or the search would never end.
            found.next = end.saturating_add(Duration::from_micros(1));
        }
    }
    Ok(found)
}
