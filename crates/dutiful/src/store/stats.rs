//! Counts tasks by what their states are derived from.

use super::{facts, task_row};
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::{State, Timestamp};

/// One pass over the table. The time comes with it even when there are no tasks; a sub-select fixes it
/// where a call would be made again for each row.
///
/// The columns from `status` on are those of a row's facts: times stand for "due" and "not yet due", and
/// counters that no state depends on are 0.
const STATS: Sql = Sql {
    sqlite: "/* dutiful.stats */
        SELECT clock.now, g.task_name, g.tasks, g.retried, g.timed, g.run_time, g.first_due,
               g.status,
               CASE WHEN g.due IS NULL THEN NULL WHEN g.due = 1 THEN clock.now
                    ELSE clock.now + 1000000 END,
               CASE WHEN g.leased = 1 THEN '' END, 0, 0, 0, 0, g.error_kind, g.dedup_scope
        FROM (SELECT dutiful_now() AS now) AS clock
        LEFT JOIN (
          SELECT task_name, status, error_kind, dedup_scope,
                 due_at <= (SELECT dutiful_now()) AS due, worker IS NOT NULL AS leased,
                 retries > 0 AS retried, COUNT(*) AS tasks,
                 COUNT(CASE WHEN finished_at IS NOT NULL THEN last_run_at END) AS timed,
                 COALESCE(SUM(finished_at - last_run_at), 0) AS run_time, MIN(due_at) AS first_due
          FROM dutiful_tasks
          GROUP BY task_name, status, error_kind, dedup_scope, due, leased, retried) AS g ON TRUE",
    mysql: "/* dutiful.stats */
        SELECT clock.now, g.task_name, g.tasks, g.retried, g.timed, g.run_time, g.first_due,
               g.status,
               CASE WHEN g.due IS NULL THEN NULL WHEN g.due = 1 THEN clock.now
                    ELSE clock.now + INTERVAL 1 SECOND END,
               CASE WHEN g.leased = 1 THEN '' END, 0, 0, 0, 0, g.error_kind, g.dedup_scope
        FROM (SELECT UTC_TIMESTAMP(6) AS now) AS clock
        LEFT JOIN (
          SELECT task_name, status, error_kind, dedup_scope,
                 due_at <= UTC_TIMESTAMP(6) AS due, worker IS NOT NULL AS leased,
                 retries > 0 AS retried, COUNT(*) AS tasks,
                 COUNT(CASE WHEN finished_at IS NOT NULL THEN last_run_at END) AS timed,
                 CAST(COALESCE(SUM(TIMESTAMPDIFF(MICROSECOND, last_run_at, finished_at)), 0) AS SIGNED)
                   AS run_time,
                 MIN(due_at) AS first_due
          FROM dutiful_tasks
          GROUP BY task_name, status, error_kind, dedup_scope, due, leased, retried) AS g ON TRUE",
    postgres: "/* dutiful.stats */
        SELECT clock.now, g.task_name, g.tasks, g.retried, g.timed, g.run_time, g.first_due,
               g.status,
               CASE WHEN g.due IS NULL THEN NULL WHEN g.due THEN clock.now
                    ELSE clock.now + interval '1 second' END,
               CASE WHEN g.leased THEN '' END, 0, 0, 0, 0, g.error_kind, g.dedup_scope
        FROM (SELECT statement_timestamp() AS now) AS clock
        LEFT JOIN (
          SELECT task_name, status, error_kind, dedup_scope,
                 due_at <= statement_timestamp() AS due, worker IS NOT NULL AS leased,
                 retries > 0 AS retried, COUNT(*) AS tasks,
                 COUNT(CASE WHEN finished_at IS NOT NULL THEN last_run_at END) AS timed,
                 COALESCE(SUM(EXTRACT(EPOCH FROM (finished_at - last_run_at))) * 1000000, 0)::bigint
                   AS run_time,
                 MIN(due_at) AS first_due
          FROM dutiful_tasks
          GROUP BY task_name, status, error_kind, dedup_scope, due, leased, retried) AS g ON TRUE",
};

/// The tasks of one name that are in one state, and in the same relation to time and retries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) task_name: String,
    pub(crate) state: State,
    /// May be taken now.
    pub(crate) due: bool,
    /// Has had failed runs.
    pub(crate) retried: bool,
    pub(crate) tasks: u64,
    /// How many of them have both begun and finished.
    pub(crate) timed: u64,
    /// The durations of those in microseconds, added up.
    pub(crate) run_micros: u64,
    pub(crate) first_due: Option<Timestamp>,
}

/// The counts at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) groups: Vec<Group>,
}

/// Where the facts begin in the statement.
const FACTS: usize = 7;

/// Counts all tasks. It reads the whole table.
pub(crate) async fn stats(db: &Db) -> DbResult<Groups> {
    let rows = db.read(&STATS, Vec::new()).await?;
    let mut now = Timestamp::MIN;
    let mut groups = Vec::with_capacity(rows.len());
    for mut row in rows {
        now = row.time(0)?;
        if let Some(task_name) = task_row::take_text(&mut row, 1)? {
            groups.push(read(&row, task_name, now)?);
        }
    }
    Ok(Groups { now, groups })
}

fn read(row: &Row, task_name: String, now: Timestamp) -> DbResult<Group> {
    let facts = facts::read(row, FACTS).ok();
    Ok(Group {
        task_name,
        state: task_row::state(facts.as_ref(), now),
        due: row.opt_time(FACTS + 1)?.is_some_and(|due_at| due_at <= now),
        retried: row.int(3)? != 0,
        tasks: count(row, 2)?,
        timed: count(row, 4)?,
        run_micros: count(row, 5)?,
        first_due: row.opt_time(6)?,
    })
}

/// Never below zero, whatever a clock that was set back has left in the rows.
fn count(row: &Row, index: usize) -> DbResult<u64> {
    Ok(u64::try_from(row.int(index)?).unwrap_or(0))
}
