//! Writes copied rows under their old ids. Safe to repeat, and for several to do at once.

use super::mark::{Mark, Print, print};
use super::plan::{CURRENT, LOCK, Plan, Slots, give_slots, plan, state_print};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Rows, Sql, Value};
use crate::store::retry;
use crate::store::session::{Autocommit, OwnTx, Session};
use dutiful_core::limits::ADOPT_KEYS_MAX;
use dutiful_core::{Adopted, DedupKey, StoredScope, TaskFacts, Timestamp};
use std::collections::HashMap;

const LOOK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.look */ SELECT id, submission_key FROM dutiful_tasks WHERE id IN (?)",
    postgres: "",
};

const INSERT: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.insert */
        INSERT INTO dutiful_tasks
          (task_payload, status, created_at, due_at, last_run_at, finished_at, retries, max_retries,
           error_kind, error_message, result_data, dedup_key, dedup_scope, submission_key, id, task_name)
        VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
    postgres: "",
};

/// A name never changes.
const REFRESH: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.refresh */
        UPDATE dutiful_tasks
        SET task_payload = ?, status = ?, created_at = ?, due_at = ?, last_run_at = ?, finished_at = ?,
            retries = ?, max_retries = ?, error_kind = ?, error_message = ?, result_data = ?,
            dedup_key = ?, dedup_scope = ?, submission_key = ?
        WHERE id = ? AND submission_key = ? AND attempt = 0",
    postgres: "",
};

/// The version of the payload's form, and the priority, that a row gets by default.
const PAYLOAD_VERSION: i64 = 1;
const PRIORITY: i64 = 0;

/// A row to be, under the id that it has in the other table.
#[derive(Debug, Clone)]
pub(crate) struct NewRow {
    pub(crate) id: i64,
    pub(crate) task_name: String,
    pub(crate) payload: String,
    pub(crate) task: Adopted,
    pub(crate) last_run_at: Option<Timestamp>,
    pub(crate) error_message: Option<String>,
    pub(crate) result: Option<String>,
    /// The slot that it holds if nobody else does.
    pub(crate) slot: Option<DedupKey>,
    pub(crate) scope: StoredScope,
    /// Everything that it was made from.
    pub(crate) made_from: Vec<Vec<u8>>,
    /// The database's time when that was read.
    pub(crate) now: Timestamp,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Written. Another task holds its slot, if any is named.
    Copied { same_as: Option<i64> },
    /// It was there, untouched, and was brought up to the old row.
    Refreshed { same_as: Option<i64> },
    /// It is there, and the old row is as it was when it was copied.
    AlreadyThere,
    /// The old row has changed since, and so has the one here, which stays.
    ChangedHere,
    /// Another task has its id.
    IdTaken,
}

/// Writes the rows, which are in the order of their ids, in one transaction.
pub(crate) async fn write(db: &Db, table: &str, rows: &[NewRow]) -> DbResult<Vec<Fate>> {
    retry::repeat(|| async {
        let fates = look(db, table, rows).await?;
        let open = without_fate(rows, &fates);
        if open.is_empty() {
            return Ok(joined(fates, Vec::new()));
        }
        let mut own = OwnTx::begin(db).await?;
        match in_transaction(&mut own, table, &open).await {
            Ok(written) => {
                own.commit().await?;
                Ok(joined(fates, written))
            }
            Err(error) => {
                own.rollback().await?;
                Err(somebody_was_first(error))
            }
        }
    })
    .await
}

/// What [`write()`] would come to. Changes nothing; `slots` are those that earlier rows would have taken.
pub(crate) async fn foresee(
    db: &Db,
    table: &str,
    rows: &[NewRow],
    slots: &mut Slots,
) -> DbResult<Vec<Fate>> {
    let fates = look(db, table, rows).await?;
    let open = without_fate(rows, &fates);
    if open.is_empty() {
        return Ok(joined(fates, Vec::new()));
    }
    if slots.len() > ADOPT_KEYS_MAX {
        slots.clear();
    }
    let mut session = Autocommit(db);
    let plans = plan(&mut session, &CURRENT, table, &open).await?;
    let same = give_slots(&mut session, &open, &plans, slots).await?;
    let foreseen = plans.iter().zip(same).map(|(plan, same)| plan.fate(same));
    Ok(joined(fates, foreseen.collect()))
}

/// Another run, or a submission, has taken an id or a slot since they were looked for: the next look finds it.
fn somebody_was_first(error: DbError) -> DbError {
    match error.kind {
        DbErrorKind::Duplicate => DbError {
            kind: DbErrorKind::Transient,
            ..error
        },
        _ => error,
    }
}

/// What a look without locks tells: in a run that comes again that is all, of most rows.
async fn look(db: &Db, table: &str, rows: &[NewRow]) -> DbResult<Vec<Option<Fate>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = Value::Ints(rows.iter().map(|row| row.id).collect());
    let mut there: HashMap<i64, Option<Mark>> = HashMap::new();
    for row in db.read(&LOOK, vec![ids]).await? {
        there.insert(row.int(0)?, Mark::read(row.opt_bytes(1)?, table));
    }
    let fate = |row: &NewRow| match there.get(&row.id)? {
        None => Some(Fate::IdTaken),
        Some(mark) if mark.old() == row.old() => Some(Fate::AlreadyThere),
        Some(_) => None,
    };
    Ok(rows.iter().map(fate).collect())
}

fn without_fate<'r>(rows: &'r [NewRow], fates: &[Option<Fate>]) -> Vec<&'r NewRow> {
    let both = rows.iter().zip(fates);
    both.filter(|(_, fate)| fate.is_none())
        .map(|(row, _)| row)
        .collect()
}

/// The fates that were open come from `later`, in the same order.
fn joined(fates: Vec<Option<Fate>>, later: Vec<Fate>) -> Vec<Fate> {
    let mut later = later.into_iter();
    fates
        .into_iter()
        .filter_map(|fate| fate.or_else(|| later.next()))
        .collect()
}

async fn in_transaction(own: &mut OwnTx, table: &str, rows: &[&NewRow]) -> DbResult<Vec<Fate>> {
    let plans = plan(own, &LOCK, table, rows).await?;
    let same = give_slots(own, rows, &plans, &mut Slots::default()).await?;
    let mut inserts = Vec::new();
    let mut fates = Vec::with_capacity(rows.len());
    for ((row, plan), same) in rows.iter().zip(plans).zip(same) {
        let mut values = row.values(table, same.is_none());
        match plan {
            Plan::Insert => {
                values.extend([row.id.into(), row.task_name.as_str().into()]);
                inserts.push(values);
            }
            Plan::Refresh(mark) => {
                values.extend([row.id.into(), mark.0.to_vec().into()]);
                if own.run(&REFRESH, values).await?.affected != 1 {
                    let text = format!("task {} changed while it was locked; try again", row.id);
                    return Err(DbError::new(DbErrorKind::Transient, text));
                }
            }
            Plan::Leave(_) => {}
        }
        fates.push(plan.fate(same));
    }
    let inserts = Rows {
        fixed: Vec::new(),
        rows: inserts,
    };
    if !inserts.is_empty() {
        own.run_rows(&INSERT, inserts).await?;
    }
    Ok(fates)
}

impl NewRow {
    /// The print of everything that it was made from.
    pub(super) fn old(&self) -> Print {
        print(&self.made_from)
    }

    /// The row as decisions see it, before anybody has touched it.
    pub(crate) fn facts(&self) -> TaskFacts {
        TaskFacts {
            status: self.task.status,
            due_at: self.task.due_at,
            leased: false,
            attempt: 0,
            retries: self.task.retries,
            max_retries: self.task.max_retries,
            crashes: 0,
            error_kind: self.task.error_kind,
            dedup_scope: self.scope,
        }
    }

    /// The columns that both statements write, in their order.
    fn values(&self, table: &str, slot_is_free: bool) -> Vec<Value> {
        let task = &self.task;
        let as_new = state_print(&self.facts(), &self.payload, PAYLOAD_VERSION, PRIORITY);
        let slot = self.slot.filter(|_| slot_is_free);
        vec![
            self.payload.as_str().into(),
            task.status.as_str().into(),
            task.created_at.into(),
            task.due_at.into(),
            self.last_run_at.into(),
            task.finished_at.into(),
            task.retries.into(),
            task.max_retries.into(),
            task.error_kind.map(|kind| kind.as_str().to_owned()).into(),
            self.error_message.clone().into(),
            self.result.clone().into(),
            slot.map(|key| key.as_bytes().to_vec()).into(),
            self.scope.as_str().into(),
            Mark::new(table, self.old(), as_new).0.to_vec().into(),
        ]
    }
}
