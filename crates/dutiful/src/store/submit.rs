//! Writes new tasks, or merges them into the ones that hold their slots.

mod mysql_ids;
mod statement;

use super::merge;
use super::session::Session;
use crate::db::{DbError, DbErrorKind, DbResult, Dialect, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::SUBMIT_STATEMENT_ROWS;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What a transaction goes back to when a slot is taken. The server undoes a failed statement by itself; but
/// a Galera node of MariaDB sends the rows that it had written until then to the others all the same, and is
/// thrown out of its cluster. Going back takes them out.
const SAVEPOINT: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.submit.savepoint */ SAVEPOINT dutiful_submit",
    postgres: "",
};

const BACK_TO_SAVEPOINT: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.submit.back */ ROLLBACK TO SAVEPOINT dutiful_submit",
    postgres: "",
};

/// Ids of new tasks by submission key.
pub(crate) type Created = HashMap<[u8; 16], i64>;

/// When a new task may run first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// This long after the database's now.
    After(Duration),
    /// At a time of the caller's choice.
    At(Timestamp),
    /// Not before somebody releases it.
    Held,
}

/// The slot that a task wants to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    /// 32 bytes of a digest, or the 16 of the submission key for a task without dedup.
    pub(crate) key: Vec<u8>,
    /// How the scope is stored.
    pub(crate) scope: &'static str,
    /// For the scope `window`: how long the slot is kept.
    pub(crate) window: Option<Duration>,
}

/// A task as it is submitted; everything in it is checked already.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewTask {
    pub(crate) task_name: String,
    /// Canonical JSON.
    pub(crate) payload: String,
    pub(crate) payload_version: i64,
    pub(crate) priority: i64,
    pub(crate) max_retries: i64,
    pub(crate) start: Start,
    pub(crate) slot: Slot,
    /// Made by the client, so that a submission whose answer was lost is found again.
    pub(crate) submission_key: [u8; 16],
    /// On a merge: whether a task that still waits takes this payload.
    pub(crate) replace_payload: bool,
}

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Submission {
    pub(crate) id: i64,
    pub(crate) merged: bool,
}

/// Writes the tasks, in order. On a taken slot the task that holds it takes the submission. Begins no
/// transaction: in one, it is all or nothing; without one, only a single task may be given.
pub(crate) async fn submit(
    session: &mut impl Session,
    tasks: &[NewTask],
) -> DbResult<Vec<Submission>> {
    let mut done = Vec::with_capacity(tasks.len());
    for chunk in tasks.chunks(SUBMIT_STATEMENT_ROWS) {
        let created = insert(session, chunk).await?;
        for task in chunk {
            match created.get(&task.submission_key) {
                Some(id) => done.push(Submission {
                    id: *id,
                    merged: false,
                }),
                None => done.push(merge::merge(session, task).await?),
            }
        }
    }
    Ok(done)
}

/// Inserts those whose slots are free, with one statement, and gives back their ids by submission key. The
/// tasks are of different slots. On MySQL a slot that is taken fails all of it.
pub(crate) async fn insert_free(
    session: &mut impl Session,
    tasks: &[NewTask],
) -> DbResult<Created> {
    let (statement, rows) = statement::insert(tasks);
    let reply = session.run_rows(statement, rows).await?;
    match session.dialect() {
        Dialect::Postgres => by_key(&reply.rows),
        Dialect::Mysql => mysql_ids::inserted(session, tasks, &reply.inserted).await,
        Dialect::Sqlite => {
            let made = tasks.iter().zip(&reply.inserted);
            let made = made.filter(|(_, inserted)| inserted.rows == 1);
            Ok(made
                .map(|(task, inserted)| (task.submission_key, inserted.first_id))
                .collect())
        }
    }
}

/// Inserts what finds its slot free; gives back the ids by submission key.
async fn insert(session: &mut impl Session, tasks: &[NewTask]) -> DbResult<Created> {
    if session.dialect() != Dialect::Mysql {
        return insert_free(session, tasks).await;
    }
    if tasks.len() > 1 && !repeats_a_slot(tasks) {
        session.run(&SAVEPOINT, Vec::new()).await?;
        match insert_free(session, tasks).await {
            Err(error) if error.kind == DbErrorKind::Duplicate => {
                // It fails where no transaction is open, and then there is nothing to undo.
                let _ = session.run(&BACK_TO_SAVEPOINT, Vec::new()).await;
            }
            result => return result,
        }
    }
    let mut created = HashMap::new();
    for task in tasks {
        if let Some(id) = insert_one(session, task).await? {
            created.insert(task.submission_key, id);
        }
    }
    Ok(created)
}

/// Inserts one task; `None` when its slot is taken.
pub(super) async fn insert_one(
    session: &mut impl Session,
    task: &NewTask,
) -> DbResult<Option<i64>> {
    let (statement, rows) = statement::insert_one(task);
    match session.run_rows(statement, rows).await {
        Ok(reply) if session.dialect() == Dialect::Postgres => {
            reply.rows.first().map(|row| row.int(0)).transpose()
        }
        Ok(reply) => {
            let made = reply.inserted.first();
            Ok(made
                .filter(|inserted| inserted.rows == 1)
                .map(|inserted| inserted.first_id))
        }
        Err(error)
            if session.dialect() == Dialect::Mysql && error.kind == DbErrorKind::Duplicate =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn repeats_a_slot(tasks: &[NewTask]) -> bool {
    let mut seen = HashSet::new();
    tasks
        .iter()
        .any(|task| !seen.insert((&task.task_name, &task.slot.key)))
}

fn by_key(rows: &[Row]) -> DbResult<Created> {
    let mut created = HashMap::with_capacity(rows.len());
    for row in rows {
        let key = row
            .opt_bytes(1)?
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        created.insert(
            key.ok_or_else(|| DbError::decode(1, "a submission key of 16 bytes"))?,
            row.int(0)?,
        );
    }
    Ok(created)
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
