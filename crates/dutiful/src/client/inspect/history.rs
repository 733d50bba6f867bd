//! What has happened to a task: attempts and log lines.

use crate::store::attempts::AttemptRow;
use crate::store::logs::LogRow;
use dutiful_core::Timestamp;
use serde::{Deserialize, Serialize};

/// An attempt that did not end in success. A success leaves none: the task itself tells of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptInfo {
    /// Its number, 1 for the first.
    pub attempt: i64,
    /// The worker that ran it.
    pub worker: String,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When its outcome was written.
    pub ended_at: Timestamp,
    /// How it ended: `failed`, `timed_out`, `panicked`, `invalid`, `undecodable`, `discarded`, `snoozed`,
    /// `retry_after`, `released`, `lease_lost` or `cancelled`.
    pub outcome: String,
    /// What went wrong, in words.
    pub error_message: Option<String>,
}

impl From<AttemptRow> for AttemptInfo {
    fn from(row: AttemptRow) -> AttemptInfo {
        AttemptInfo {
            attempt: row.attempt,
            worker: row.worker,
            started_at: row.started_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
            error_message: row.error_message,
        }
    }
}

/// A line that a handler has logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The attempt that logged it.
    pub attempt: i64,
    /// When it was written, which is up to a second after it was logged.
    pub logged_at: Timestamp,
    /// The line.
    pub message: String,
}

impl From<LogRow> for LogLine {
    fn from(row: LogRow) -> LogLine {
        LogLine {
            attempt: row.attempt,
            logged_at: row.logged_at,
            message: row.message,
        }
    }
}
