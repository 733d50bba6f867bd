//! What is due, and which names are paused: one statement for all task names of a worker.

use crate::db::{Db, DbResult, Dialect, Sql, Value};
use dutiful_core::Timestamp;
use std::collections::HashSet;
use std::time::Duration;

/// The earliest due time of every priority that has anything waiting or leased, by skipping through the
/// index `(task_name, priority, due_at)`: its cost grows with names and priorities, not with rows. Behind them
/// come the names that are paused, as levels without a due time.
const POLL: Sql = Sql {
    sqlite: "/* dutiful.poll */
        WITH RECURSIVE level (task_name, priority) AS (
          SELECT value, (SELECT MIN(t.priority) FROM dutiful_tasks t
                         WHERE t.task_name = value AND t.due_at IS NOT NULL)
          FROM json_each(?1)
          UNION ALL
          SELECT level.task_name, (SELECT MIN(t.priority) FROM dutiful_tasks t
                                   WHERE t.task_name = level.task_name AND t.due_at IS NOT NULL
                                     AND t.priority > level.priority)
          FROM level WHERE level.priority IS NOT NULL)
        SELECT level.task_name, level.priority,
               (SELECT MIN(t.due_at) FROM dutiful_tasks t
                WHERE t.task_name = level.task_name AND t.priority = level.priority
                  AND t.due_at IS NOT NULL),
               dutiful_now(), 0
        FROM level WHERE level.priority IS NOT NULL
        UNION ALL
        SELECT task_name, 0, NULL, dutiful_now(), 1
        FROM dutiful_pauses WHERE task_name IN (SELECT value FROM json_each(?1))",
    mysql:
        "/* dutiful.poll */
        (SELECT task_name, priority, MIN(due_at), UTC_TIMESTAMP(6), 0
         FROM dutiful_tasks FORCE INDEX FOR GROUP BY (dutiful_tasks_due)
         WHERE task_name IN (?)
         GROUP BY task_name, priority)
        UNION ALL
        (SELECT task_name, 0, NULL, UTC_TIMESTAMP(6), 1 FROM dutiful_pauses WHERE task_name IN (?))",
    postgres: "/* dutiful.poll */
        WITH RECURSIVE level (task_name, priority) AS (
          SELECT n, (SELECT MIN(t.priority) FROM dutiful_tasks t
                     WHERE t.task_name = n AND t.due_at IS NOT NULL)
          FROM unnest($1::text[]) n
          UNION ALL
          SELECT level.task_name, (SELECT MIN(t.priority) FROM dutiful_tasks t
                                   WHERE t.task_name = level.task_name AND t.due_at IS NOT NULL
                                     AND t.priority > level.priority)
          FROM level WHERE level.priority IS NOT NULL)
        SELECT level.task_name, level.priority,
               (SELECT MIN(t.due_at) FROM dutiful_tasks t
                WHERE t.task_name = level.task_name AND t.priority = level.priority
                  AND t.due_at IS NOT NULL),
               statement_timestamp(), 0
        FROM level WHERE level.priority IS NOT NULL
        UNION ALL
        SELECT task_name, 0, NULL::timestamptz, statement_timestamp(), 1
        FROM dutiful_pauses WHERE task_name = ANY($1::text[])",
};

/// One priority of one task name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) task_name: String,
    pub(crate) priority: i64,
    /// When the first of its tasks is or was due.
    pub(crate) due_at: Timestamp,
    /// The database's time at the poll.
    pub(crate) now: Timestamp,
    /// How long until the first of its tasks is due; zero when one is due now.
    pub(crate) due_in: Duration,
}

impl Level {
    /// For how long its first task has been due.
    pub(crate) fn late(&self) -> Duration {
        self.now.since(self.due_at)
    }
}

/// What a look has seen.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Levels of all names, also of those that are paused.
    pub(crate) levels: Vec<Level>,
    /// The names that are paused.
    pub(crate) paused: HashSet<String>,
}

/// The levels of the given names; those with nothing to run now or later are not in it.
/// A worker that only has local periodics asks for none.
pub(crate) async fn poll(db: &Db, task_names: &[String]) -> DbResult<Looked> {
    let mut looked = Looked::default();
    if task_names.is_empty() {
        return Ok(looked);
    }
    let names = Value::Texts(task_names.to_vec());
    let params = match db.dialect() {
        // Its placeholders have no numbers: each use is a parameter of its own.
        Dialect::Mysql => vec![names.clone(), names],
        _ => vec![names],
    };
    for row in &db.read(&POLL, params).await? {
        if row.int(4)? != 0 {
            looked.paused.insert(row.text(0)?.to_owned());
            continue;
        }
        let Some(due_at) = row.opt_time(2)? else {
            continue;
        };
        let now = row.time(3)?;
        looked.levels.push(Level {
            task_name: row.text(0)?.to_owned(),
            priority: row.int(1)?,
            due_at,
            now,
            due_in: due_at.since(now),
        });
    }
    Ok(looked)
}
