//! Adds what has ended since to the figures, a bounded piece in one transaction.

use super::source::{self, INSTANT, Range};
use super::until::{self, Until};
use super::{kept, left};
use crate::db::{Db, DbResult, Dialect, Sql, Value};
use crate::store::session::OwnTx;
use crate::store::{retry, submit};
use dutiful_core::Timestamp;
use std::time::Duration;

/// How long ago something must have ended to be added: the statement that wrote its end has committed by then, or
/// is found by a check.
pub(super) const MARGIN: Duration = Duration::from_secs(10);
/// Most rows in one piece.
const ROWS: i64 = 10_000;

/// Whether there is anything to add, or to take out: one statement, which locks nothing.
const WAITING: Sql = Sql {
    sqlite: "/* dutiful.figures.waiting */
        SELECT EXISTS (SELECT 1 FROM dutiful_tasks AS t INDEXED BY dutiful_tasks_finished
                       WHERE t.finished_at >= u.tasks_until AND t.finished_at < dutiful_now() - ?1)
            OR EXISTS (SELECT 1 FROM dutiful_attempts AS a
                       WHERE a.ended_at >= u.attempts_until AND a.ended_at < dutiful_now() - ?1)
            OR EXISTS (SELECT 1 FROM dutiful_figures_left)
        FROM dutiful_figures_until AS u WHERE u.id = 1",
    mysql: "/* dutiful.figures.waiting */
        SELECT EXISTS (SELECT 1 FROM dutiful_tasks AS t FORCE INDEX (dutiful_tasks_finished)
                       WHERE t.finished_at >= u.tasks_until
                         AND t.finished_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)
            OR EXISTS (SELECT 1 FROM dutiful_attempts AS a
                       WHERE a.ended_at >= u.attempts_until
                         AND a.ended_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)
            OR EXISTS (SELECT 1 FROM dutiful_figures_left)
        FROM dutiful_figures_until AS u WHERE u.id = 1",
    postgres: "/* dutiful.figures.waiting */
        SELECT (EXISTS (SELECT 1 FROM dutiful_tasks AS t
                        WHERE t.finished_at >= u.tasks_until
                          AND t.finished_at < statement_timestamp() - $1::bigint * interval '1 microsecond')
             OR EXISTS (SELECT 1 FROM dutiful_attempts AS a
                        WHERE a.ended_at >= u.attempts_until
                          AND a.ended_at < statement_timestamp() - $1::bigint * interval '1 microsecond')
             OR EXISTS (SELECT 1 FROM dutiful_figures_left))::int::bigint
        FROM dutiful_figures_until AS u WHERE u.id = 1",
};

/// What one call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Nothing was left to do, or somebody else does it.
    Done,
    /// There is more to do.
    More,
}

/// Whether there is something to add. What idle workers ask.
async fn waiting(db: &Db) -> DbResult<bool> {
    let margin = Value::from(submit::micros(MARGIN));
    // MySQL's placeholders have no numbers: each use is a parameter of its own.
    let uses = if db.dialect() == Dialect::Mysql { 2 } else { 1 };
    let params = std::iter::repeat_n(margin, uses).collect();
    let rows = db.read(&WAITING, params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.int(0)? != 0))
}

/// Adds one piece. Nothing is written when nothing has ended. Safe to repeat.
pub(crate) async fn fold(db: &Db) -> DbResult<Folded> {
    if !waiting(db).await? {
        return Ok(Folded::Done);
    }
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let Some(before) = until::lock(&mut own).await? else {
            own.rollback().await?;
            return Ok(Folded::Done);
        };
        let tasks = tasks(&mut own, &before).await?;
        let attempts = attempts(&mut own, &before).await?;
        if !tasks.found && !attempts.found {
            own.rollback().await?;
            return Ok(Folded::Done);
        }
        let after = Until {
            tasks: tasks.until,
            attempts: attempts.until,
            ..before
        };
        until::advance(&mut own, &after).await?;
        own.commit().await?;
        let closed = closed(&after);
        let more = after.tasks < closed || after.attempts < closed;
        Ok(if more { Folded::More } else { Folded::Done })
    })
    .await
}

/// What became of one kind of rows.
struct Added {
    /// How far the figures have come.
    until: Timestamp,
    /// There was something to add, or to take out. Where nothing has ended nothing is written, so that a quiet
    /// database stays quiet.
    found: bool,
}

/// What ended before this time is added.
fn closed(until: &Until) -> Timestamp {
    until.now.saturating_sub(MARGIN)
}

/// Adds tasks, and takes out what left.
async fn tasks(own: &mut OwnTx, until: &Until) -> DbResult<Added> {
    let mut range = Range {
        from: until.tasks,
        before: closed(until).max(until.tasks),
        most: ROWS,
    };
    let mut found = source::tasks(own, &range).await?;
    let mut end = found.cut(&range);
    if found.full && found.tasks.is_empty() {
        // More of one time than one piece holds: all of that time at once.
        range = Range {
            from: end,
            before: end.saturating_add(INSTANT),
            most: i64::MAX,
        };
        found = source::tasks(own, &range).await?;
        end = range.before;
    }
    // While there are lines that were not read, one of them may be about a task that is gone, and later it would be
    // taken for one about a task that was added.
    if !found.all_lines() {
        found.tasks.clear();
        end = until.tasks;
    }
    let mut sums = source::add_up(&found.tasks);
    source::take_out(&mut sums, &found.lines, until.tasks);
    kept::add(own, &kept::Reach::at(until.now), &sums).await?;
    left::delete(own, &found.lines).await?;
    Ok(Added {
        until: end,
        found: !found.tasks.is_empty() || !found.lines.is_empty(),
    })
}

async fn attempts(own: &mut OwnTx, until: &Until) -> DbResult<Added> {
    let range = Range {
        from: until.attempts,
        before: closed(until).max(until.attempts),
        most: ROWS,
    };
    let (sums, end) = source::attempts(own, &range).await?;
    kept::add(own, &kept::Reach::at(until.now), &sums).await?;
    Ok(Added {
        until: end,
        found: !sums.is_empty(),
    })
}
