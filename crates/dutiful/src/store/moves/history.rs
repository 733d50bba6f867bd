//! What belongs to tasks, on its way from one database to another: attempts, durable steps, log lines.

use super::table::{Column, Cursor, Kind, Table};
use crate::db::Sql;

pub(crate) static ATTEMPTS: Table = Table {
    name: "attempts",
    columns: &[
        Column::new("task_id", Kind::Int),
        Column::new("attempt", Kind::Int),
        Column::new("worker", Kind::Text),
        Column::new("started_at", Kind::Time),
        Column::new("ended_at", Kind::Time),
        Column::new("outcome", Kind::Text),
        Column::new("error_message", Kind::Text),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.attempts.page */
            SELECT task_id, attempt, worker, started_at, ended_at, outcome, error_message
            FROM dutiful_attempts WHERE task_id >= ?1 AND (task_id > ?2 OR attempt > ?3)
            ORDER BY task_id, attempt LIMIT ?4",
        mysql: "/* dutiful.moves.attempts.page */
            SELECT task_id, attempt, worker, started_at, ended_at, outcome, error_message
            FROM dutiful_attempts WHERE task_id >= ? AND (task_id > ? OR attempt > ?)
            ORDER BY task_id, attempt LIMIT ?",
        postgres: "/* dutiful.moves.attempts.page */
            SELECT task_id, attempt, worker, started_at, ended_at, outcome, error_message
            FROM dutiful_attempts WHERE task_id >= $1::bigint AND (task_id > $2::bigint OR attempt > $3::bigint)
            ORDER BY task_id, attempt LIMIT $4::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.attempts.insert */
            INSERT INTO dutiful_attempts
              (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        mysql: "/* dutiful.moves.attempts.insert */
            INSERT INTO dutiful_attempts
              (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
            VALUES {{(?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.attempts.insert */
            INSERT INTO dutiful_attempts
              (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.attempts.remove */
            DELETE FROM dutiful_attempts WHERE task_id = ?1 AND attempt = ?2",
        mysql: "/* dutiful.moves.attempts.remove */
            DELETE FROM dutiful_attempts WHERE (task_id, attempt) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.attempts.remove */
            DELETE FROM dutiful_attempts AS t USING unnest($1::bigint[], $2::bigint[]) AS gone (task_id, attempt)
            WHERE t.task_id = gone.task_id AND t.attempt = gone.attempt",
    },
    free: None,
};

pub(crate) static STEPS: Table = Table {
    name: "steps",
    columns: &[
        Column::new("task_id", Kind::Int),
        Column::new("step_name", Kind::Text),
        Column::new("attempt", Kind::Int),
        Column::new("result_data", Kind::Text),
        Column::new("created_at", Kind::Time),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.steps.page */
            SELECT task_id, step_name, attempt, result_data, created_at
            FROM dutiful_steps WHERE task_id >= ?1 AND (task_id > ?2 OR step_name > ?3)
            ORDER BY task_id, step_name LIMIT ?4",
        mysql: "/* dutiful.moves.steps.page */
            SELECT task_id, step_name, attempt, result_data, created_at
            FROM dutiful_steps WHERE task_id >= ? AND (task_id > ? OR step_name > ?)
            ORDER BY task_id, step_name LIMIT ?",
        postgres: "/* dutiful.moves.steps.page */
            SELECT task_id, step_name, attempt, result_data, created_at
            FROM dutiful_steps WHERE task_id >= $1::bigint AND (task_id > $2::bigint OR step_name > $3::text)
            ORDER BY task_id, step_name LIMIT $4::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.steps.weigh */
            SELECT SUM(bytes) FROM (
              SELECT COALESCE(length(CAST(result_data AS BLOB)), 0) AS bytes
              FROM dutiful_steps WHERE task_id >= ?1 AND (task_id > ?2 OR step_name > ?3)
              ORDER BY task_id, step_name LIMIT ?4) AS page",
        mysql: "/* dutiful.moves.steps.weigh */
            SELECT CAST(SUM(bytes) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(result_data), 0) AS bytes
              FROM dutiful_steps WHERE task_id >= ? AND (task_id > ? OR step_name > ?)
              ORDER BY task_id, step_name LIMIT ?) AS page",
        postgres: "/* dutiful.moves.steps.weigh */
            SELECT SUM(bytes)::bigint FROM (
              SELECT COALESCE(octet_length(result_data), 0) AS bytes
              FROM dutiful_steps WHERE task_id >= $1::bigint AND (task_id > $2::bigint OR step_name > $3::text)
              ORDER BY task_id, step_name LIMIT $4::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.steps.insert */
            INSERT INTO dutiful_steps
              (task_id, step_name, attempt, result_data, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        mysql: "/* dutiful.moves.steps.insert */
            INSERT INTO dutiful_steps
              (task_id, step_name, attempt, result_data, created_at)
            VALUES {{(?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.steps.insert */
            INSERT INTO dutiful_steps
              (task_id, step_name, attempt, result_data, created_at)
            SELECT * FROM unnest(
              $1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.steps.remove */
            DELETE FROM dutiful_steps WHERE task_id = ?1 AND step_name = ?2",
        mysql: "/* dutiful.moves.steps.remove */
            DELETE FROM dutiful_steps WHERE (task_id, step_name) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.steps.remove */
            DELETE FROM dutiful_steps AS t USING unnest($1::bigint[], $2::text[]) AS gone (task_id, step_name)
            WHERE t.task_id = gone.task_id AND t.step_name = gone.step_name",
    },
    free: None,
};

pub(crate) static LOGS: Table = Table {
    name: "logs",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("task_id", Kind::Int),
        Column::new("attempt", Kind::Int),
        Column::new("logged_at", Kind::Time),
        Column::new("message", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.logs.page */
            SELECT id, task_id, attempt, logged_at, message
            FROM dutiful_logs WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.logs.page */
            SELECT id, task_id, attempt, logged_at, message
            FROM dutiful_logs WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.logs.page */
            SELECT id, task_id, attempt, logged_at, message
            FROM dutiful_logs WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.logs.insert */
            INSERT INTO dutiful_logs
              (id, task_id, attempt, logged_at, message)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        mysql: "/* dutiful.moves.logs.insert */
            INSERT INTO dutiful_logs
              (id, task_id, attempt, logged_at, message)
            VALUES {{(?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.logs.insert */
            INSERT INTO dutiful_logs
              (id, task_id, attempt, logged_at, message)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.logs.remove */
            DELETE FROM dutiful_logs WHERE id = ?1",
        mysql: "/* dutiful.moves.logs.remove */
            DELETE FROM dutiful_logs WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.logs.remove */
            DELETE FROM dutiful_logs AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: None,
};
