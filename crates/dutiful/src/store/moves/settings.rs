//! What people have set, on its way from one database to another: periodics, pauses, tokens.

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
        Column::new("payload_version", Kind::Int),
        Column::new("priority", Kind::Int),
        Column::new("max_retries", Kind::Int),
        Column::new("changed_schedule", Kind::Text),
        Column::new("changed_payload", Kind::Text),
        Column::new("changed_payload_version", Kind::Int),
        Column::new("changed_at", Kind::Time),
        Column::new("changed_by", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Optional,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
                   changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by
            FROM dutiful_periodic WHERE (?1 IS NULL OR name > ?2)
            ORDER BY name LIMIT ?3",
        mysql: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
                   changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by
            FROM dutiful_periodic WHERE (? IS NULL OR name > ?)
            ORDER BY name LIMIT ?",
        postgres: "/* dutiful.moves.periodic.page */
            SELECT name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
                   last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
                   changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by
            FROM dutiful_periodic WHERE ($1::text IS NULL OR name > $2::text)
            ORDER BY name LIMIT $3::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.periodic.weigh */
            SELECT SUM(bytes) FROM (
              SELECT COALESCE(length(CAST(task_payload AS BLOB)), 0) + COALESCE(length(CAST(changed_payload AS BLOB)), 0) AS bytes
              FROM dutiful_periodic WHERE (?1 IS NULL OR name > ?2)
              ORDER BY name LIMIT ?3) AS page",
        mysql: "/* dutiful.moves.periodic.weigh */
            SELECT CAST(SUM(bytes) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(task_payload), 0) + COALESCE(LENGTH(changed_payload), 0) AS bytes
              FROM dutiful_periodic WHERE (? IS NULL OR name > ?)
              ORDER BY name LIMIT ?) AS page",
        postgres: "/* dutiful.moves.periodic.weigh */
            SELECT SUM(bytes)::bigint FROM (
              SELECT COALESCE(octet_length(task_payload), 0) + COALESCE(octet_length(changed_payload), 0) AS bytes
              FROM dutiful_periodic WHERE ($1::text IS NULL OR name > $2::text)
              ORDER BY name LIMIT $3::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
               changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        mysql: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
               changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.periodic.insert */
            INSERT INTO dutiful_periodic
              (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, next_at, last_at,
               last_task_id, fired, skipped, created_at, payload_version, priority, max_retries,
               changed_schedule, changed_payload, changed_payload_version, changed_at, changed_by)
            SELECT * FROM unnest(
              $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[],
              $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[],
              $14::timestamptz[], $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[],
              $20::bigint[], $21::timestamptz[], $22::text[])",
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

pub(crate) static PAUSES: Table = Table {
    name: "pauses",
    columns: &[
        Column::new("task_name", Kind::Text),
        Column::new("paused_at", Kind::Time),
        Column::new("paused_by", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Optional,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.pauses.page */
            SELECT task_name, paused_at, paused_by
            FROM dutiful_pauses WHERE (?1 IS NULL OR task_name > ?2)
            ORDER BY task_name LIMIT ?3",
        mysql: "/* dutiful.moves.pauses.page */
            SELECT task_name, paused_at, paused_by
            FROM dutiful_pauses WHERE (? IS NULL OR task_name > ?)
            ORDER BY task_name LIMIT ?",
        postgres: "/* dutiful.moves.pauses.page */
            SELECT task_name, paused_at, paused_by
            FROM dutiful_pauses WHERE ($1::text IS NULL OR task_name > $2::text)
            ORDER BY task_name LIMIT $3::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.pauses.insert */
            INSERT INTO dutiful_pauses
              (task_name, paused_at, paused_by)
            VALUES (?1, ?2, ?3)",
        mysql: "/* dutiful.moves.pauses.insert */
            INSERT INTO dutiful_pauses
              (task_name, paused_at, paused_by)
            VALUES {{(?, ?, ?)}}",
        postgres: "/* dutiful.moves.pauses.insert */
            INSERT INTO dutiful_pauses
              (task_name, paused_at, paused_by)
            SELECT * FROM unnest(
              $1::text[], $2::timestamptz[], $3::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.pauses.remove */
            DELETE FROM dutiful_pauses WHERE task_name = ?1",
        mysql: "/* dutiful.moves.pauses.remove */
            DELETE FROM dutiful_pauses WHERE task_name IN ({{?}})",
        postgres: "/* dutiful.moves.pauses.remove */
            DELETE FROM dutiful_pauses AS t USING unnest($1::text[]) AS gone (task_name)
            WHERE t.task_name = gone.task_name",
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
    born_with: 0,
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
