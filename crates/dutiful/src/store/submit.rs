//! Writes new tasks, or merges them into the ones that hold their slots.

use super::merge;
use super::session::Session;
use crate::db::{DbError, DbErrorKind, DbResult, Dialect, Inserted, Row, Rows, Sql, Value};
use dutiful_core::Timestamp;
use dutiful_core::limits::SUBMIT_STATEMENT_ROWS;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Inserts tasks. Where the slot is taken nothing is written; the merge is decided afterwards by the core.
/// MySQL cannot tell which of many rows it skipped, so there a taken slot fails the statement (as a whole)
/// and the rows are written one by one.
const INSERT: Sql = Sql {
    sqlite: "/* dutiful.submit */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, payload_version, priority, max_retries, created_at, due_at,
           dedup_key, dedup_scope, dedup_until, submission_key)
        VALUES (?1, ?2, ?3, ?4, ?5, dutiful_now(), COALESCE(?6, dutiful_now() + ?7),
                ?8, ?9, dutiful_now() + ?10, ?11)
        ON CONFLICT (task_name, dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING",
    mysql: "/* dutiful.submit */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, payload_version, priority, max_retries, due_at,
           dedup_key, dedup_scope, dedup_until, submission_key)
        VALUES {{(?, ?, ?, ?, ?, COALESCE(?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND),
                 ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, ?)}}",
    postgres: "/* dutiful.submit */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, payload_version, priority, max_retries, due_at,
           dedup_key, dedup_scope, dedup_until, submission_key)
        SELECT task_name, task_payload, payload_version, priority, max_retries,
               COALESCE(run_at, statement_timestamp() + delay * interval '1 microsecond'),
               dedup_key, dedup_scope, statement_timestamp() + slot_time * interval '1 microsecond',
               submission_key
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                    $7::bigint[], $8::bytea[], $9::text[], $10::bigint[], $11::bytea[])
             AS new (task_name, task_payload, payload_version, priority, max_retries, run_at, delay,
                     dedup_key, dedup_scope, slot_time, submission_key)
        ON CONFLICT (task_name, dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING
        RETURNING id, submission_key",
};

/// As `INSERT`, for tasks whose slots nobody else can want: their keys were made for them. PostgreSQL is
/// quicker when it need not look first; a taken slot is an earlier try of ours, and fails the statement.
const INSERT_OWN: Sql = Sql {
    sqlite: INSERT.sqlite,
    mysql: INSERT.mysql,
    postgres: "/* dutiful.submit.own */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, payload_version, priority, max_retries, due_at,
           dedup_key, dedup_scope, dedup_until, submission_key)
        SELECT task_name, task_payload, payload_version, priority, max_retries,
               COALESCE(run_at, statement_timestamp() + delay * interval '1 microsecond'),
               dedup_key, dedup_scope, statement_timestamp() + slot_time * interval '1 microsecond',
               submission_key
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                    $7::bigint[], $8::bytea[], $9::text[], $10::bigint[], $11::bytea[])
             AS new (task_name, task_payload, payload_version, priority, max_retries, run_at, delay,
                     dedup_key, dedup_scope, slot_time, submission_key)
        RETURNING id, submission_key",
};

/// MySQL tells the first id that a statement made. The others follow it, in steps of its own choice, and what
/// others insert at the same time may lie between: the rows are read again, and known by their submission keys.
const INSERTED_ON_MYSQL: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.submit.inserted */
        SELECT id, submission_key FROM dutiful_tasks
        WHERE id >= ? ORDER BY id LIMIT ?",
    postgres: "",
};

/// So many rows are looked through on MySQL for each that was inserted: a cluster gives every other id to
/// another server.
const BETWEEN: usize = 16;

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
    let own = tasks.iter().all(|task| task.slot.scope == "none");
    let statement = if own { &INSERT_OWN } else { &INSERT };
    let reply = session.run_rows(statement, rows(tasks)).await?;
    match session.dialect() {
        Dialect::Postgres => by_key(&reply.rows),
        Dialect::Mysql => inserted_on_mysql(session, tasks, &reply.inserted).await,
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
    if session.dialect() != Dialect::Mysql || !repeats_a_slot(tasks) {
        match insert_free(session, tasks).await {
            Err(error) if error.kind == DbErrorKind::Duplicate => {}
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
    match session
        .run_rows(&INSERT, rows(std::slice::from_ref(task)))
        .await
    {
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

async fn inserted_on_mysql(
    session: &mut impl Session,
    tasks: &[NewTask],
    inserted: &[Inserted],
) -> DbResult<Created> {
    let Some(first) = inserted.first() else {
        return Ok(HashMap::new());
    };
    if let [task] = tasks {
        return Ok(HashMap::from([(task.submission_key, first.first_id)]));
    }
    let rows = i64::try_from(tasks.len() * BETWEEN).unwrap_or(i64::MAX);
    let params = vec![first.first_id.into(), rows.into()];
    let found = by_key(&session.run(&INSERTED_ON_MYSQL, params).await?.rows)?;
    if tasks
        .iter()
        .all(|task| found.contains_key(&task.submission_key))
    {
        return Ok(found);
    }
    // More lies between than any cluster or crowd should put there.
    Err(DbError::new(
        DbErrorKind::Transient,
        "the ids of new tasks are not where the server said; try again",
    ))
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

fn rows(tasks: &[NewTask]) -> Rows {
    Rows {
        fixed: Vec::new(),
        rows: tasks.iter().map(row).collect(),
    }
}

fn row(task: &NewTask) -> Vec<Value> {
    let (run_at, delay) = match task.start {
        Start::After(delay) => (None, Some(micros(delay))),
        Start::At(time) => (Some(time), None),
        Start::Held => (None, None),
    };
    vec![
        task.task_name.as_str().into(),
        task.payload.as_str().into(),
        task.payload_version.into(),
        task.priority.into(),
        task.max_retries.into(),
        run_at.into(),
        delay.into(),
        task.slot.key.clone().into(),
        task.slot.scope.into(),
        task.slot.window.map(micros).into(),
        task.submission_key.to_vec().into(),
    ]
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
