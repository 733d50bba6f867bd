//! The statements of an edit.

use crate::db::Sql;

/// Where the columns are that [`LOCK`] reads.
pub(super) struct Columns;

impl Columns {
    pub(super) const NOW: usize = 1;
    /// As `facts::read` wants them.
    pub(super) const FACTS: usize = 2;
    pub(super) const KEY: usize = 11;
    pub(super) const UNTIL: usize = 12;
    pub(super) const PAYLOAD: usize = 13;
    pub(super) const VERSION: usize = 14;
    pub(super) const PRIORITY: usize = 15;
}

/// A name never changes.
pub(super) const NAME: Sql = Sql {
    sqlite: "/* dutiful.edit.name */ SELECT task_name FROM dutiful_tasks WHERE id = ?1",
    mysql: "/* dutiful.edit.name */ SELECT task_name FROM dutiful_tasks WHERE id = ?",
    postgres: "/* dutiful.edit.name */
        SELECT task_name FROM dutiful_tasks WHERE id = $1::bigint",
};

/// Who has a key, not locked: locks are taken by primary key.
pub(super) const HOLDER: Sql = Sql {
    sqlite: "/* dutiful.edit.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = ?1 AND dedup_key = ?2",
    mysql: "/* dutiful.edit.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = ? AND dedup_key = ?",
    postgres: "/* dutiful.edit.holder */
        SELECT id FROM dutiful_tasks WHERE task_name = $1::text AND dedup_key = $2::bytea",
};

/// The rows, locked in the order of ids, as everybody else locks them.
pub(super) const LOCK: Sql = Sql {
    sqlite: "/* dutiful.edit.lock */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               dedup_key, dedup_until, task_payload, payload_version, priority
        FROM dutiful_tasks WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
    mysql: "/* dutiful.edit.lock */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               dedup_key, dedup_until, task_payload, payload_version, priority
        FROM dutiful_tasks FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id FOR UPDATE",
    postgres: "/* dutiful.edit.lock */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               dedup_key, dedup_until, task_payload, payload_version, priority
        FROM dutiful_tasks WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE",
};

/// Writes what is to be changed. A key that somebody has taken meanwhile fails it.
pub(super) const APPLY: Sql = Sql {
    sqlite: "/* dutiful.edit.apply */
        UPDATE dutiful_tasks
        SET task_payload = COALESCE(?1, task_payload),
            payload_version = COALESCE(?2, payload_version),
            due_at = COALESCE(?3, due_at),
            priority = COALESCE(?4, priority),
            max_retries = ?5,
            dedup_key = COALESCE(?6, dedup_key)
        WHERE id = ?7 AND attempt = ?8 AND worker IS NULL",
    mysql: "/* dutiful.edit.apply */
        UPDATE dutiful_tasks
        SET task_payload = COALESCE(?, task_payload),
            payload_version = COALESCE(?, payload_version),
            due_at = COALESCE(?, due_at),
            priority = COALESCE(?, priority),
            max_retries = ?,
            dedup_key = COALESCE(?, dedup_key)
        WHERE id = ? AND attempt = ? AND worker IS NULL",
    postgres: "/* dutiful.edit.apply */
        UPDATE dutiful_tasks
        SET task_payload = COALESCE($1::text, task_payload),
            payload_version = COALESCE($2::bigint, payload_version),
            due_at = COALESCE($3::timestamptz, due_at),
            priority = COALESCE($4::bigint, priority),
            max_retries = $5::bigint,
            dedup_key = COALESCE($6::bytea, dedup_key)
        WHERE id = $7::bigint AND attempt = $8::bigint AND worker IS NULL",
};
