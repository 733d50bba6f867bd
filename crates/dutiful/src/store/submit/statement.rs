//! The statements that insert tasks, and what goes into them.

use super::{NewTask, Start, micros};
use crate::db::{Rows, Sql, Value};
use dutiful_core::limits;
use std::time::Duration;

/// How the scope of a task without dedup is stored.
const OWN: &str = "none";

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

/// As `INSERT`, for tasks that leave everything else to the table's defaults, as most do: half the values.
const INSERT_PLAIN: Sql = Sql {
    sqlite: "/* dutiful.submit.plain */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, created_at, due_at, dedup_key, dedup_scope, submission_key)
        VALUES (?1, ?2, dutiful_now(), dutiful_now(), ?3, ?4, ?5)
        ON CONFLICT (task_name, dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING",
    mysql: "/* dutiful.submit.plain */
        INSERT INTO dutiful_tasks (task_name, task_payload, dedup_key, dedup_scope, submission_key)
        VALUES {{(?, ?, ?, ?, ?)}}",
    postgres: "/* dutiful.submit.plain */
        INSERT INTO dutiful_tasks (task_name, task_payload, dedup_key, dedup_scope, submission_key)
        SELECT task_name, task_payload, dedup_key, dedup_scope, submission_key
        FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bytea[])
             AS new (task_name, task_payload, dedup_key, dedup_scope, submission_key)
        ON CONFLICT (task_name, dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING
        RETURNING id, submission_key",
};

/// As `INSERT_OWN` and as `INSERT_PLAIN`.
const INSERT_PLAIN_OWN: Sql = Sql {
    sqlite: INSERT_PLAIN.sqlite,
    mysql: INSERT_PLAIN.mysql,
    postgres: "/* dutiful.submit.plain.own */
        INSERT INTO dutiful_tasks (task_name, task_payload, dedup_key, dedup_scope, submission_key)
        SELECT task_name, task_payload, dedup_key, dedup_scope, submission_key
        FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bytea[])
             AS new (task_name, task_payload, dedup_key, dedup_scope, submission_key)
        RETURNING id, submission_key",
};

/// The statement that inserts these tasks where their slots are free.
pub(super) fn insert(tasks: &[NewTask]) -> (&'static Sql, Rows) {
    let own = tasks.iter().all(|task| task.slot.scope == OWN);
    let plain = tasks.iter().all(is_plain);
    let statement = match (plain, own) {
        (true, true) => &INSERT_PLAIN_OWN,
        (true, false) => &INSERT_PLAIN,
        (false, true) => &INSERT_OWN,
        (false, false) => &INSERT,
    };
    (statement, rows(tasks, plain))
}

/// The statement that inserts one task where its slot is free, even when the key is an own one that an
/// earlier try has written.
pub(super) fn insert_one(task: &NewTask) -> (&'static Sql, Rows) {
    let plain = is_plain(task);
    let statement = if plain { &INSERT_PLAIN } else { &INSERT };
    (statement, rows(std::slice::from_ref(task), plain))
}

/// Whether a task asks for nothing but what the table's columns have by default.
fn is_plain(task: &NewTask) -> bool {
    task.payload_version == 1
        && task.priority == 0
        && task.max_retries == limits::MAX_RETRIES
        && task.start == Start::After(Duration::ZERO)
        && task.slot.window.is_none()
}

fn rows(tasks: &[NewTask], plain: bool) -> Rows {
    let row = if plain { plain_row } else { row };
    Rows {
        fixed: Vec::new(),
        rows: tasks.iter().map(row).collect(),
    }
}

fn plain_row(task: &NewTask) -> Vec<Value> {
    vec![
        task.task_name.as_str().into(),
        task.payload.as_str().into(),
        task.slot.key.clone().into(),
        task.slot.scope.into(),
        task.submission_key.to_vec().into(),
    ]
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
