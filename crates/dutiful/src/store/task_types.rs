//! What workers publish of the task types that they run.

use super::retry;
use super::session::{OwnTx, Session};
use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;

/// A worker of an older version leaves what a newer one has published.
const PUBLISH: Sql = Sql {
    sqlite: "/* dutiful.task_types.publish */
        INSERT INTO dutiful_task_types
          (task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
           worker, published_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, dutiful_now())
        ON CONFLICT (task_name) DO UPDATE
        SET payload_version = excluded.payload_version, payload_schema = excluded.payload_schema,
            emoji = excluded.emoji, priority = excluded.priority, max_retries = excluded.max_retries,
            batch_size = excluded.batch_size, timeout_ms = excluded.timeout_ms, worker = excluded.worker,
            published_at = excluded.published_at
        WHERE dutiful_task_types.payload_version <= excluded.payload_version",
    mysql: "/* dutiful.task_types.publish */
        INSERT INTO dutiful_task_types
          (task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
           worker, published_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE
          payload_schema = IF(payload_version <= VALUES(payload_version), VALUES(payload_schema), payload_schema),
          emoji = IF(payload_version <= VALUES(payload_version), VALUES(emoji), emoji),
          priority = IF(payload_version <= VALUES(payload_version), VALUES(priority), priority),
          max_retries = IF(payload_version <= VALUES(payload_version), VALUES(max_retries), max_retries),
          batch_size = IF(payload_version <= VALUES(payload_version), VALUES(batch_size), batch_size),
          timeout_ms = IF(payload_version <= VALUES(payload_version), VALUES(timeout_ms), timeout_ms),
          worker = IF(payload_version <= VALUES(payload_version), VALUES(worker), worker),
          published_at = IF(payload_version <= VALUES(payload_version), VALUES(published_at), published_at),
          payload_version = GREATEST(payload_version, VALUES(payload_version))",
    postgres: "/* dutiful.task_types.publish */
        INSERT INTO dutiful_task_types
          (task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
           worker, published_at)
        VALUES ($1::text, $2::bigint, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
                $9::text, statement_timestamp())
        ON CONFLICT (task_name) DO UPDATE
        SET payload_version = excluded.payload_version, payload_schema = excluded.payload_schema,
            emoji = excluded.emoji, priority = excluded.priority, max_retries = excluded.max_retries,
            batch_size = excluded.batch_size, timeout_ms = excluded.timeout_ms, worker = excluded.worker,
            published_at = excluded.published_at
        WHERE dutiful_task_types.payload_version <= excluded.payload_version",
};

const LIST: Sql = Sql {
    sqlite: "/* dutiful.task_types.list */
        SELECT task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
               worker, published_at
        FROM dutiful_task_types ORDER BY task_name LIMIT ?1",
    mysql: "/* dutiful.task_types.list */
        SELECT task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
               worker, published_at
        FROM dutiful_task_types ORDER BY task_name LIMIT ?",
    postgres: "/* dutiful.task_types.list */
        SELECT task_name, payload_version, payload_schema, emoji, priority, max_retries, batch_size, timeout_ms,
               worker, published_at
        FROM dutiful_task_types ORDER BY task_name LIMIT $1::bigint",
};

/// A task type as a worker tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    pub(crate) task_name: String,
    pub(crate) payload_version: i64,
    /// JSON.
    pub(crate) payload_schema: String,
    pub(crate) emoji: String,
    pub(crate) priority: i64,
    pub(crate) max_retries: i64,
    pub(crate) batch_size: i64,
    pub(crate) timeout_ms: i64,
}

/// The same, with who said it and when.
#[derive(Debug, Clone)]
pub(crate) struct TaskTypeRow {
    pub(crate) published: Published,
    pub(crate) worker: String,
    pub(crate) published_at: Timestamp,
}

/// Publishes these types in one transaction. Said again they change nothing but the time.
pub(crate) async fn publish(db: &Db, worker: &str, mut types: Vec<Published>) -> DbResult<()> {
    if types.is_empty() {
        return Ok(());
    }
    // Workers that start together lock the rows in one order.
    types.sort_by(|one, other| one.task_name.cmp(&other.task_name));
    retry::repeat(|| publish_once(db, worker, &types)).await
}

async fn publish_once(db: &Db, worker: &str, types: &[Published]) -> DbResult<()> {
    let mut own = OwnTx::begin(db).await?;
    for of in types {
        let params = vec![
            of.task_name.as_str().into(),
            of.payload_version.into(),
            of.payload_schema.as_str().into(),
            of.emoji.as_str().into(),
            of.priority.into(),
            of.max_retries.into(),
            of.batch_size.into(),
            of.timeout_ms.into(),
            worker.into(),
        ];
        own.run(&PUBLISH, params).await?;
    }
    own.commit().await
}

/// All types that were ever published, by name, at most 1,000.
pub(crate) async fn list(db: &Db) -> DbResult<Vec<TaskTypeRow>> {
    let rows = db.read(&LIST, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> DbResult<TaskTypeRow> {
    Ok(TaskTypeRow {
        published: Published {
            task_name: take_text(&mut row, 0)?.unwrap_or_default(),
            payload_version: row.int(1)?,
            payload_schema: take_text(&mut row, 2)?.unwrap_or_default(),
            emoji: take_text(&mut row, 3)?.unwrap_or_default(),
            priority: row.int(4)?,
            max_retries: row.int(5)?,
            batch_size: row.int(6)?,
            timeout_ms: row.int(7)?,
        },
        worker: take_text(&mut row, 8)?.unwrap_or_default(),
        published_at: row.time(9)?,
    })
}
