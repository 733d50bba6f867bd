//! Task types as workers have published them.

use crate::store::task_types::TaskTypeRow;
use dutiful_core::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// A task type as the worker that knows it best has told of it when it started.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskTypeInfo {
    /// Its name.
    pub task_name: String,
    /// The version of its payload's form. A worker of an older version does not overwrite that of a newer one.
    pub payload_version: i64,
    /// The JSON Schema (2020-12) of its payload; null when it cannot be read.
    pub payload_schema: Value,
    /// Shown before it in listings.
    pub emoji: String,
    /// -9 to 9; higher runs first.
    pub priority: i64,
    /// How many failed runs are allowed.
    pub max_retries: i64,
    /// How many one worker runs at once.
    pub batch_size: i64,
    /// How long one run may take.
    pub timeout: Duration,
    /// The worker that told of it last.
    pub worker: String,
    /// When that worker started.
    pub published_at: Timestamp,
}

impl From<TaskTypeRow> for TaskTypeInfo {
    fn from(row: TaskTypeRow) -> TaskTypeInfo {
        let published = row.published;
        TaskTypeInfo {
            task_name: published.task_name,
            payload_version: published.payload_version,
            payload_schema: serde_json::from_str(&published.payload_schema).unwrap_or_default(),
            emoji: published.emoji,
            priority: published.priority,
            max_retries: published.max_retries,
            batch_size: published.batch_size,
            timeout: Duration::from_millis(u64::try_from(published.timeout_ms).unwrap_or(0)),
            worker: row.worker,
            published_at: row.published_at,
        }
    }
}
