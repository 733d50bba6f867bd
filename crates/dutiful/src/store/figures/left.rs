//! What ended and is ended no more, or gone: a line for each kind of it, until it is taken out of the figures.
//!
//! A line is only ever added by who takes the task away, in the same transaction, and waits for nobody: a caller's
//! open transaction holds up no figures.

use crate::db::{DbResult, Row, Rows, Sql, Value};
use crate::store::session::Session;
use dutiful_core::{State, Timestamp};
use std::collections::BTreeMap;

const INSERT: Sql = Sql {
    sqlite: "/* dutiful.figures.left */
        INSERT INTO dutiful_figures_left (task_name, state, finished_at, tasks)
        VALUES (?1, ?2, ?3, ?4)",
    mysql: "/* dutiful.figures.left */
        INSERT INTO dutiful_figures_left (task_name, state, finished_at, tasks)
        VALUES {{(?, ?, ?, ?)}}",
    postgres: "/* dutiful.figures.left */
        INSERT INTO dutiful_figures_left (task_name, state, finished_at, tasks)
        SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[])",
};

const DELETE: Sql = Sql {
    sqlite: "/* dutiful.figures.left.delete */
        DELETE FROM dutiful_figures_left WHERE id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.figures.left.delete */ DELETE FROM dutiful_figures_left WHERE id IN (?)",
    postgres: "/* dutiful.figures.left.delete */
        DELETE FROM dutiful_figures_left WHERE id = ANY($1::bigint[])",
};

/// A task that ended and leaves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leaving {
    pub(crate) task_name: String,
    /// The state that it had ended in.
    pub(crate) state: State,
    pub(crate) finished_at: Timestamp,
}

impl Leaving {
    /// `None` for a task that has not ended, or whose end has no time: it is in no figures.
    pub(crate) fn of(
        task_name: &str,
        state: State,
        finished_at: Option<Timestamp>,
    ) -> Option<Leaving> {
        let finished_at = finished_at.filter(|_| state.is_ended())?;
        Some(Leaving {
            task_name: task_name.to_owned(),
            state,
            finished_at,
        })
    }
}

/// Writes that these leave. It belongs into the transaction in which they do.
pub(crate) async fn leave(
    session: &mut impl Session,
    leaving: impl IntoIterator<Item = Leaving>,
) -> DbResult<()> {
    let mut lines: BTreeMap<Leaving, i64> = BTreeMap::new();
    for one in leaving {
        *lines.entry(one).or_default() += 1;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let row = |(one, tasks): (Leaving, i64)| -> Vec<Value> {
        vec![
            one.task_name.into(),
            one.state.as_str().into(),
            one.finished_at.into(),
            tasks.into(),
        ]
    };
    let rows = Rows {
        fixed: Vec::new(),
        rows: lines.into_iter().map(row).collect(),
    };
    session.run_rows(&INSERT, rows).await?;
    Ok(())
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) task_name: String,
    pub(super) state: State,
    pub(super) finished_at: Timestamp,
    pub(super) tasks: i64,
}

/// Removes lines that have been taken out of the figures.
pub(super) async fn delete(session: &mut impl Session, lines: &[Line]) -> DbResult<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let ids = lines.iter().map(|line| line.id).collect();
    session.run(&DELETE, vec![Value::Ints(ids)]).await?;
    Ok(())
}

/// Reads a row of `id, task_name, finished_at, tasks` and the state as text at `state`. `None` for a line that
/// means nothing.
pub(super) fn read(row: &Row, state: usize) -> DbResult<Option<Line>> {
    let Ok(state) = row.text(state)?.parse() else {
        return Ok(None);
    };
    Ok(Some(Line {
        id: row.int(0)?,
        task_name: row.text(1)?.to_owned(),
        state,
        finished_at: row.time(2)?,
        tasks: row.int(3)?,
    }))
}
