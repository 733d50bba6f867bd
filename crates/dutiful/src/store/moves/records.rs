//! What was done and asked for, on its way from one database to another: audit, requests, previews.

use super::table::{Column, Cursor, Free, Kind, Table};
use crate::db::Sql;

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
    born_with: 0,
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
    born_with: 0,
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

pub(crate) static PREVIEWS: Table = Table {
    name: "previews",
    columns: &[
        Column::new("preview_key", Kind::Bytes),
        Column::new("asked_by", Kind::Text),
        Column::new("asked_for", Kind::Text),
        Column::new("created_at", Kind::Time),
        Column::new("operation_id", Kind::Int),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.previews.page */
            SELECT preview_key, asked_by, asked_for, created_at, operation_id
            FROM dutiful_previews WHERE preview_key > ?1
            ORDER BY preview_key LIMIT ?2",
        mysql: "/* dutiful.moves.previews.page */
            SELECT preview_key, asked_by, asked_for, created_at, operation_id
            FROM dutiful_previews WHERE preview_key > ?
            ORDER BY preview_key LIMIT ?",
        postgres: "/* dutiful.moves.previews.page */
            SELECT preview_key, asked_by, asked_for, created_at, operation_id
            FROM dutiful_previews WHERE preview_key > $1::bytea
            ORDER BY preview_key LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.previews.insert */
            INSERT INTO dutiful_previews
              (preview_key, asked_by, asked_for, created_at, operation_id)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        mysql: "/* dutiful.moves.previews.insert */
            INSERT INTO dutiful_previews
              (preview_key, asked_by, asked_for, created_at, operation_id)
            VALUES {{(?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.previews.insert */
            INSERT INTO dutiful_previews
              (preview_key, asked_by, asked_for, created_at, operation_id)
            SELECT * FROM unnest(
              $1::bytea[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.previews.remove */
            DELETE FROM dutiful_previews WHERE preview_key = ?1",
        mysql: "/* dutiful.moves.previews.remove */
            DELETE FROM dutiful_previews WHERE preview_key IN ({{?}})",
        postgres: "/* dutiful.moves.previews.remove */
            DELETE FROM dutiful_previews AS t USING unnest($1::bytea[]) AS gone (preview_key)
            WHERE t.preview_key = gone.preview_key",
    },
    free: None,
};
