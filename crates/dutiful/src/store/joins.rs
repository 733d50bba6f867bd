//! Joins: tasks that are held until others, their items, have ended.
//!
//! A join is a held task with a row in `dutiful_joins` for as long as it waits; which tasks it waits for stands in
//! `dutiful_items` for as long as the join itself is there. What lives here: the statements, and how a join is
//! released. What does not: when a worker looks (`worker::joins`), and how tasks are put together (`client`).

use super::operate::{self, LOCK};
use super::session::{OwnTx, Session};
use super::submit::{NewTask, Submission, submit};
use super::{facts, retry};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Rows, Sql, Value};
use dutiful_core::limits::SUBMIT_STATEMENT_ROWS;
use dutiful_core::{Event, State, decide};

pub(crate) mod items;

/// Most joins that one look goes through.
pub(crate) const PAGE: usize = 100;

const INSERT: Sql = Sql {
    sqlite: "/* dutiful.joins.insert */
        INSERT INTO dutiful_joins (task_id, first_open) VALUES (?1, 0)",
    mysql: "/* dutiful.joins.insert */
        INSERT INTO dutiful_joins (task_id, first_open) VALUES (?, 0)",
    postgres: "/* dutiful.joins.insert */
        INSERT INTO dutiful_joins (task_id, first_open) VALUES ($1::bigint, 0)",
};

const INSERT_ITEMS: Sql = Sql {
    sqlite: "/* dutiful.joins.insert_items */
        INSERT INTO dutiful_items (join_id, number, task_id) VALUES (?1, ?2, ?3)",
    mysql: "/* dutiful.joins.insert_items */
        INSERT INTO dutiful_items (join_id, number, task_id) VALUES {{(?, ?, ?)}}",
    postgres: "/* dutiful.joins.insert_items */
        INSERT INTO dutiful_items (join_id, number, task_id)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])",
};

/// Joins that wait, the oldest first, behind one.
const WAITING: Sql = Sql {
    sqlite: "/* dutiful.joins.waiting */
        SELECT task_id, first_open FROM dutiful_joins WHERE task_id > ?1 ORDER BY task_id LIMIT ?2",
    mysql: "/* dutiful.joins.waiting */
        SELECT task_id, first_open FROM dutiful_joins WHERE task_id > ? ORDER BY task_id LIMIT ?",
    postgres: "/* dutiful.joins.waiting */
        SELECT task_id, first_open FROM dutiful_joins
        WHERE task_id > $1::bigint ORDER BY task_id LIMIT $2::bigint",
};

/// Joins that wait for any of these tasks.
const OF_ITEMS: Sql = Sql {
    sqlite: "/* dutiful.joins.of_items */
        SELECT DISTINCT j.task_id, j.first_open
        FROM dutiful_items AS i
        CROSS JOIN dutiful_joins AS j ON j.task_id = i.join_id
        WHERE i.task_id IN (SELECT value FROM json_each(?1))
        ORDER BY j.task_id",
    mysql: "/* dutiful.joins.of_items */
        SELECT DISTINCT j.task_id, j.first_open
        FROM dutiful_items AS i FORCE INDEX (dutiful_items_task)
        STRAIGHT_JOIN dutiful_joins AS j ON j.task_id = i.join_id
        WHERE i.task_id IN (?)
        ORDER BY j.task_id",
    postgres: "/* dutiful.joins.of_items */
        SELECT DISTINCT j.task_id, j.first_open
        FROM dutiful_items AS i
        JOIN dutiful_joins AS j ON j.task_id = i.join_id
        WHERE i.task_id = ANY($1::bigint[])
        ORDER BY j.task_id",
};

/// The first item from a number on that has not ended. One that is gone has.
const FIRST_OPEN: Sql = Sql {
    sqlite: "/* dutiful.joins.first_open */
        SELECT i.number, i.task_id
        FROM dutiful_items AS i
        CROSS JOIN dutiful_tasks AS t ON t.id = i.task_id
        WHERE i.join_id = ?1 AND i.number >= ?2 AND (t.due_at IS NOT NULL OR t.status = 'not_started')
        ORDER BY i.number LIMIT 1",
    mysql: "/* dutiful.joins.first_open */
        SELECT i.number, i.task_id
        FROM dutiful_items AS i FORCE INDEX (PRIMARY)
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = i.task_id
        WHERE i.join_id = ? AND i.number >= ? AND (t.due_at IS NOT NULL OR t.status = 'not_started')
        ORDER BY i.number LIMIT 1",
    postgres: "/* dutiful.joins.first_open */
        SELECT i.number, i.task_id
        FROM dutiful_items AS i
        JOIN dutiful_tasks AS t ON t.id = i.task_id
        WHERE i.join_id = $1::bigint AND i.number >= $2::bigint
          AND (t.due_at IS NOT NULL OR t.status = 'not_started')
        ORDER BY i.number LIMIT 1",
};

/// Notes down that all items before a number have ended, so that nobody looks at them again.
const ADVANCE: Sql = Sql {
    sqlite: "/* dutiful.joins.advance */
        UPDATE dutiful_joins SET first_open = ?1 WHERE task_id = ?2 AND first_open < ?1",
    mysql: "/* dutiful.joins.advance */
        UPDATE dutiful_joins SET first_open = GREATEST(first_open, ?) WHERE task_id = ?",
    postgres: "/* dutiful.joins.advance */
        UPDATE dutiful_joins SET first_open = $1::bigint
        WHERE task_id = $2::bigint AND first_open < $1::bigint",
};

const DONE: Sql = Sql {
    sqlite: "/* dutiful.joins.done */ DELETE FROM dutiful_joins WHERE task_id = ?1",
    mysql: "/* dutiful.joins.done */ DELETE FROM dutiful_joins WHERE task_id = ?",
    postgres: "/* dutiful.joins.done */ DELETE FROM dutiful_joins WHERE task_id = $1::bigint",
};

/// Tasks that are submitted together, and which of them wait for which others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NewTasks {
    pub(crate) tasks: Vec<NewTask>,
    pub(crate) joins: Vec<NewJoin>,
}

/// One that waits: it is held, and its items stand before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewJoin {
    pub(crate) task: usize,
    pub(crate) items: Vec<usize>,
}

impl From<Vec<NewTask>> for NewTasks {
    fn from(tasks: Vec<NewTask>) -> NewTasks {
        let joins = Vec::new();
        NewTasks { tasks, joins }
    }
}

impl NewTasks {
    /// Adds others behind these.
    pub(crate) fn append(&mut self, others: NewTasks) {
        let first = self.tasks.len();
        self.tasks.extend(others.tasks);
        self.joins
            .extend(others.joins.into_iter().map(|join| NewJoin {
                task: first + join.task,
                items: join.items.into_iter().map(|item| first + item).collect(),
            }));
    }
}

/// A join that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    /// The items before this one are known to have ended.
    pub(crate) first_open: i64,
}

/// The first item that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) number: i64,
    pub(crate) task: i64,
}

/// Submits tasks of which some wait for others; the answers stand in their order. In a transaction: all of it
/// or nothing.
pub(crate) async fn submit_together(
    session: &mut impl Session,
    new: &NewTasks,
) -> DbResult<Vec<Submission>> {
    let done = submit(session, &new.tasks).await?;
    insert(session, &done, &new.joins).await?;
    Ok(done)
}

/// Writes what waits for what, of tasks that were submitted in the same transaction.
pub(crate) async fn insert(
    session: &mut impl Session,
    done: &[Submission],
    joins: &[NewJoin],
) -> DbResult<()> {
    let id = |index: usize| {
        let missing = || DbError::new(DbErrorKind::Other, "no answer to a submission");
        done.get(index).map(|done| done.id).ok_or_else(missing)
    };
    for join in joins {
        let join_id = id(join.task)?;
        session.run(&INSERT, vec![join_id.into()]).await?;
        let mut rows = Vec::with_capacity(join.items.len());
        for (number, item) in (0_i64..).zip(&join.items) {
            rows.push(vec![join_id.into(), number.into(), id(*item)?.into()]);
        }
        for chunk in rows.chunks(SUBMIT_STATEMENT_ROWS) {
            let rows = Rows {
                fixed: Vec::new(),
                rows: chunk.to_vec(),
            };
            session.run_rows(&INSERT_ITEMS, rows).await?;
        }
    }
    Ok(())
}

/// Up to [`PAGE`] joins that wait, behind one.
pub(crate) async fn waiting(db: &Db, after: i64) -> DbResult<Vec<Waiting>> {
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = db.read(&WAITING, vec![after.into(), limit.into()]).await?;
    rows.iter().map(row_of_waiting).collect()
}

/// The joins that wait for any of these tasks.
pub(crate) async fn waiting_for(db: &Db, items: Vec<i64>) -> DbResult<Vec<Waiting>> {
    let rows = db.read(&OF_ITEMS, vec![Value::Ints(items)]).await?;
    rows.iter().map(row_of_waiting).collect()
}

fn row_of_waiting(row: &Row) -> DbResult<Waiting> {
    Ok(Waiting {
        id: row.int(0)?,
        first_open: row.int(1)?,
    })
}

/// The first item of a join that has not ended.
pub(crate) async fn first_open(db: &Db, join: Waiting) -> DbResult<Option<Open>> {
    let params = vec![join.id.into(), join.first_open.into()];
    open(&db.read(&FIRST_OPEN, params).await?)
}

fn open(rows: &[Row]) -> DbResult<Option<Open>> {
    let open = |row: &Row| {
        Ok(Open {
            number: row.int(0)?,
            task: row.int(1)?,
        })
    };
    rows.first().map(open).transpose()
}

/// Notes down how far a join's items have come. Safe to repeat.
pub(crate) async fn advance(db: &Db, join: i64, first_open: i64) -> DbResult<()> {
    let params = || vec![first_open.into(), join.into()];
    retry::repeat(|| db.write(&ADVANCE, params())).await?;
    Ok(())
}

/// Makes a join due, if all of its items have still ended, and gives back its name. A join that waits no more,
/// because somebody cancelled it or let it run, is only forgotten. Safe to repeat.
pub(crate) async fn release(db: &Db, join: Waiting) -> DbResult<Option<String>> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        // The row first: of two who release one waits, and what an operator does comes before or after.
        let locked = own.run(&LOCK, vec![join.id.into()]).await?.rows;
        let params = vec![join.id.into(), join.first_open.into()];
        if open(&own.run(&FIRST_OPEN, params).await?.rows)?.is_some() {
            own.rollback().await?;
            return Ok(None);
        }
        let released = match locked.first() {
            Some(row) => make_due(&mut own, row).await?,
            None => None,
        };
        own.run(&DONE, vec![join.id.into()]).await?;
        own.commit().await?;
        Ok(released)
    })
    .await
}

async fn make_due(own: &mut OwnTx, row: &Row) -> DbResult<Option<String>> {
    let Ok(facts) = facts::read(row, 2) else {
        return Ok(None);
    };
    let now = row.time(1)?;
    if facts.state(now) != State::Held {
        return Ok(None);
    }
    let Ok(transition) = decide(&facts, &Event::RunNow, now) else {
        return Ok(None);
    };
    operate::apply(own, row, &facts, &transition, None).await?;
    Ok(row.opt_text(11)?.map(str::to_owned))
}
