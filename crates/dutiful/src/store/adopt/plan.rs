//! What is to be written for each row, going by what is here already.

use super::mark::{Mark, Print, print};
use super::write::{Fate, NewRow};
use crate::db::{DbResult, Row, Rows, Sql, Value};
use crate::store::session::Session;
use crate::store::{facts, task_row};
use dutiful_core::{TaskFacts, Versioned};
use std::collections::HashMap;

pub(super) const CURRENT: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.current */
        SELECT id, submission_key, task_name, task_payload, payload_version, priority,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id IN (?) ORDER BY id",
    postgres: "",
};

/// As `CURRENT`, locked in the order of ids, as everybody locks them.
pub(super) const LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.lock */
        SELECT id, submission_key, task_name, task_payload, payload_version, priority,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id FOR UPDATE",
    postgres: "",
};

/// Where the facts begin in both.
const FACTS: usize = 6;

/// Who holds these slots. A key tells the task name too.
const HOLDERS: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.holders */
        SELECT t.dedup_key, t.id
        FROM JSON_TABLE(?, '$[*]' COLUMNS (dedup_key VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (dutiful_tasks_dedup)
          ON t.dedup_key = UNHEX(new.dedup_key)",
    postgres: "",
};

/// What is to be done about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Insert,
    /// The row has this mark and nobody has touched it.
    Refresh(Mark),
    /// Nothing, because of what it came to before.
    Leave(Left),
}

/// Why a row is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    AlreadyThere,
    ChangedHere,
    IdTaken,
}

impl Plan {
    pub(super) fn fate(self, same_as: Option<i64>) -> Fate {
        match self {
            Plan::Insert => Fate::Copied { same_as },
            Plan::Refresh(_) => Fate::Refreshed { same_as },
            Plan::Leave(Left::AlreadyThere) => Fate::AlreadyThere,
            Plan::Leave(Left::ChangedHere) => Fate::ChangedHere,
            Plan::Leave(Left::IdTaken) => Fate::IdTaken,
        }
    }
}

/// Reads what is here under the ids of the rows, by `CURRENT` or `LOCK`, and plans.
pub(super) async fn plan(
    session: &mut impl Session,
    sql: &'static Sql,
    table: &str,
    rows: &[&NewRow],
) -> DbResult<Vec<Plan>> {
    let ids = Value::Ints(rows.iter().map(|row| row.id).collect());
    let mut here = HashMap::new();
    for row in session.run(sql, vec![ids]).await?.rows {
        here.insert(row.int(0)?, row);
    }
    let plan = |row: &&NewRow| match here.get(&row.id) {
        None => Ok(Plan::Insert),
        Some(current) => beside(row, current, table),
    };
    rows.iter().map(plan).collect()
}

fn beside(row: &NewRow, current: &Row, table: &str) -> DbResult<Plan> {
    let Some(mark) = Mark::read(current.opt_bytes(1)?, table) else {
        return Ok(Plan::Leave(Left::IdTaken));
    };
    if mark.old() == row.old() {
        return Ok(Plan::Leave(Left::AlreadyThere));
    }
    let untouched = current.opt_text(2)? == Some(&*row.task_name)
        && as_it_is(current).is_some_and(|print| print == mark.new_row());
    Ok(match untouched {
        true => Plan::Refresh(mark),
        false => Plan::Leave(Left::ChangedHere),
    })
}

/// The print of a row here; `None` when it holds what only others write.
fn as_it_is(row: &Row) -> Option<Print> {
    let facts = facts::read(row, FACTS).ok()?;
    let payload = row.opt_text(3).ok()??;
    let (version, priority) = (row.int(4).ok()?, row.int(5).ok()?);
    (!facts.leased).then(|| state_print(&facts, payload, version, priority))
}

/// Tells apart all that a claim, an edit or an operator can change.
pub(super) fn state_print(
    facts: &TaskFacts,
    payload: &str,
    payload_version: i64,
    priority: i64,
) -> Print {
    let task = Versioned {
        status: facts.status,
        due_at: facts.due_at,
        attempt: facts.attempt,
        retries: facts.retries,
        max_retries: facts.max_retries,
        priority,
        crashes: facts.crashes,
        payload_version,
        payload: &task_row::json(payload),
    };
    print([task.text()])
}

/// Who holds which slot, as far as is known.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<Vec<u8>, i64>);

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// For each row that is to be written and wants a slot: the other task that holds it, if any. Free ones go to
/// the rows in their order.
pub(super) async fn give_slots(
    session: &mut impl Session,
    rows: &[&NewRow],
    plans: &[Plan],
    slots: &mut Slots,
) -> DbResult<Vec<Option<i64>>> {
    let wanted = |(row, plan): (&&NewRow, &Plan)| match plan {
        Plan::Leave(_) => None,
        Plan::Insert | Plan::Refresh(_) => row.slot.map(|key| key.as_bytes().to_vec()),
    };
    let wanted: Vec<Option<Vec<u8>>> = rows.iter().zip(plans).map(wanted).collect();
    let keys: Vec<Vec<Value>> = wanted
        .iter()
        .flatten()
        .map(|key| vec![key.clone().into()])
        .collect();
    let keys = Rows {
        fixed: Vec::new(),
        rows: keys,
    };
    if !keys.is_empty() {
        for row in session.run_rows(&HOLDERS, keys).await?.rows {
            let key = row.opt_bytes(0)?.unwrap_or_default().to_vec();
            slots.0.insert(key, row.int(1)?);
        }
    }
    let give = |(row, key): (&&NewRow, Option<Vec<u8>>)| {
        let holder = *slots.0.entry(key?).or_insert(row.id);
        (holder != row.id).then_some(holder)
    };
    Ok(rows.iter().zip(wanted).map(give).collect())
}
