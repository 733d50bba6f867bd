//! The rows that figures are made of: tasks that ended, attempts that ended otherwise, lines of what left.

use super::left::{self, Line};
use crate::db::{Db, DbResult, Row, Sql, Value};
use crate::store::session::Session;
use crate::store::task_row::take_text;
use crate::store::{facts, task_row};
use dutiful_core::{Figures, Outcome, State, Step, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Most lines of what left that are read at once.
pub(super) const LINES_MAX: usize = 10_000;
/// The shortest time that there is.
pub(super) const INSTANT: Duration = Duration::from_micros(1);

/// Tasks that ended in a range of time, the oldest first, and all lines of what left. One statement, so that both
/// are of one moment: a task is still there, or the line about it is.
///
/// A line has its state where a task has its status.
const TASKS: Sql = Sql {
    sqlite: "/* dutiful.figures.tasks */
        SELECT * FROM (
          SELECT NULL AS line, task_name, finished_at, 1 AS tasks, last_run_at, created_at,
                 status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
          FROM dutiful_tasks INDEXED BY dutiful_tasks_finished
          WHERE finished_at >= ?1 AND finished_at < ?2 ORDER BY finished_at, id LIMIT ?3)
        UNION ALL
        SELECT * FROM (
          SELECT id, task_name, finished_at, tasks, NULL, NULL,
                 state, NULL, NULL, 0, 0, 0, 0, NULL, ''
          FROM dutiful_figures_left ORDER BY id LIMIT ?4)",
    mysql: "/* dutiful.figures.tasks */
        SELECT * FROM (
          SELECT NULL AS line, task_name, finished_at, 1 AS tasks, last_run_at, created_at,
                 status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
          FROM dutiful_tasks FORCE INDEX (dutiful_tasks_finished)
          WHERE finished_at >= ? AND finished_at < ? ORDER BY finished_at, id LIMIT ?) AS ended
        UNION ALL
        SELECT * FROM (
          SELECT id, task_name, finished_at, tasks, NULL, NULL AS never,
                 state, NULL AS due, NULL AS nobody, 0, 0 AS a, 0 AS b, 0 AS c, NULL AS d, '' AS e
          FROM dutiful_figures_left ORDER BY id LIMIT ?) AS gone",
    postgres: "/* dutiful.figures.tasks */
        (SELECT NULL::bigint AS line, task_name, finished_at, 1::bigint AS tasks, last_run_at, created_at,
                status, due_at, worker, attempt::bigint, retries::bigint, max_retries::bigint,
                crashes::bigint, error_kind, dedup_scope
         FROM dutiful_tasks
         WHERE finished_at >= $1::timestamptz AND finished_at < $2::timestamptz
         ORDER BY finished_at, id LIMIT $3::bigint)
        UNION ALL
        (SELECT id, task_name, finished_at, tasks, NULL::timestamptz, NULL::timestamptz,
                state, NULL::timestamptz, NULL::text, 0::bigint, 0::bigint, 0::bigint,
                0::bigint, NULL::text, ''
         FROM dutiful_figures_left ORDER BY id LIMIT $4::bigint)",
};

/// Attempts that did not end in success, in a range of time, the oldest first.
const ATTEMPTS: Sql = Sql {
    sqlite: "/* dutiful.figures.attempts */
        SELECT t.task_name, a.ended_at, a.outcome
        FROM (SELECT task_id, ended_at, outcome
              FROM dutiful_attempts INDEXED BY dutiful_attempts_ended
              WHERE ended_at >= ?1 AND ended_at < ?2 ORDER BY ended_at LIMIT ?3) AS a
        LEFT JOIN dutiful_tasks AS t ON t.id = a.task_id
        ORDER BY a.ended_at",
    mysql: "/* dutiful.figures.attempts */
        SELECT t.task_name, a.ended_at, a.outcome
        FROM (SELECT task_id, ended_at, outcome
              FROM dutiful_attempts FORCE INDEX (dutiful_attempts_ended)
              WHERE ended_at >= ? AND ended_at < ? ORDER BY ended_at LIMIT ?) AS a
        LEFT JOIN dutiful_tasks AS t ON t.id = a.task_id
        ORDER BY a.ended_at",
    postgres: "/* dutiful.figures.attempts */
        SELECT t.task_name, a.ended_at, a.outcome
        FROM (SELECT task_id, ended_at, outcome FROM dutiful_attempts
              WHERE ended_at >= $1::timestamptz AND ended_at < $2::timestamptz
              ORDER BY ended_at LIMIT $3::bigint) AS a
        LEFT JOIN dutiful_tasks AS t ON t.id = a.task_id
        ORDER BY a.ended_at",
};

/// A range of time and how many rows of it are read at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: Timestamp,
    /// Rows of this time are not in it.
    pub(super) before: Timestamp,
    pub(super) most: i64,
}

/// A task that ended.
#[derive(Debug)]
pub(super) struct Ended {
    task_name: String,
    pub(super) finished_at: Timestamp,
    state: Option<State>,
    retried: bool,
    run: Option<Duration>,
    wait: Option<Duration>,
}

/// What one look has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Ended>,
    /// All lines there are, unless there are as many as are read at once.
    pub(super) lines: Vec<Line>,
    /// As many tasks as were asked for: there may be more.
    pub(super) full: bool,
}

impl Found {
    /// Where what was read ends: the time of the last task where more may follow, so that tasks of one time are
    /// never parted. Those of that time are left out.
    pub(super) fn cut(&mut self, range: &Range) -> Timestamp {
        let last = self.tasks.last().map(|task| task.finished_at);
        match last.filter(|_| self.full) {
            None => range.before,
            Some(last) => {
                self.tasks.retain(|task| task.finished_at < last);
                last
            }
        }
    }

    pub(super) fn all_lines(&self) -> bool {
        self.lines.len() < LINES_MAX
    }
}

/// Figures by the begin of their minute and task name.
pub(super) type ByMinute = BTreeMap<(Timestamp, String), Figures>;

/// Reads tasks of a range of time, and the lines.
pub(super) async fn tasks(session: &mut impl Session, range: &Range) -> DbResult<Found> {
    let rows = session.run(&TASKS, params(range)).await?.rows;
    read(rows, range)
}

/// The same without a transaction.
pub(super) async fn look(db: &Db, range: &Range) -> DbResult<Found> {
    read(db.look(&TASKS, params(range)).await?, range)
}

fn params(range: &Range) -> Vec<Value> {
    let lines_max = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
    vec![
        range.from.into(),
        range.before.into(),
        range.most.into(),
        lines_max.into(),
    ]
}

fn read(rows: Vec<Row>, range: &Range) -> DbResult<Found> {
    let mut found = Found::default();
    for mut row in rows {
        if row.is_null(0) {
            found.tasks.push(ended(&mut row)?);
        } else {
            found.lines.extend(left::read(&row, FACTS)?);
        }
    }
    found.full = i64::try_from(found.tasks.len()).is_ok_and(|rows| rows >= range.most);
    Ok(found)
}

/// Where the facts begin.
const FACTS: usize = 6;

fn ended(row: &mut Row) -> DbResult<Ended> {
    let facts = facts::read(row, FACTS).ok();
    let finished_at = row.time(2)?;
    let state = task_row::state(facts.as_ref(), finished_at);
    let (last_run_at, created_at) = (row.opt_time(4)?, row.opt_time(5)?);
    let attempt = row.opt_int(FACTS + 3)?.unwrap_or(0);
    let run = last_run_at.filter(|_| ended_by_run(state));
    let first = last_run_at
        .zip(created_at)
        .filter(|_| attempt == 1)
        .map(|(run, created)| run.since(created));
    Ok(Ended {
        task_name: take_text(row, 1)?.unwrap_or_default(),
        finished_at,
        state: Some(state).filter(|state| state.is_ended()),
        retried: row.opt_int(FACTS + 4)?.unwrap_or(0) > 0,
        run: run.map(|run| finished_at.since(run)),
        wait: first,
    })
}

/// Whether such tasks ended when their last run did. The others were ended by a person, a check or a
/// crash, so that the time since their last claim is no duration of a run.
fn ended_by_run(state: State) -> bool {
    matches!(state, State::Succeeded | State::Failed | State::Discarded)
}

/// Adds tasks up by minute and name.
pub(super) fn add_up(tasks: &[Ended]) -> ByMinute {
    let mut sums = ByMinute::new();
    for task in tasks {
        let Some(state) = task.state else { continue };
        let minute = Step::Minute.begin_of(task.finished_at);
        let figures = sums.entry((minute, name(&task.task_name))).or_default();
        *figures.ended.entry(state).or_default() += 1;
        *figures.kept.entry(state).or_default() += 1;
        figures.retried += i64::from(task.retried);
        if let Some(run) = task.run {
            figures.runs.record(run);
        }
        if let Some(wait) = task.wait {
            figures.waits.record(wait);
        }
    }
    sums
}

/// Takes out of the figures what left of the tasks that ended before a time: the others are in none.
pub(super) fn take_out(sums: &mut ByMinute, lines: &[Line], before: Timestamp) {
    for line in lines.iter().filter(|line| line.finished_at < before) {
        let minute = Step::Minute.begin_of(line.finished_at);
        let change = Figures {
            kept: BTreeMap::from([(line.state, -line.tasks)]),
            ..Figures::default()
        };
        let figures = sums.entry((minute, name(&line.task_name))).or_default();
        figures.add(&change);
    }
}

/// What ended in a range of time and has left, but is still in the figures.
pub(super) fn still_to_leave(lines: &[Line], from: Timestamp, before: Timestamp) -> ByMinute {
    let within = |line: &&Line| line.finished_at >= from && line.finished_at < before;
    let mut sums = ByMinute::new();
    for line in lines.iter().filter(within) {
        let minute = Step::Minute.begin_of(line.finished_at);
        let figures = sums.entry((minute, name(&line.task_name))).or_default();
        *figures.kept.entry(line.state).or_default() += line.tasks;
    }
    sums
}

/// Attempts of a range of time, added up; and where what was read ends. Attempts of one time are never parted,
/// unless there are more of it than are read at once.
pub(super) async fn attempts(
    session: &mut impl Session,
    range: &Range,
) -> DbResult<(ByMinute, Timestamp)> {
    let params: Vec<Value> = vec![range.from.into(), range.before.into(), range.most.into()];
    let mut rows = session.run(&ATTEMPTS, params).await?.rows;
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= range.most);
    let ends = (
        rows.first().map(|row| row.time(1)).transpose()?,
        rows.last().map(|row| row.time(1)).transpose()?,
    );
    let until = match ends {
        (Some(first), Some(last)) if full && first < last => last,
        (_, Some(last)) if full => last.saturating_add(INSTANT),
        _ => range.before,
    };
    let mut sums = ByMinute::new();
    for row in &mut rows {
        let ended_at = row.time(1)?;
        let outcome = row
            .text(2)
            .ok()
            .and_then(|word| word.parse::<Outcome>().ok());
        // An attempt whose task is gone is nobody's.
        let Some(task_name) = take_text(row, 0)? else {
            continue;
        };
        if let Some(outcome) = outcome.filter(|_| ended_at < until) {
            let minute = Step::Minute.begin_of(ended_at);
            let figures = sums.entry((minute, name(&task_name))).or_default();
            *figures.attempts.entry(outcome).or_default() += 1;
        }
    }
    Ok((sums, until))
}

/// Names that differ in spaces at their end are one where they are compared by MySQL. No worker knows such a name.
fn name(task_name: &str) -> String {
    task_name.trim_end_matches(' ').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(second: i64, state: State) -> Ended {
        Ended {
            task_name: "A".to_owned(),
            finished_at: Timestamp::from_micros(second * 1_000_000),
            state: Some(state),
            retried: state == State::Failed,
            run: None,
            wait: None,
        }
    }

    fn range(most: i64) -> Range {
        Range {
            from: Timestamp::MIN,
            before: Timestamp::from_micros(900_000_000),
            most,
        }
    }

    #[test]
    fn tasks_of_one_time_are_never_parted() {
        let mut found = Found {
            tasks: [1, 2, 2]
                .map(|second| task(second, State::Succeeded))
                .into(),
            lines: Vec::new(),
            full: true,
        };
        assert_eq!(found.cut(&range(3)), Timestamp::from_micros(2_000_000));
        assert_eq!(found.tasks.len(), 1);
        found.full = false;
        assert_eq!(found.cut(&range(9)), range(9).before);
    }

    #[test]
    fn what_left_is_taken_out_only_of_what_was_added() {
        let mut sums = add_up(&[task(61, State::Failed), task(62, State::Failed)]);
        let line = |second: i64| Line {
            id: 1,
            task_name: "A".to_owned(),
            state: State::Failed,
            finished_at: Timestamp::from_micros(second * 1_000_000),
            tasks: 1,
        };
        take_out(
            &mut sums,
            &[line(5), line(70)],
            Timestamp::from_micros(60_000_000),
        );
        let key = |minute: i64| (Timestamp::from_micros(minute * 60_000_000), "A".to_owned());
        assert_eq!(sums[&key(0)].kept[&State::Failed], -1);
        assert_eq!(sums[&key(1)].kept[&State::Failed], 2);
        assert_eq!((sums[&key(1)].retried, sums.len()), (2, 2));
    }
}
