//! The rows of `dutiful_tasks` on their way from one database to another: read, written, taken out.

use super::table::{Column, Cursor, Free, Kind, Table};
use crate::db::Sql;

pub(crate) static TASKS: Table = Table {
    name: "tasks",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("task_name", Kind::Text),
        Column::new("task_payload", Kind::Text),
        Column::new("payload_version", Kind::Int),
        Column::new("status", Kind::Text),
        Column::new("priority", Kind::Int),
        Column::new("created_at", Kind::Time),
        Column::new("due_at", Kind::Time),
        Column::new("last_run_at", Kind::Time),
        Column::new("finished_at", Kind::Time),
        Column::new("worker", Kind::Text),
        Column::new("attempt", Kind::Int),
        Column::new("retries", Kind::Int),
        Column::new("max_retries", Kind::Int),
        Column::new("crashes", Kind::Int),
        Column::new("error_kind", Kind::Text),
        Column::new("error_message", Kind::Text),
        Column::new("result_data", Kind::Text),
        Column::new("progress", Kind::Int),
        Column::new("progress_note", Kind::Text),
        Column::new("dedup_key", Kind::Bytes),
        Column::new("dedup_scope", Kind::Text),
        Column::new("dedup_until", Kind::Time),
        Column::new("submission_key", Kind::Bytes),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.tasks.page */
            SELECT id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
                   finished_at, worker, attempt, retries, max_retries, crashes, error_kind,
                   error_message, result_data, progress, progress_note, dedup_key, dedup_scope,
                   dedup_until, submission_key
            FROM dutiful_tasks WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.tasks.page */
            SELECT id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
                   finished_at, worker, attempt, retries, max_retries, crashes, error_kind,
                   error_message, result_data, progress, progress_note, dedup_key, dedup_scope,
                   dedup_until, submission_key
            FROM dutiful_tasks WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.tasks.page */
            SELECT id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
                   finished_at, worker, attempt, retries, max_retries, crashes, error_kind,
                   error_message, result_data, progress, progress_note, dedup_key, dedup_scope,
                   dedup_until, submission_key
            FROM dutiful_tasks WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.tasks.weigh */
            SELECT SUM(bytes) FROM (
              SELECT COALESCE(length(CAST(task_payload AS BLOB)), 0) + COALESCE(length(CAST(result_data AS BLOB)), 0) AS bytes
              FROM dutiful_tasks WHERE id > ?1
              ORDER BY id LIMIT ?2) AS page",
        mysql: "/* dutiful.moves.tasks.weigh */
            SELECT CAST(SUM(bytes) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(task_payload), 0) + COALESCE(LENGTH(result_data), 0) AS bytes
              FROM dutiful_tasks WHERE id > ?
              ORDER BY id LIMIT ?) AS page",
        postgres: "/* dutiful.moves.tasks.weigh */
            SELECT SUM(bytes)::bigint FROM (
              SELECT COALESCE(octet_length(task_payload), 0) + COALESCE(octet_length(result_data), 0) AS bytes
              FROM dutiful_tasks WHERE id > $1::bigint
              ORDER BY id LIMIT $2::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.tasks.insert */
            INSERT INTO dutiful_tasks
              (id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
               finished_at, worker, attempt, retries, max_retries, crashes, error_kind, error_message,
               result_data, progress, progress_note, dedup_key, dedup_scope, dedup_until, submission_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                    ?23, ?24)",
        mysql: "/* dutiful.moves.tasks.insert */
            INSERT INTO dutiful_tasks
              (id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
               finished_at, worker, attempt, retries, max_retries, crashes, error_kind, error_message,
               result_data, progress, progress_note, dedup_key, dedup_scope, dedup_until, submission_key)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.tasks.insert */
            INSERT INTO dutiful_tasks
              (id, task_name, task_payload, payload_version, status, priority, created_at, due_at, last_run_at,
               finished_at, worker, attempt, retries, max_retries, crashes, error_kind, error_message,
               result_data, progress, progress_note, dedup_key, dedup_scope, dedup_until, submission_key)
            SELECT * FROM unnest(
              $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::timestamptz[],
              $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::bigint[],
              $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::text[],
              $19::bigint[], $20::text[], $21::bytea[], $22::text[], $23::timestamptz[], $24::bytea[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.tasks.remove */
            DELETE FROM dutiful_tasks WHERE id = ?1",
        mysql: "/* dutiful.moves.tasks.remove */
            DELETE FROM dutiful_tasks WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.tasks.remove */
            DELETE FROM dutiful_tasks AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: Some(Free {
        columns: &[20, 1],
        sql: Sql {
            sqlite: "/* dutiful.moves.tasks.free */
            UPDATE dutiful_tasks SET dedup_key = NULL WHERE dedup_key = ?1 AND task_name = ?2",
            mysql: "/* dutiful.moves.tasks.free */
            UPDATE dutiful_tasks SET dedup_key = NULL
            WHERE (dedup_key, task_name) IN ({{(?, ?)}})",
            postgres: "/* dutiful.moves.tasks.free */
            UPDATE dutiful_tasks AS t SET dedup_key = NULL
            FROM unnest($1::bytea[], $2::text[]) AS new (dedup_key, task_name)
            WHERE t.dedup_key = new.dedup_key AND t.task_name = new.task_name",
        },
    }),
};
