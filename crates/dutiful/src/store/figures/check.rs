//! Counts again what is in the figures, and puts them right.
//!
//! A transaction may commit long after the time that it wrote as the end: its worker stood still, or a caller
//! settled in a transaction of its own. Such a task is missing from its minute, and plain SQL may remove what is in
//! one. So each minute is counted again soon after and once more long after; all of it can be counted again at will.

use super::fold::MARGIN;
use super::kept::{self, Kept, Reach};
use super::source::{self, ByMinute, INSTANT, Range};
use super::until::{self, Until};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Dialect, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};
use dutiful_core::{Figures, Outcome, State, Step, Timestamp};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How old a minute is when it is counted again, and once more.
const SOON: Duration = Duration::from_secs(2 * 60);
const LATER: Duration = Duration::from_secs(60 * 60);
/// Most spans that are counted in one transaction.
const SPANS: u32 = 30;
/// Rows that are read at once where a count is wrong.
const ROWS: i64 = 10_000;
/// How long somebody else who changes the figures is waited for, and between two looks whether they are free.
const BUSY_MAX: Duration = Duration::from_secs(60);
const BUSY_LOOK: Duration = Duration::from_millis(50);

/// How many tasks and attempts a span of time holds, and how many left it whose lines are still there.
const COUNT: Sql = Sql {
    sqlite: "/* dutiful.figures.count */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks INDEXED BY dutiful_tasks_finished
                WHERE finished_at >= ?1 AND finished_at < ?2),
               (SELECT COALESCE(SUM(tasks), 0) FROM dutiful_figures_left
                WHERE finished_at >= ?1 AND finished_at < ?2),
               (SELECT COUNT(*) FROM dutiful_attempts WHERE ended_at >= ?1 AND ended_at < ?2)",
    mysql: "/* dutiful.figures.count */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks FORCE INDEX (dutiful_tasks_finished)
                WHERE finished_at >= ? AND finished_at < ?),
               (SELECT CAST(COALESCE(SUM(tasks), 0) AS SIGNED) FROM dutiful_figures_left
                WHERE finished_at >= ? AND finished_at < ?),
               (SELECT COUNT(*) FROM dutiful_attempts WHERE ended_at >= ? AND ended_at < ?)",
    postgres: "/* dutiful.figures.count */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks
                WHERE finished_at >= $1::timestamptz AND finished_at < $2::timestamptz),
               (SELECT COALESCE(SUM(tasks), 0)::bigint FROM dutiful_figures_left
                WHERE finished_at >= $1::timestamptz AND finished_at < $2::timestamptz),
               (SELECT COUNT(*) FROM dutiful_attempts
                WHERE ended_at >= $1::timestamptz AND ended_at < $2::timestamptz)",
};

/// The first time at or after another at which something ended.
const NEXT: Sql = Sql {
    sqlite: "/* dutiful.figures.next */
        SELECT (SELECT MIN(finished_at) FROM dutiful_tasks INDEXED BY dutiful_tasks_finished
                WHERE finished_at >= ?1),
               (SELECT MIN(begins_at) FROM dutiful_figures WHERE step = ?2 AND begins_at >= ?1)",
    mysql: "/* dutiful.figures.next */
        SELECT (SELECT MIN(finished_at) FROM dutiful_tasks WHERE finished_at >= ?),
               (SELECT MIN(begins_at) FROM dutiful_figures WHERE step = ? AND begins_at >= ?)",
    postgres: "/* dutiful.figures.next */
        SELECT (SELECT MIN(finished_at) FROM dutiful_tasks WHERE finished_at >= $1::timestamptz),
               (SELECT MIN(begins_at) FROM dutiful_figures
                WHERE step = $2::text AND begins_at >= $1::timestamptz)",
};

/// What counting again has put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Repaired {
    /// Spans of time that were counted.
    pub(crate) spans: u64,
    /// Spans whose figures were wrong.
    pub(crate) wrong: u64,
    /// By how many tasks and attempts they were.
    pub(crate) off: u64,
}

impl Repaired {
    fn add(&mut self, other: Repaired) {
        self.spans += other.spans;
        self.wrong += other.wrong;
        self.off += other.off;
    }
}

/// Counts minutes again that are old enough and have not been, a bounded number of them. Gives back whether more
/// are left, and what was wrong. Safe to repeat.
pub(crate) async fn check(db: &Db) -> DbResult<(bool, Repaired)> {
    let Some(seen) = until::read(db).await? else {
        return Ok((false, Repaired::default()));
    };
    if due(&seen).is_none() {
        return Ok((false, Repaired::default()));
    }
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let Some(mut until) = until::lock(&mut own).await? else {
            own.rollback().await?;
            return Ok((false, Repaired::default()));
        };
        let mut repaired = Repaired::default();
        for _ in 0..SPANS {
            let Some((minute, again)) = due(&until) else {
                break;
            };
            // Spans in which nothing ended, or was thought to, are passed over.
            let found = next(&mut own, Step::Minute, minute).await?;
            let limit = limit(&until, again);
            let minute = found.unwrap_or(limit).min(limit);
            let mut end = minute;
            if minute < limit {
                end = minute.saturating_add(Step::Minute.length());
                repaired.add(span(&mut own, &until, Step::Minute, minute).await?);
            }
            match again {
                false => until.checked = end,
                true => until.checked_again = end,
            }
        }
        until::advance(&mut own, &until).await?;
        own.commit().await?;
        Ok((due(&until).is_some(), repaired))
    })
    .await
}

/// The next minute to be counted again, and whether that is once more.
fn due(until: &Until) -> Option<(Timestamp, bool)> {
    let reach = Reach::at(until.now);
    [(until.checked, false), (until.checked_again, true)]
        .into_iter()
        .map(|(checked, again)| (checked.max(reach.minutes), again))
        .find(|(minute, again)| *minute < limit(until, *again))
}

/// Minutes before this one are old enough to be counted again.
fn limit(until: &Until, again: bool) -> Timestamp {
    let age = if again { LATER } else { SOON };
    // The minute that the figures have come to is one of them, once it is over.
    let come_to = until.tasks.saturating_add(Step::Minute.length());
    Step::Minute.begin_of(until.now.saturating_sub(age).min(come_to))
}

/// Counts everything again, span by span, each in a transaction of its own: minutes where they are kept, then hours,
/// then days. `told` hears of each span. It also finds its way when somebody has removed the row of how far the
/// figures have come.
pub(crate) async fn recount(db: &Db, told: &(dyn Fn(Timestamp) + Sync)) -> DbResult<Repaired> {
    until::restore(db, MARGIN).await?;
    let mut all = Repaired::default();
    let mut from = Timestamp::MIN;
    let mut busy_since = None;
    loop {
        match retry::repeat(|| recount_next(db, from)).await? {
            Recounted::Span { next, repaired } => {
                all.add(repaired);
                from = next;
                busy_since = None;
                told(from);
            }
            Recounted::Busy => {
                let since = busy_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= BUSY_MAX {
                    let text = "somebody has locked the row of `dutiful_figures_until` and does not let go";
                    return Err(DbError::new(DbErrorKind::Transient, text));
                }
                tokio::time::sleep(BUSY_LOOK).await;
            }
            Recounted::End => return Ok(all),
        }
    }
}

/// What counting one span again came to.
enum Recounted {
    Span {
        next: Timestamp,
        repaired: Repaired,
    },
    /// Somebody else changes the figures just now.
    Busy,
    /// There are no more spans.
    End,
}

/// Counts the next span again. Safe to repeat.
async fn recount_next(db: &Db, from: Timestamp) -> DbResult<Recounted> {
    let mut own = OwnTx::begin(db).await?;
    let Some(until) = until::lock(&mut own).await? else {
        own.rollback().await?;
        return Ok(Recounted::Busy);
    };
    let found = next_span(&mut own, &until, from).await?;
    let Some((step, begin)) = found.filter(|(_, begin)| *begin < until.tasks) else {
        own.rollback().await?;
        return Ok(Recounted::End);
    };
    let repaired = span(&mut own, &until, step, begin).await?;
    match repaired.wrong {
        0 => own.rollback().await?,
        _ => {
            until::advance(&mut own, &until).await?;
            own.commit().await?;
        }
    }
    let next = begin.saturating_add(step.length());
    Ok(Recounted::Span { next, repaired })
}

/// The next span, of the finest step that is kept, in which something ended or is thought to have.
async fn next_span(
    own: &mut OwnTx,
    until: &Until,
    from: Timestamp,
) -> DbResult<Option<(Step, Timestamp)>> {
    let reach = Reach::at(until.now);
    let mut from = from;
    loop {
        let step = reach.finest(from);
        let begin = next(own, step, from).await?;
        let ends = match step {
            Step::Minute => return Ok(begin.map(|begin| (step, begin))),
            Step::Hour => reach.minutes,
            Step::Day => reach.hours,
        };
        match begin.filter(|begin| *begin < ends) {
            Some(begin) => return Ok(Some((step, begin))),
            None => from = ends,
        }
    }
}

/// When the next span of a step begins that is not empty.
async fn next(
    session: &mut impl Session,
    step: Step,
    from: Timestamp,
) -> DbResult<Option<Timestamp>> {
    let mut params: Vec<Value> = vec![from.into(), step.as_str().into()];
    if session.dialect() == Dialect::Mysql {
        params.push(from.into());
    }
    let rows = session.run(&NEXT, params).await?.rows;
    let time = |index| rows.first().map(|row| row.opt_time(index)).transpose();
    let (ended, kept) = (time(0)?.flatten(), time(1)?.flatten());
    Ok(ended
        .into_iter()
        .chain(kept)
        .min()
        .map(|time| step.begin_of(time)))
}

/// Counts one span of a step, and puts its figures right, and those of all coarser ones. What ended at or after
/// the time that the figures have come to is not in them.
async fn span(own: &mut OwnTx, until: &Until, step: Step, begin: Timestamp) -> DbResult<Repaired> {
    let end = begin.saturating_add(step.length()).min(until.tasks);
    let kept = kept::between(own, step.as_str(), begin, end).await?;
    let counted = count(own, begin, end).await?;
    let tasks: i64 = kept.iter().map(|row| row.figures.kept_in_all()).sum();
    let attempts: i64 = kept
        .iter()
        .flat_map(|row| row.figures.attempts.values())
        .sum();
    let mut repaired = Repaired {
        spans: 1,
        ..Repaired::default()
    };
    // Attempts go with their tasks, and stay counted: only what is missing is added.
    let missing = counted.attempts > attempts && end <= until.attempts;
    if counted.tasks + counted.lines == tasks && !missing {
        return Ok(repaired);
    }
    let Some(fresh) = read_again(own, begin, end).await? else {
        return Ok(repaired);
    };
    let changes = differences(begin, &kept, &fresh);
    repaired.off = changes.values().map(off).sum();
    repaired.wrong = u64::from(repaired.off > 0);
    kept::add(own, &Reach::at(until.now), &changes).await?;
    Ok(repaired)
}

/// What a span holds.
struct Counted {
    tasks: i64,
    lines: i64,
    attempts: i64,
}

async fn count(own: &mut OwnTx, begin: Timestamp, end: Timestamp) -> DbResult<Counted> {
    let range: [Value; 2] = [begin.into(), end.into()];
    let uses = if own.dialect() == Dialect::Mysql {
        3
    } else {
        1
    };
    let params = std::iter::repeat_n(range, uses).flatten().collect();
    let rows = own.run(&COUNT, params).await?.rows;
    let number = |index| rows.first().map_or(Ok(0), |row| row.int(index));
    Ok(Counted {
        tasks: number(0)?,
        lines: number(1)?,
        attempts: number(2)?,
    })
}

/// What a span's figures should be, by task name. `None` while there are more lines of what left than are read at
/// once: they go with the next additions.
async fn read_again(
    own: &mut OwnTx,
    begin: Timestamp,
    end: Timestamp,
) -> DbResult<Option<BTreeMap<String, Figures>>> {
    let mut sums = ByMinute::new();
    let range = |from| Range {
        from,
        before: end,
        most: ROWS,
    };
    let mut from = begin;
    while from < end {
        let mut found = source::tasks(own, &range(from)).await?;
        if !found.all_lines() {
            return Ok(None);
        }
        let mut until = found.cut(&range(from));
        if found.full && found.tasks.is_empty() {
            until = until.saturating_add(INSTANT);
            let one_time = Range {
                before: until,
                most: i64::MAX,
                ..range(from)
            };
            found = source::tasks(own, &one_time).await?;
        }
        merge(&mut sums, source::add_up(&found.tasks));
        // These will be taken out later, so they must be in.
        merge(&mut sums, source::still_to_leave(&found.lines, from, until));
        from = until;
    }
    let mut from = begin;
    while from < end {
        let (attempts, until) = source::attempts(own, &range(from)).await?;
        merge(&mut sums, attempts);
        from = until;
    }
    let mut by_name: BTreeMap<String, Figures> = BTreeMap::new();
    for ((_, task_name), figures) in sums {
        by_name.entry(task_name).or_default().add(&figures);
    }
    Ok(Some(by_name))
}

fn merge(sums: &mut ByMinute, more: ByMinute) {
    for (key, figures) in more {
        sums.entry(key).or_default().add(&figures);
    }
}

/// What must be added to the kept figures to put them right. What ended and left stays counted as ended.
fn differences(begin: Timestamp, kept: &[Kept], fresh: &BTreeMap<String, Figures>) -> ByMinute {
    let old: BTreeMap<&str, &Figures> = kept
        .iter()
        .map(|row| (row.task_name.as_str(), &row.figures))
        .collect();
    let (nothing, mut changes) = (Figures::default(), ByMinute::new());
    let names = old.keys().copied().chain(fresh.keys().map(String::as_str));
    for name in names {
        let old = old.get(name).copied().unwrap_or(&nothing);
        let new = fresh.get(name).unwrap_or(&nothing);
        let change = difference(old, new);
        if change != nothing {
            changes.insert((begin, name.to_owned()), change);
        }
    }
    changes
}

fn difference(old: &Figures, new: &Figures) -> Figures {
    let mut change = Figures::default();
    for &state in State::ALL {
        let of = |sums: &BTreeMap<State, i64>| sums.get(&state).copied().unwrap_or(0);
        let difference = of(&new.kept) - of(&old.kept);
        if difference != 0 {
            change.kept.insert(state, difference);
        }
        if difference > 0 {
            change.ended.insert(state, difference);
        }
    }
    for &outcome in Outcome::ALL {
        let of = |sums: &BTreeMap<Outcome, i64>| sums.get(&outcome).copied().unwrap_or(0);
        let difference = of(&new.attempts) - of(&old.attempts);
        if difference > 0 {
            change.attempts.insert(outcome, difference);
        }
    }
    // Durations are those of tasks that are still there: they tell of all only when none has left.
    if old.ended == old.kept && new.ended == new.kept {
        change.retried = new.retried - old.retried;
        change.runs.add(&new.runs);
        change.runs.take_away(&old.runs);
        change.waits.add(&new.waits);
        change.waits.take_away(&old.waits);
    }
    change
}

/// How many tasks and attempts a change is about.
fn off(change: &Figures) -> u64 {
    let numbers = change.kept.values().chain(change.attempts.values());
    numbers.map(|number| number.unsigned_abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(ended: i64, kept: i64) -> Figures {
        Figures {
            ended: BTreeMap::from([(State::Succeeded, ended)]),
            kept: BTreeMap::from([(State::Succeeded, kept)]),
            ..Figures::default()
        }
    }

    #[test]
    fn what_was_missing_is_added_and_what_is_gone_is_taken_out_and_stays_counted_as_ended() {
        let late = difference(&figures(2, 2), &figures(3, 3));
        assert_eq!(late, figures(1, 1));
        let gone = difference(&figures(5, 5), &figures(3, 3));
        assert_eq!(gone.kept[&State::Succeeded], -2);
        assert!(gone.ended.is_empty());
        assert_eq!((off(&late), off(&gone)), (1, 2));
    }

    #[test]
    fn attempts_that_went_with_their_tasks_stay_counted() {
        let mut old = Figures::default();
        old.attempts.insert(Outcome::Failed, 5);
        old.attempts.insert(Outcome::TimedOut, 1);
        let mut new = Figures::default();
        new.attempts.insert(Outcome::Failed, 3);
        new.attempts.insert(Outcome::TimedOut, 2);
        let change = difference(&old, &new);
        assert_eq!(change.attempts, BTreeMap::from([(Outcome::TimedOut, 1)]));
    }

    #[test]
    fn durations_are_put_right_only_where_no_task_has_left() {
        let mut new = figures(2, 2);
        new.runs.record(Duration::from_secs(1));
        assert_eq!(difference(&figures(1, 1), &new).runs.count(), 1);
        assert_eq!(difference(&figures(4, 1), &new).runs.count(), 0);
    }

    #[test]
    fn minutes_are_counted_soon_after_and_once_more_long_after() {
        let now: Timestamp = "2026-03-29T13:45:30Z".parse().unwrap();
        let mut until = Until {
            version: 0,
            tasks: now,
            attempts: now,
            checked: Timestamp::MIN,
            checked_again: Timestamp::MIN,
            now,
        };
        assert_eq!(due(&until), Some((Reach::at(now).minutes, false)));
        until.checked = "2026-03-29T13:43:00Z".parse().unwrap();
        assert_eq!(due(&until), Some((Reach::at(now).minutes, true)));
        until.checked_again = "2026-03-29T12:45:00Z".parse().unwrap();
        assert_eq!(due(&until), None);
    }
}
