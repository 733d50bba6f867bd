//! Counts what waits, runs or is held, by what states are derived from. What has ended is in the kept figures.

use super::levels;
use super::poll::Level;
use super::{facts, task_row};
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::limits::{LIVE_COUNTED_IN_ALL, LIVE_COUNTED_MAX};
use dutiful_core::{State, Timestamp};
use std::collections::BTreeMap;

/// Of a name that is counted when many have been counted already.
const FEW: i64 = 100;

/// The first tasks of a level, however long it is. The columns from `status` on are those of a row's facts: times
/// stand for "due" and "not yet due", and counters that no state depends on are 0. SQLite's clock goes on within a
/// statement, so there what is due is due since 1970.
const LEVEL: Sql = Sql {
    sqlite: "/* dutiful.stats.level */
        SELECT COUNT(*), dutiful_now(), status,
               CASE WHEN due = 1 THEN 0 ELSE dutiful_now() + 1000000 END,
               CASE WHEN leased = 1 THEN '' END, 0, 0, 0, 0, error_kind, dedup_scope, due
        FROM (SELECT status, error_kind, dedup_scope, due_at <= dutiful_now() AS due,
                     worker IS NOT NULL AS leased
              FROM dutiful_tasks INDEXED BY dutiful_tasks_due
              WHERE task_name = ?1 AND priority = ?2 AND due_at IS NOT NULL
              ORDER BY due_at, id LIMIT ?3) AS piece
        GROUP BY status, error_kind, dedup_scope, due, leased",
    mysql: "/* dutiful.stats.level */
        SELECT COUNT(*), UTC_TIMESTAMP(6), status,
               CASE WHEN due = 1 THEN UTC_TIMESTAMP(6)
                    ELSE UTC_TIMESTAMP(6) + INTERVAL 1 SECOND END,
               CASE WHEN leased = 1 THEN '' END, 0, 0, 0, 0, error_kind, dedup_scope, due
        FROM (SELECT status, error_kind, dedup_scope, due_at <= UTC_TIMESTAMP(6) AS due,
                     worker IS NOT NULL AS leased
              FROM dutiful_tasks FORCE INDEX (dutiful_tasks_due)
              WHERE task_name = ? AND priority = ? AND due_at IS NOT NULL
              ORDER BY due_at, id LIMIT ?) AS piece
        GROUP BY status, error_kind, dedup_scope, due, leased",
    postgres: "/* dutiful.stats.level */
        SELECT COUNT(*), statement_timestamp(), status,
               CASE WHEN due THEN statement_timestamp()
                    ELSE statement_timestamp() + interval '1 second' END,
               CASE WHEN leased THEN '' END, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
               error_kind, dedup_scope, due::int::bigint
        FROM (SELECT status, error_kind, dedup_scope, due_at <= statement_timestamp() AS due,
                     worker IS NOT NULL AS leased
              FROM dutiful_tasks
              WHERE task_name = $1::text AND priority = $2::bigint AND due_at IS NOT NULL
              ORDER BY due_at, id LIMIT $3::bigint) AS piece
        GROUP BY status, error_kind, dedup_scope, due, leased",
};

/// Tasks without a due time and without a time of their end: those that are held, and what plain SQL has ended
/// without saying when. MySQL has no index of them alone: there the latest tasks are gone through that have not
/// ended, and those with a due time come with them.
const HELD: Sql = Sql {
    sqlite: "/* dutiful.stats.held */
        SELECT COUNT(*), dutiful_now(), status, NULL, NULL, 0, 0, 0, 0, error_kind, dedup_scope,
               task_name, 1
        FROM (SELECT task_name, status, error_kind, dedup_scope
              FROM dutiful_tasks INDEXED BY dutiful_tasks_held
              WHERE due_at IS NULL AND finished_at IS NULL LIMIT ?1) AS piece
        GROUP BY task_name, status, error_kind, dedup_scope",
    mysql: "/* dutiful.stats.held */
        SELECT COUNT(*), UTC_TIMESTAMP(6), status, NULL, NULL, 0, 0, 0, 0, error_kind, dedup_scope,
               task_name, held
        FROM (SELECT task_name, status, error_kind, dedup_scope, due_at IS NULL AS held
              FROM dutiful_tasks FORCE INDEX (dutiful_tasks_finished)
              WHERE finished_at IS NULL ORDER BY id DESC LIMIT ?) AS piece
        GROUP BY task_name, status, error_kind, dedup_scope, held",
    postgres: "/* dutiful.stats.held */
        SELECT COUNT(*), statement_timestamp(), status, NULL::timestamptz, NULL::text,
               0::bigint, 0::bigint, 0::bigint, 0::bigint, error_kind, dedup_scope,
               task_name, 1::bigint
        FROM (SELECT task_name, status, error_kind, dedup_scope
              FROM dutiful_tasks
              WHERE due_at IS NULL AND finished_at IS NULL ORDER BY id LIMIT $1::bigint) AS piece
        GROUP BY task_name, status, error_kind, dedup_scope",
};

/// The database's time, for when there is nothing that tells it.
const NOW: Sql = Sql {
    sqlite: "/* dutiful.stats.now */ SELECT dutiful_now()",
    mysql: "/* dutiful.stats.now */ SELECT UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.stats.now */ SELECT statement_timestamp()",
};

/// What of one name has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) counts: BTreeMap<State, u64>,
    /// Tasks that may be taken now.
    pub(crate) due: u64,
    pub(crate) first_due: Option<Timestamp>,
    /// There are more than were counted.
    pub(crate) capped: bool,
}

/// What has not ended, by task name.
#[derive(Debug, Default)]
pub(crate) struct AllLive {
    pub(crate) names: BTreeMap<String, Live>,
    /// There may be held tasks that were not counted.
    pub(crate) held_capped: bool,
}

/// The database's time.
pub(crate) async fn now(db: &Db) -> DbResult<Timestamp> {
    let rows = db.read(&NOW, Vec::new()).await?;
    rows.first().map_or(Ok(Timestamp::MIN), |row| row.time(0))
}

/// Counts what waits, runs or is held: up to 10,000 tasks of a name, and of all names 50,000 and a few more of each.
pub(crate) async fn live(db: &Db) -> DbResult<AllLive> {
    let mut all = AllLive::default();
    let mut counted = 0;
    for level in levels::levels(db, None).await? {
        let live = all.names.entry(level.task_name.clone()).or_default();
        let of_name = i64::try_from(live.counts.values().sum::<u64>()).unwrap_or(i64::MAX);
        let room = (LIVE_COUNTED_IN_ALL - counted).min(LIVE_COUNTED_MAX - of_name);
        counted += count_level(db, &level, room.max(FEW), live).await?;
    }
    held(db, &mut all).await?;
    Ok(all)
}

async fn count_level(db: &Db, level: &Level, most: i64, live: &mut Live) -> DbResult<i64> {
    let params = vec![
        level.task_name.as_str().into(),
        level.priority.into(),
        most.into(),
    ];
    let mut counted = 0;
    for row in db.read(&LEVEL, params).await? {
        let tasks = row.int(0)?;
        counted += tasks;
        add(live, state(&row)?, tasks);
        if row.int(11)? != 0 {
            live.due += u64::try_from(tasks).unwrap_or(0);
        }
    }
    live.capped |= counted >= most;
    if level.due_at <= level.now {
        let first = live.first_due.get_or_insert(level.due_at);
        *first = level.due_at.min(*first);
    }
    Ok(counted)
}

async fn held(db: &Db, all: &mut AllLive) -> DbResult<()> {
    let mut looked_at = 0;
    for mut row in db.look(&HELD, vec![LIVE_COUNTED_MAX.into()]).await? {
        let tasks = row.int(0)?;
        looked_at += tasks;
        let is_held = row.int(12)? != 0;
        let state = state(&row)?;
        let task_name = task_row::take_text(&mut row, 11)?.unwrap_or_default();
        if is_held {
            add(all.names.entry(task_name).or_default(), state, tasks);
        }
    }
    all.held_capped = looked_at >= LIVE_COUNTED_MAX;
    Ok(())
}

fn state(row: &Row) -> DbResult<State> {
    let facts = facts::read(row, 2).ok();
    Ok(task_row::state(facts.as_ref(), row.time(1)?))
}

fn add(live: &mut Live, state: State, tasks: i64) {
    *live.counts.entry(state).or_default() += u64::try_from(tasks).unwrap_or(0);
}
