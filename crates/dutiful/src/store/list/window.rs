//! Which rows a call looks at, in which order: by the index that narrows most, a piece at a time.
//!
//! What lives here: the ids of the next rows. What does not: whether they fit, which `check` asks.

use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use crate::store::levels;
use dutiful_core::limits::{LEASE_MAX, LIST_SCAN_ROWS_MAX};
use dutiful_core::{State, Status, Timestamp};
use std::cmp::Reverse;
use std::ops::Range;

use super::{Query, created};

/// All rows, newest first.
const TABLE: Sql = Sql {
    sqlite: "/* dutiful.list.table */
        SELECT id FROM dutiful_tasks WHERE id < ?1 AND id >= ?2 ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.list.table */
        SELECT id FROM dutiful_tasks FORCE INDEX (PRIMARY)
        WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.list.table */
        SELECT id FROM dutiful_tasks
        WHERE id < $1::bigint AND id >= $2::bigint ORDER BY id DESC LIMIT $3::bigint",
};

/// The rows of one name. PostgreSQL writes every index anew when a due time changes, so there this one holds only
/// what has none, and what has one comes from the index that workers claim by. It is left no other way than the
/// index: by what it knows of a table, which is always old, it would rather read all rows backwards.
const NAME: Sql = Sql {
    sqlite: "/* dutiful.list.name */
        SELECT id FROM dutiful_tasks INDEXED BY dutiful_tasks_name
        WHERE id < ?1 AND id >= ?2 AND task_name = ?3 ORDER BY id DESC LIMIT ?4",
    mysql: "/* dutiful.list.name */
        SELECT id FROM dutiful_tasks FORCE INDEX (dutiful_tasks_name)
        WHERE id < ? AND id >= ? AND task_name = ? ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.list.name */
        SELECT id FROM dutiful_tasks
        WHERE due_at IS NULL
          AND (task_name, id) < ($3::text, $1::bigint) AND (task_name, id) >= ($3::text, $2::bigint)
        ORDER BY task_name DESC, id DESC LIMIT $4::bigint",
};

/// The rows with an error. A success never enters or leaves this index on SQLite and PostgreSQL.
const ERROR: Sql = Sql {
    sqlite: "/* dutiful.list.error */
        SELECT id FROM dutiful_tasks INDEXED BY dutiful_tasks_error
        WHERE id < ?1 AND id >= ?2 AND status = 'error' ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.list.error */
        SELECT id FROM dutiful_tasks FORCE INDEX (dutiful_tasks_status)
        WHERE id < ? AND id >= ? AND status = 'error' ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.list.error */
        SELECT id FROM dutiful_tasks
        WHERE id < $1::bigint AND id >= $2::bigint AND status = 'error'
        ORDER BY id DESC LIMIT $3::bigint",
};

/// The rows that are held. MySQL has no index of them alone: there it is all that have not started.
const HELD: Sql = Sql {
    sqlite: "/* dutiful.list.held */
        SELECT id FROM dutiful_tasks INDEXED BY dutiful_tasks_held
        WHERE id < ?1 AND id >= ?2 AND due_at IS NULL AND finished_at IS NULL
        ORDER BY id DESC LIMIT ?3",
    mysql: "/* dutiful.list.held */
        SELECT id FROM dutiful_tasks FORCE INDEX (dutiful_tasks_status)
        WHERE id < ? AND id >= ? AND status = 'not_started' ORDER BY id DESC LIMIT ?",
    postgres: "/* dutiful.list.held */
        SELECT id FROM dutiful_tasks
        WHERE id < $1::bigint AND id >= $2::bigint AND due_at IS NULL AND finished_at IS NULL
        ORDER BY id DESC LIMIT $3::bigint",
};

/// The rows that ended between two times, in no order of ids.
const FINISHED: Sql = Sql {
    sqlite: "/* dutiful.list.finished */
        SELECT id FROM dutiful_tasks INDEXED BY dutiful_tasks_finished
        WHERE finished_at >= ?1 AND finished_at < ?2 ORDER BY finished_at DESC, id DESC LIMIT ?3",
    mysql: "/* dutiful.list.finished */
        SELECT id FROM dutiful_tasks FORCE INDEX (dutiful_tasks_finished)
        WHERE finished_at >= ? AND finished_at < ? ORDER BY finished_at DESC, id DESC LIMIT ?",
    postgres: "/* dutiful.list.finished */
        SELECT id FROM dutiful_tasks
        WHERE finished_at >= $1::timestamptz AND finished_at < $2::timestamptz
        ORDER BY finished_at DESC, id DESC LIMIT $3::bigint",
};

/// Where the ids come from.
#[derive(Debug)]
pub(super) enum Window {
    /// By an index in the order of ids, from `before` down to `from`.
    Ordered {
        sql: &'static Sql,
        name: Option<String>,
        before: i64,
        from: i64,
        /// What the index leaves out, the highest last.
        others: Vec<i64>,
    },
    /// All that can fit, highest id last.
    Few(Vec<i64>),
}

impl Window {
    /// Chooses the way that looks at the fewest rows.
    pub(super) async fn of(db: &Db, query: &Query) -> DbResult<Window> {
        let before = query.before.unwrap_or(i64::MAX);
        if let Some(mut ids) = few(db, query).await? {
            ids.retain(|id| *id < before);
            ids.sort_unstable();
            return Ok(Window::Few(ids));
        }
        let (sql, name, others) = match &query.task_name {
            _ if only_errors(query) => (&ERROR, None, Vec::new()),
            _ if query.states == [State::Held] => (&HELD, None, Vec::new()),
            Some(name) => match outside_of_names(db, query).await? {
                Some(others) => (&NAME, Some(name.clone()), others),
                None => (&TABLE, None, Vec::new()),
            },
            None => (&TABLE, None, Vec::new()),
        };
        let bounds = created::bounds(db, query).await?;
        Ok(Window::Ordered {
            sql,
            name,
            before: before.min(bounds.end),
            from: bounds.start,
            others,
        })
    }

    /// Whether all rows that it leads to have the name that is asked for, if there is one.
    pub(super) fn keeps_to_name(&self, query: &Query) -> bool {
        match self {
            Window::Few(_) => true,
            Window::Ordered { name, .. } => query.task_name == *name,
        }
    }

    /// The next ids, highest first, `most` of them while there are as many.
    pub(super) async fn next(&mut self, db: &Db, most: usize) -> DbResult<Vec<i64>> {
        match self {
            Window::Few(ids) => {
                let mut next = ids.split_off(ids.len().saturating_sub(most));
                next.reverse();
                Ok(next)
            }
            Window::Ordered {
                sql,
                name,
                before,
                from,
                others,
            } => {
                let mut params: Vec<Value> = vec![(*before).into(), (*from).into()];
                params.extend(name.clone().map(Value::from));
                params.push(count(most));
                let found = ids(&db.read(sql, params).await?)?;
                let found = with_others(found, others, *from..*before, most);
                if let Some(last) = found.last() {
                    *before = *last;
                }
                Ok(found)
            }
        }
    }
}

/// The highest of both, highest first.
fn with_others(mut ids: Vec<i64>, others: &[i64], within: Range<i64>, most: usize) -> Vec<i64> {
    if others.is_empty() {
        return ids;
    }
    ids.extend(others.iter().filter(|id| within.contains(id)));
    ids.sort_unstable_by_key(|id| Reverse(*id));
    // A task that ended meanwhile is in both.
    ids.dedup();
    ids.truncate(most);
    ids
}

/// What the index on names leaves out of what is asked for, the highest last; `None` when that is too much.
async fn outside_of_names(db: &Db, query: &Query) -> DbResult<Option<Vec<i64>>> {
    if db.dialect() != Dialect::Postgres {
        return Ok(Some(Vec::new()));
    }
    let mut others = live(db, query).await?;
    if let Some(ids) = &mut others {
        ids.sort_unstable();
    }
    Ok(others)
}

/// Whether all that is asked for has the status `error`, or is being tried again after one.
fn only_errors(query: &Query) -> bool {
    let has_error = |state: &State| {
        use State::{Cancelled, Discarded, Failed, Invalid, Quarantined, Retrying};
        matches!(
            state,
            Retrying | Failed | Invalid | Discarded | Cancelled | Quarantined
        )
    };
    query.status == Some(Status::Error)
        || (!query.states.is_empty() && query.states.iter().all(has_error))
}

/// Everything that can fit, where an index that is not in the order of ids tells of few rows only.
async fn few(db: &Db, query: &Query) -> DbResult<Option<Vec<i64>>> {
    if query.finished_from.is_some() || query.finished_before.is_some() {
        let params = vec![
            query.finished_from.unwrap_or(Timestamp::MIN).into(),
            query.finished_before.unwrap_or(Timestamp::MAX).into(),
            count(LIST_SCAN_ROWS_MAX + 1),
        ];
        let found = ids(&db.look(&FINISHED, params).await?)?;
        return Ok((found.len() <= LIST_SCAN_ROWS_MAX).then_some(found));
    }
    let is_live = |state: &State| {
        use State::{Queued, Retrying, Running, Scheduled};
        matches!(state, Queued | Running | Retrying | Scheduled)
    };
    if query.states.is_empty() || !query.states.iter().all(is_live) || only_errors(query) {
        return Ok(None);
    }
    live(db, query).await
}

/// The rows that have a due time, if there are few: from the index that workers claim by.
async fn live(db: &Db, query: &Query) -> DbResult<Option<Vec<i64>>> {
    // A lease ends soon: what is due later is not running.
    let within = (query.states == [State::Running]).then_some(LEASE_MAX);
    let mut found = Vec::new();
    for level in levels::levels(db, query.task_name.as_deref()).await? {
        let room = LIST_SCAN_ROWS_MAX + 1 - found.len();
        let piece = levels::Piece {
            level: &level,
            from: within.map_or(Timestamp::MIN, |_| level.now),
            until: within.map_or(Timestamp::MAX, |lease| level.now.saturating_add(lease)),
            most: room,
        };
        found.extend(levels::ids(db, &piece).await?);
        if found.len() > LIST_SCAN_ROWS_MAX {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

fn ids(rows: &[Row]) -> DbResult<Vec<i64>> {
    rows.iter().map(|row| row.int(0)).collect()
}

fn count(rows: usize) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_index_leaves_out_is_put_among_its_rows() {
        let with = |ids: &[i64], others: &[i64], within, most| {
            with_others(ids.to_vec(), others, within, most)
        };
        assert_eq!(with(&[9, 5], &[1, 5, 7], 2..10, 3), [9, 7, 5]);
        assert_eq!(with(&[9, 5], &[6, 7], 0..10, 2), [9, 7]);
        assert_eq!(with(&[], &[3, 9], 0..9, 2), [3]);
        assert_eq!(with(&[4, 2], &[], 0..9, 2), [4, 2]);
    }

    #[test]
    fn what_ended_badly_or_is_tried_again_goes_by_its_own_index() {
        let states = |states: &[State]| Query {
            states: states.to_vec(),
            ..Query::default()
        };
        assert!(only_errors(&states(&[State::Failed, State::Quarantined])));
        assert!(only_errors(&Query {
            status: Some(Status::Error),
            ..Query::default()
        }));
        assert!(!only_errors(&states(&[State::Failed, State::Succeeded])));
        assert!(!only_errors(&Query::default()));
    }
}
