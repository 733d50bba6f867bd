//! What is due, now or later, of all task names: by the index that workers claim by.

use super::poll::{self, Level};
use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::Timestamp;
use dutiful_core::limits::LEVELS_MAX;

/// The levels of all names, by skipping through the index: its cost grows with levels, not with rows. SQLite skips
/// from name to name and then from priority to priority: a pair of columns would make it step over rows. MariaDB skips
/// only where it has a range to read and no limit to hope for.
const LEVELS: Sql = Sql {
    sqlite: "/* dutiful.levels */
        WITH RECURSIVE name (task_name) AS (
          SELECT (SELECT MIN(t.task_name) FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_due
                  WHERE t.due_at IS NOT NULL)
          UNION ALL
          SELECT (SELECT MIN(t.task_name) FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_due
                  WHERE t.due_at IS NOT NULL AND t.task_name > name.task_name)
          FROM name WHERE name.task_name IS NOT NULL),
        level (task_name, priority) AS (
          SELECT name.task_name,
                 (SELECT MIN(t.priority) FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_due
                  WHERE t.task_name = name.task_name AND t.due_at IS NOT NULL)
          FROM name WHERE name.task_name IS NOT NULL
          UNION ALL
          SELECT level.task_name,
                 (SELECT MIN(t.priority) FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_due
                  WHERE t.task_name = level.task_name AND t.due_at IS NOT NULL
                    AND t.priority > level.priority)
          FROM level WHERE level.priority IS NOT NULL)
        SELECT level.task_name, level.priority,
               (SELECT MIN(t.due_at) FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_due
                WHERE t.task_name = level.task_name AND t.priority = level.priority
                  AND t.due_at IS NOT NULL),
               dutiful_now()
        FROM level WHERE level.priority IS NOT NULL LIMIT ?1",
    mysql: "/* dutiful.levels */
        SELECT task_name, priority, due_at, UTC_TIMESTAMP(6)
        FROM (SELECT task_name, priority, MIN(due_at) AS due_at
              FROM dutiful_tasks FORCE INDEX FOR GROUP BY (dutiful_tasks_due)
              WHERE task_name >= '' GROUP BY task_name, priority) AS level
        LIMIT ?",
    postgres: "/* dutiful.levels */
        WITH RECURSIVE level (task_name, priority, due_at) AS (
          (SELECT task_name, priority, due_at FROM dutiful_tasks
           WHERE due_at IS NOT NULL ORDER BY task_name, priority, due_at LIMIT 1)
          UNION ALL
          SELECT next.task_name, next.priority, next.due_at
          FROM level CROSS JOIN LATERAL (
            SELECT t.task_name, t.priority, t.due_at FROM dutiful_tasks AS t
            WHERE t.due_at IS NOT NULL
              AND (t.task_name, t.priority) > (level.task_name, level.priority)
            ORDER BY t.task_name, t.priority, t.due_at LIMIT 1) AS next)
        SELECT task_name, priority, due_at, statement_timestamp() FROM level LIMIT $1::bigint",
};

/// The first rows of a level between two due times.
const IDS: Sql = Sql {
    sqlite: "/* dutiful.levels.ids */
        SELECT id FROM dutiful_tasks INDEXED BY dutiful_tasks_due
        WHERE task_name = ?1 AND priority = ?2 AND due_at >= ?3 AND due_at <= ?4
        ORDER BY due_at, id LIMIT ?5",
    mysql: "/* dutiful.levels.ids */
        SELECT id FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
        WHERE task_name = ? AND priority = ? AND due_at >= ? AND due_at <= ?
        ORDER BY due_at, id LIMIT ?",
    postgres: "/* dutiful.levels.ids */
        SELECT id FROM dutiful_tasks
        WHERE task_name = $1::text AND priority = $2::bigint
          AND due_at >= $3::timestamptz AND due_at <= $4::timestamptz
        ORDER BY due_at, id LIMIT $5::bigint",
};

/// A part of a level.
#[derive(Debug)]
pub(crate) struct Piece<'l> {
    pub(crate) level: &'l Level,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) most: usize,
}

/// The levels that have anything due, now or later, at most 1,000: of one name, or of all.
pub(crate) async fn levels(db: &Db, task_name: Option<&str>) -> DbResult<Vec<Level>> {
    if let Some(name) = task_name {
        return Ok(poll::poll(db, &[name.to_owned()]).await?.levels);
    }
    let rows = db.read(&LEVELS, vec![LEVELS_MAX.into()]).await?;
    let mut levels = Vec::with_capacity(rows.len());
    for mut row in rows {
        levels.extend(read(&mut row)?);
    }
    Ok(levels)
}

fn read(row: &mut Row) -> DbResult<Option<Level>> {
    let Some(due_at) = row.opt_time(2)? else {
        return Ok(None);
    };
    let now = row.time(3)?;
    Ok(Some(Level {
        task_name: take_text(row, 0)?.unwrap_or_default(),
        priority: row.int(1)?,
        due_at,
        now,
        due_in: due_at.since(now),
    }))
}

/// The ids of the first rows of a part of a level.
pub(crate) async fn ids(db: &Db, piece: &Piece<'_>) -> DbResult<Vec<i64>> {
    let rows = db.read(&IDS, params(piece)).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

fn params(piece: &Piece<'_>) -> Vec<Value> {
    vec![
        piece.level.task_name.as_str().into(),
        piece.level.priority.into(),
        Value::Since(piece.from),
        piece.until.into(),
        i64::try_from(piece.most).unwrap_or(i64::MAX).into(),
    ]
}
