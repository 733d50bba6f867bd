//! The kept figures: a row for each minute, hour and day in which something of a name ended, and one for all time.

use crate::db::{Db, DbError, DbErrorKind, DbResult, Dialect, Row, Rows, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};
use crate::store::task_row::take_text;
use dutiful_core::limits::{DAYS_KEPT, HOURS_KEPT, MINUTES_KEPT, SERIES_ROWS_MAX};
use dutiful_core::{Figures, Step, Timestamp};
use std::collections::BTreeMap;

/// The word for all time.
pub(super) const ALL: &str = "all";
const STEPS: [&str; 4] = [
    Step::Minute.as_str(),
    Step::Hour.as_str(),
    Step::Day.as_str(),
    ALL,
];
/// Rows of figures that are removed by one statement.
const FORGET_ROWS: i64 = 1_000;

const READ: Sql = Sql {
    sqlite: "/* dutiful.figures.read */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = ?1 AND begins_at = ?2 AND task_name = ?3",
    mysql: "/* dutiful.figures.read */
        SELECT f.step, f.begins_at, f.task_name, f.figures
        FROM JSON_TABLE(?, '$[*]' COLUMNS (
               step VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[0]', begins_at DATETIME(6) PATH '$[1]',
               task_name VARCHAR(100) CHARACTER SET utf8mb4 PATH '$[2]')) AS wanted
        STRAIGHT_JOIN dutiful_figures AS f FORCE INDEX (PRIMARY)
          ON f.step = wanted.step COLLATE utf8mb4_bin AND f.begins_at = wanted.begins_at
         AND f.task_name = wanted.task_name COLLATE utf8mb4_bin",
    postgres: "/* dutiful.figures.read */
        SELECT f.step, f.begins_at, f.task_name, f.figures
        FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS wanted (step, begins_at, task_name)
        JOIN dutiful_figures AS f ON f.step = wanted.step AND f.begins_at = wanted.begins_at
         AND f.task_name = wanted.task_name",
};

const WRITE: Sql = Sql {
    sqlite: "/* dutiful.figures.write */
        INSERT INTO dutiful_figures (step, begins_at, task_name, figures) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (step, begins_at, task_name) DO UPDATE SET figures = excluded.figures",
    mysql: "/* dutiful.figures.write */
        INSERT INTO dutiful_figures (step, begins_at, task_name, figures)
        VALUES {{(?, ?, ?, ?)}}
        ON DUPLICATE KEY UPDATE figures = VALUES(figures)",
    postgres: "/* dutiful.figures.write */
        INSERT INTO dutiful_figures (step, begins_at, task_name, figures)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[])
        ON CONFLICT (step, begins_at, task_name) DO UPDATE SET figures = excluded.figures",
};

/// The rows of one step between two times, of one name or of all, the latest first.
const BETWEEN: Sql = Sql {
    sqlite: "/* dutiful.figures.between */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = ?1 AND begins_at >= ?2 AND begins_at < ?3 AND (?4 IS NULL OR task_name = ?4)
        ORDER BY step DESC, begins_at DESC, task_name DESC LIMIT ?5",
    mysql: "/* dutiful.figures.between */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = ? AND begins_at >= ? AND begins_at < ? AND (? IS NULL OR task_name = ?)
        ORDER BY step DESC, begins_at DESC, task_name DESC LIMIT ?",
    postgres: "/* dutiful.figures.between */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = $1::text AND begins_at >= $2::timestamptz AND begins_at < $3::timestamptz
          AND ($4::text IS NULL OR task_name = $4::text)
        ORDER BY step DESC, begins_at DESC, task_name DESC LIMIT $5::bigint",
};

/// The first rows of one step before a time.
const OLD: Sql = Sql {
    sqlite: "/* dutiful.figures.old */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = ?1 AND begins_at < ?2 ORDER BY begins_at, task_name LIMIT ?3",
    mysql: "/* dutiful.figures.old */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = ? AND begins_at < ? ORDER BY begins_at, task_name LIMIT ?",
    postgres: "/* dutiful.figures.old */
        SELECT step, begins_at, task_name, figures FROM dutiful_figures
        WHERE step = $1::text AND begins_at < $2::timestamptz
        ORDER BY begins_at, task_name LIMIT $3::bigint",
};

const FORGET: Sql = Sql {
    sqlite: "/* dutiful.figures.forget */
        DELETE FROM dutiful_figures WHERE step = ?1 AND begins_at = ?2 AND task_name = ?3",
    mysql: "/* dutiful.figures.forget */
        DELETE f
        FROM JSON_TABLE(?, '$[*]' COLUMNS (
               step VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[0]', begins_at DATETIME(6) PATH '$[1]',
               task_name VARCHAR(100) CHARACTER SET utf8mb4 PATH '$[2]')) AS old
        STRAIGHT_JOIN dutiful_figures AS f
          ON f.step = old.step COLLATE utf8mb4_bin AND f.begins_at = old.begins_at
         AND f.task_name = old.task_name COLLATE utf8mb4_bin",
    postgres: "/* dutiful.figures.forget */
        DELETE FROM dutiful_figures AS f
        USING unnest($1::text[], $2::timestamptz[], $3::text[]) AS old (step, begins_at, task_name)
        WHERE f.step = old.step AND f.begins_at = old.begins_at AND f.task_name = old.task_name",
};

/// Which row: step, begin, task name.
pub(super) type Key = (&'static str, Timestamp, String);

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) begins_at: Timestamp,
    pub(super) task_name: String,
    pub(super) figures: Figures,
}

/// From when on each step is kept. What is finer is kept from a begin of what is coarser on, so that every time
/// has a finest step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) minutes: Timestamp,
    pub(super) hours: Timestamp,
    pub(super) days: Timestamp,
}

impl Reach {
    pub(super) fn at(now: Timestamp) -> Reach {
        Reach {
            minutes: Step::Hour.begin_of(now.saturating_sub(MINUTES_KEPT)),
            hours: Step::Day.begin_of(now.saturating_sub(HOURS_KEPT)),
            days: Step::Day.begin_of(now.saturating_sub(DAYS_KEPT)),
        }
    }

    /// The finest step that is kept of a time.
    pub(super) fn finest(&self, time: Timestamp) -> Step {
        if time >= self.minutes {
            Step::Minute
        } else if time >= self.hours {
            Step::Hour
        } else {
            Step::Day
        }
    }

    /// The rows that what happened at a time is added to.
    pub(super) fn keys(&self, time: Timestamp, task_name: &str) -> Vec<Key> {
        let finest = self.finest(time);
        let steps = [Step::Minute, Step::Hour, Step::Day].into_iter();
        let coarser = steps.filter(|step| *step >= finest);
        let key = |step: Step| (step.as_str(), step.begin_of(time), task_name.to_owned());
        let all = (ALL, Timestamp::MIN, task_name.to_owned());
        coarser.map(key).chain([all]).collect()
    }
}

/// Adds to the figures. The row of `until` is locked, so that nobody else does.
pub(super) async fn add(
    session: &mut impl Session,
    reach: &Reach,
    changes: &BTreeMap<(Timestamp, String), Figures>,
) -> DbResult<()> {
    let mut sums: BTreeMap<Key, Figures> = BTreeMap::new();
    for ((time, task_name), change) in changes {
        for key in reach.keys(*time, task_name) {
            sums.entry(key).or_default().add(change);
        }
    }
    if sums.is_empty() {
        return Ok(());
    }
    let wanted = Rows {
        fixed: Vec::new(),
        rows: sums.keys().map(key_row).collect(),
    };
    for mut row in session.run_rows(&READ, wanted).await?.rows {
        let step = STEPS.iter().find(|step| row.text(0) == Ok(step));
        let kept = read(&mut row)?;
        let key = step.map(|step| (*step, kept.begins_at, kept.task_name));
        if let Some(sum) = key.and_then(|key| sums.get_mut(&key)) {
            sum.add(&kept.figures);
        }
    }
    let mut rows = Vec::with_capacity(sums.len());
    for (key, figures) in &sums {
        let mut row = key_row(key);
        row.push(text(figures)?.into());
        rows.push(row);
    }
    let fixed = Vec::new();
    session.run_rows(&WRITE, Rows { fixed, rows }).await?;
    Ok(())
}

fn key_row((step, begins_at, task_name): &Key) -> Vec<Value> {
    vec![
        (*step).into(),
        (*begins_at).into(),
        task_name.as_str().into(),
    ]
}

/// The rows of a step that begin between two times, the latest first, at most 50,000.
pub(super) async fn between(
    session: &mut impl Session,
    step: &str,
    from: Timestamp,
    before: Timestamp,
) -> DbResult<Vec<Kept>> {
    let params = between_params(session.dialect(), step, from, before, None);
    read_all(session.run(&BETWEEN, params).await?.rows)
}

/// The same of one name or of all, without a transaction.
pub(super) async fn look(
    db: &Db,
    step: &str,
    from: Timestamp,
    before: Timestamp,
    task_name: Option<&str>,
) -> DbResult<Vec<Kept>> {
    let params = between_params(db.dialect(), step, from, before, task_name);
    read_all(db.look(&BETWEEN, params).await?)
}

fn between_params(
    dialect: Dialect,
    step: &str,
    from: Timestamp,
    before: Timestamp,
    task_name: Option<&str>,
) -> Vec<Value> {
    let name = Value::from(task_name.map(str::to_owned));
    // MySQL's placeholders have no numbers: each use is a parameter of its own.
    let uses = if dialect == Dialect::Mysql { 2 } else { 1 };
    let range = [step.into(), from.into(), before.into()].into_iter();
    let rest = std::iter::repeat_n(name, uses).chain([SERIES_ROWS_MAX.into()]);
    range.chain(rest).collect()
}

fn read_all(rows: Vec<Row>) -> DbResult<Vec<Kept>> {
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

/// Removes what has been kept for long enough. Of days that goes only when nothing is stored any more that ended
/// then.
pub(crate) async fn forget(db: &Db) -> DbResult<()> {
    let Some(until) = super::until::read(db).await? else {
        return Ok(());
    };
    let reach = Reach::at(until.now);
    let steps = [
        (Step::Minute, reach.minutes),
        (Step::Hour, reach.hours),
        (Step::Day, reach.days),
    ];
    for (step, before) in steps {
        loop {
            let params: Vec<Value> = vec![step.as_str().into(), before.into(), FORGET_ROWS.into()];
            let rows = db.read(&OLD, params).await?;
            let full = rows.len() == usize::try_from(FORGET_ROWS).unwrap_or(usize::MAX);
            let mut old = Vec::new();
            for mut row in rows {
                let kept = read(&mut row)?;
                if step != Step::Day || kept.figures.kept.is_empty() {
                    old.push(key_row(&(step.as_str(), kept.begins_at, kept.task_name)));
                }
            }
            // Somebody else at the figures: what is old can wait for the next time.
            let removes = !old.is_empty() && retry::repeat(|| remove(db, old.clone())).await?;
            if !full || !removes {
                break;
            }
        }
    }
    Ok(())
}

/// Under the lock, as every change of figures; `false` when somebody else has it.
async fn remove(db: &Db, rows: Vec<Vec<Value>>) -> DbResult<bool> {
    let mut own = OwnTx::begin(db).await?;
    if super::until::lock(&mut own).await?.is_none() {
        own.rollback().await?;
        return Ok(false);
    }
    let fixed = Vec::new();
    own.run_rows(&FORGET, Rows { fixed, rows }).await?;
    own.commit().await?;
    Ok(true)
}

fn read(row: &mut Row) -> DbResult<Kept> {
    let figures = take_text(row, 3)?.unwrap_or_default();
    Ok(Kept {
        begins_at: row.time(1)?,
        task_name: take_text(row, 2)?.unwrap_or_default(),
        figures: serde_json::from_str(&figures)
            .map_err(|error| DbError::decode(3, &format!("figures were expected: {error}")))?,
    })
}

fn text(figures: &Figures) -> DbResult<String> {
    serde_json::to_string(figures)
        .map_err(|error| DbError::new(DbErrorKind::Other, format!("figures as text: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_time_has_a_finest_step_and_all_coarser_ones() {
        let reach = Reach::at(at("2026-03-29T13:45:00Z"));
        assert_eq!(reach.minutes, at("2026-03-28T13:00:00Z"));
        assert_eq!(reach.hours, at("2026-02-27T00:00:00Z"));
        let steps = |time: &str| -> Vec<&str> {
            let keys = reach.keys(at(time), "A");
            keys.into_iter().map(|(step, ..)| step).collect()
        };
        assert_eq!(
            steps("2026-03-29T13:44:00Z"),
            ["minute", "hour", "day", "all"]
        );
        assert_eq!(steps("2026-03-28T12:59:59Z"), ["hour", "day", "all"]);
        assert_eq!(steps("2026-02-26T23:59:59Z"), ["day", "all"]);
    }
}
