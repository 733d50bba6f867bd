//! What is not about one task, on its way from one database to another: periodics, tokens, audit, requests.

use super::table::{Column, Cursor, Free, Kind, Table};
use crate::db::Sql;

pub(crate) static PERIODIC: Table = Table {
    name: "periodic",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("task_name", Kind::Text),
        Column::new("task_payload", Kind::Text),
        Column::new("schedule", Kind::Text),
        Column::new("missed", Kind::Text),
        Column::new("missed_window", Kind::Int),
        Column::new("overlap", Kind::Text),
        Column::new("paused", Kind::Int),
        Column::new("next_at", Kind::Time),
        Column::new("last_at", Kind::Time),
        Column::new("last_task_id", Kind::Int),
        Column::new("fired", Kind::Int),
        Column::new("skipped", Kind::Int),
        Column::new("created_at", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Optional,
    page: Sql {
        sqlite: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at
            FROM dutiful_periodic WHERE (?1 IS NULL OR name > ?2)
            ORDER BY name LIMIT ?3",
        mysql: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at
            FROM dutiful_periodic WHERE (? IS NULL OR name > ?)
            ORDER BY name LIMIT ?",
        postgres: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at
            FROM dutiful_periodic WHERE ($1::text IS NULL OR name > $2::text)
            ORDER BY name LIMIT $3::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.periodic.weigh */
            SELECT SUM(bytes) FROM (
              SELECT COALESCE(length(CAST(task_payload AS BLOB)), 0) AS bytes
              FROM dutiful_periodic WHERE (?1 IS NULL OR name > ?2)
              ORDER BY name LIMIT ?3) AS page",
        mysql: "/* dutiful.moves.periodic.weigh */
            SELECT CAST(SUM(bytes) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(task_payload), 0) AS bytes
              FROM dutiful_periodic WHERE (? IS NULL OR name > ?)
              ORDER BY name LIMIT ?) AS page",
        postgres: "/* dutiful.moves.periodic.weigh */
            SELECT SUM(bytes)::bigint FROM (
              SELECT COALESCE(octet_length(task_payload), 0) AS bytes
              FROM dutiful_periodic WHERE ($1::text IS NULL OR name > $2::text)
              ORDER BY name LIMIT $3::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        mysql: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at)
            SELECT * FROM unnest(
              $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[],
              $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[],
              $14::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.periodic.remove */
            DELETE FROM dutiful_periodic WHERE name = ?1",
        mysql: "/* dutiful.moves.periodic.remove */
            DELETE FROM dutiful_periodic WHERE name IN ({{?}})",
        postgres: "/* dutiful.moves.periodic.remove */
            DELETE FROM dutiful_periodic AS t USING unnest($1::text[]) AS gone (name)
            WHERE t.name = gone.name",
    },
    free: None,
};

pub(crate) static TOKENS: Table = Table {
    name: "tokens",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("name", Kind::Text),
        Column::new("token_hash", Kind::Bytes),
        Column::new("scopes", Kind::Text),
        Column::new("task_names", Kind::Text),
        Column::new("created_at", Kind::Time),
        Column::new("expires_at", Kind::Time),
        Column::new("revoked_at", Kind::Time),
        Column::new("last_used_at", Kind::Time),
        Column::new("previous_hash", Kind::Bytes),
        Column::new("previous_until", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Single,
    page: Sql {
        sqlite: "/* dutiful.moves.tokens.page */
            SELECT id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
                   previous_hash, previous_until
            FROM dutiful_tokens WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.tokens.page */
            SELECT id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
                   previous_hash, previous_until
            FROM dutiful_tokens WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.tokens.page */
            SELECT id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
                   previous_hash, previous_until
            FROM dutiful_tokens WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.tokens.insert */
            INSERT INTO dutiful_tokens
              (id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
               previous_hash, previous_until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        mysql: "/* dutiful.moves.tokens.insert */
            INSERT INTO dutiful_tokens
              (id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
               previous_hash, previous_until)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.tokens.insert */
            INSERT INTO dutiful_tokens
              (id, name, token_hash, scopes, task_names, created_at, expires_at, revoked_at, last_used_at,
               previous_hash, previous_until)
            SELECT * FROM unnest(
              $1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
              $8::timestamptz[], $9::timestamptz[], $10::bytea[], $11::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.tokens.remove */
            DELETE FROM dutiful_tokens WHERE id = ?1",
        mysql: "/* dutiful.moves.tokens.remove */
            DELETE FROM dutiful_tokens WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.tokens.remove */
            DELETE FROM dutiful_tokens AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: Some(Free {
        columns: &[1],
        sql: Sql {
            sqlite: "/* dutiful.moves.tokens.free */
            DELETE FROM dutiful_tokens WHERE name = ?1",
            mysql: "/* dutiful.moves.tokens.free */
            DELETE FROM dutiful_tokens WHERE name IN ({{?}})",
            postgres: "/* dutiful.moves.tokens.free */
            DELETE FROM dutiful_tokens AS t USING unnest($1::text[]) AS gone (name)
            WHERE t.name = gone.name",
        },
    }),
};

pub(crate) static AUDIT: Table = Table {
    name: "audit",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("entry_key", Kind::Bytes),
        Column::new("at", Kind::Time),
        Column::new("actor", Kind::Text),
        Column::new("action", Kind::Text),
        Column::new("target", Kind::Text),
        Column::new("detail", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Single,
    page: Sql {
        sqlite: "/* dutiful.moves.audit.page */
            SELECT id, entry_key, at, actor, action, target, detail
            FROM dutiful_audit WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.audit.page */
            SELECT id, entry_key, at, actor, action, target, detail
            FROM dutiful_audit WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.audit.page */
            SELECT id, entry_key, at, actor, action, target, detail
            FROM dutiful_audit WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.audit.insert */
            INSERT INTO dutiful_audit
              (id, entry_key, at, actor, action, target, detail)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        mysql: "/* dutiful.moves.audit.insert */
            INSERT INTO dutiful_audit
              (id, entry_key, at, actor, action, target, detail)
            VALUES {{(?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.audit.insert */
            INSERT INTO dutiful_audit
              (id, entry_key, at, actor, action, target, detail)
            SELECT * FROM unnest(
              $1::bigint[], $2::bytea[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.audit.remove */
            DELETE FROM dutiful_audit WHERE id = ?1",
        mysql: "/* dutiful.moves.audit.remove */
            DELETE FROM dutiful_audit WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.audit.remove */
            DELETE FROM dutiful_audit AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: Some(Free {
        columns: &[1],
        sql: Sql {
            sqlite: "/* dutiful.moves.audit.free */
            DELETE FROM dutiful_audit WHERE entry_key = ?1",
            mysql: "/* dutiful.moves.audit.free */
            DELETE FROM dutiful_audit WHERE entry_key IN ({{?}})",
            postgres: "/* dutiful.moves.audit.free */
            DELETE FROM dutiful_audit AS t USING unnest($1::bytea[]) AS gone (entry_key)
            WHERE t.entry_key = gone.entry_key",
        },
    }),
};

pub(crate) static REQUESTS: Table = Table {
    name: "requests",
    columns: &[
        Column::new("request_key", Kind::Bytes),
        Column::new("request_hash", Kind::Bytes),
        Column::new("answer", Kind::Text),
        Column::new("created_at", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Single,
    page: Sql {
        sqlite: "/* dutiful.moves.requests.page */
            SELECT request_key, request_hash, answer, created_at
            FROM dutiful_requests WHERE request_key > ?1
            ORDER BY request_key LIMIT ?2",
        mysql: "/* dutiful.moves.requests.page */
            SELECT request_key, request_hash, answer, created_at
            FROM dutiful_requests WHERE request_key > ?
            ORDER BY request_key LIMIT ?",
        postgres: "/* dutiful.moves.requests.page */
            SELECT request_key, request_hash, answer, created_at
            FROM dutiful_requests WHERE request_key > $1::bytea
            ORDER BY request_key LIMIT $2::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.requests.weigh */
            SELECT SUM(bytes) FROM (
              SELECT COALESCE(length(CAST(answer AS BLOB)), 0) AS bytes
              FROM dutiful_requests WHERE request_key > ?1
              ORDER BY request_key LIMIT ?2) AS page",
        mysql: "/* dutiful.moves.requests.weigh */
            SELECT CAST(SUM(bytes) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(answer), 0) AS bytes
              FROM dutiful_requests WHERE request_key > ?
              ORDER BY request_key LIMIT ?) AS page",
        postgres: "/* dutiful.moves.requests.weigh */
            SELECT SUM(bytes)::bigint FROM (
              SELECT COALESCE(octet_length(answer), 0) AS bytes
              FROM dutiful_requests WHERE request_key > $1::bytea
              ORDER BY request_key LIMIT $2::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.requests.insert */
            INSERT INTO dutiful_requests
              (request_key, request_hash, answer, created_at)
            VALUES (?1, ?2, ?3, ?4)",
        mysql: "/* dutiful.moves.requests.insert */
            INSERT INTO dutiful_requests
              (request_key, request_hash, answer, created_at)
            VALUES {{(?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.requests.insert */
            INSERT INTO dutiful_requests
              (request_key, request_hash, answer, created_at)
            SELECT * FROM unnest(
              $1::bytea[], $2::bytea[], $3::text[], $4::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.requests.remove */
            DELETE FROM dutiful_requests WHERE request_key = ?1",
        mysql: "/* dutiful.moves.requests.remove */
            DELETE FROM dutiful_requests WHERE request_key IN ({{?}})",
        postgres: "/* dutiful.moves.requests.remove */
            DELETE FROM dutiful_requests AS t USING unnest($1::bytea[]) AS gone (request_key)
            WHERE t.request_key = gone.request_key",
    },
    free: None,
};
