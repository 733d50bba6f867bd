//! What a join waits for, for people and for its handler.

use crate::db::{Db, DbResult, Row, Sql};
use crate::store::{facts, task_row};
use dutiful_core::{State, Timestamp};

/// Items of a join from a number on, each with its task, unless that is gone.
const PAGE: Sql = Sql {
    sqlite: "/* dutiful.items.page */
        SELECT i.number, i.task_id, t.task_name, dutiful_now(),
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes, t.error_kind,
               t.dedup_scope, t.error_message, t.finished_at
        FROM dutiful_items AS i
        LEFT JOIN dutiful_tasks AS t ON t.id = i.task_id
        WHERE i.join_id = ?1 AND i.number >= ?2
        ORDER BY i.number LIMIT ?3",
    mysql: "/* dutiful.items.page */
        SELECT i.number, i.task_id, t.task_name, UTC_TIMESTAMP(6),
               t.status, t.due_at, t.worker, t.attempt, t.retries, t.max_retries, t.crashes, t.error_kind,
               t.dedup_scope, t.error_message, t.finished_at
        FROM dutiful_items AS i
        LEFT JOIN dutiful_tasks AS t ON t.id = i.task_id
        WHERE i.join_id = ? AND i.number >= ?
        ORDER BY i.number LIMIT ?",
    postgres: "/* dutiful.items.page */
        SELECT i.number, i.task_id, t.task_name, statement_timestamp(),
               t.status, t.due_at, t.worker, t.attempt::bigint, t.retries::bigint, t.max_retries::bigint,
               t.crashes::bigint, t.error_kind, t.dedup_scope, t.error_message, t.finished_at
        FROM dutiful_items AS i
        LEFT JOIN dutiful_tasks AS t ON t.id = i.task_id
        WHERE i.join_id = $1::bigint AND i.number >= $2::bigint
        ORDER BY i.number LIMIT $3::bigint",
};

/// How many items a join has, and whether it still waits, from where.
const COUNT: Sql = Sql {
    sqlite: "/* dutiful.items.count */
        SELECT (SELECT COUNT(*) FROM dutiful_items WHERE join_id = ?1),
               (SELECT first_open FROM dutiful_joins WHERE task_id = ?1)",
    mysql: "/* dutiful.items.count */
        SELECT (SELECT COUNT(*) FROM dutiful_items WHERE join_id = ?),
               (SELECT first_open FROM dutiful_joins WHERE task_id = ?)",
    postgres: "/* dutiful.items.count */
        SELECT (SELECT COUNT(*) FROM dutiful_items WHERE join_id = $1::bigint),
               (SELECT first_open::bigint FROM dutiful_joins WHERE task_id = $1::bigint)",
};

/// An item as it stands.
#[derive(Debug)]
pub(crate) struct ItemRow {
    pub(crate) number: i64,
    pub(crate) task: i64,
    /// `None`: the task is gone.
    pub(crate) there: Option<There>,
}

/// What is read of its task.
#[derive(Debug)]
pub(crate) struct There {
    pub(crate) task_name: String,
    pub(crate) state: State,
    pub(crate) error_kind: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) finished_at: Option<Timestamp>,
}

/// Items of a join, from a number on.
pub(crate) async fn page(db: &Db, join: i64, from: i64, limit: i64) -> DbResult<Vec<ItemRow>> {
    let rows = db
        .read(&PAGE, vec![join.into(), from.into(), limit.into()])
        .await?;
    rows.iter().map(item).collect()
}

/// Where the facts begin.
const FACTS: usize = 4;

fn item(row: &Row) -> DbResult<ItemRow> {
    let there = match row.opt_text(2)? {
        None => None,
        Some(name) => Some(There {
            task_name: name.to_owned(),
            state: task_row::state(facts::read(row, FACTS).ok().as_ref(), row.time(3)?),
            error_kind: row.opt_text(FACTS + 7)?.map(str::to_owned),
            error_message: row.opt_text(FACTS + 9)?.map(str::to_owned),
            finished_at: row.opt_time(FACTS + 10)?,
        }),
    };
    Ok(ItemRow {
        number: row.int(0)?,
        task: row.int(1)?,
        there,
    })
}

/// How many items a join has; and from which on it still waits, if it does.
pub(crate) async fn count(db: &Db, join: i64) -> DbResult<(i64, Option<i64>)> {
    let uses = match db.dialect() {
        crate::db::Dialect::Mysql => 2,
        _ => 1,
    };
    let params = std::iter::repeat_n(join.into(), uses).collect();
    let rows = db.read(&COUNT, params).await?;
    match rows.first() {
        Some(row) => Ok((row.int(0)?, row.opt_int(1)?)),
        None => Ok((0, None)),
    }
}
