//! Workers as they are shown.

use crate::store::worker_list::WorkerRow;
use dutiful_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A worker that has not beaten for longer is taken for dead.
const ALIVE: Duration = Duration::from_secs(30);

/// A process that runs tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// Its name, as in [`TaskInfo::worker`](super::TaskInfo::worker).
    pub worker: String,
    /// The machine it runs on.
    pub host: String,
    /// Its process id there.
    pub process_id: i64,
    /// The task names that it runs.
    pub task_names: Vec<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it is alive.
    pub beat_at: Timestamp,
    /// Whether that was within the last 30 seconds, by the database's clock.
    pub alive: bool,
    /// Since when it is asked to end; see [`Client::drain_worker`](crate::Client::drain_worker). It claims no more
    /// from its next beats on.
    pub draining_since: Option<Timestamp>,
}

impl From<WorkerRow> for WorkerInfo {
    fn from(row: WorkerRow) -> WorkerInfo {
        WorkerInfo {
            worker: row.worker,
            host: row.host,
            process_id: row.process_id,
            // A list that cannot be read hides nothing else about the worker.
            task_names: serde_json::from_str(&row.task_names).unwrap_or_default(),
            started_at: row.started_at,
            beat_at: row.beat_at,
            alive: row.now.since(row.beat_at) <= ALIVE,
            draining_since: row.drain_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beaten(seconds_ago: u64, task_names: &str) -> WorkerInfo {
        let now = Timestamp::from_micros(1_000_000_000);
        WorkerInfo::from(WorkerRow {
            worker: "w".to_owned(),
            host: "h".to_owned(),
            process_id: 1,
            task_names: task_names.to_owned(),
            started_at: now,
            beat_at: now.saturating_sub(Duration::from_secs(seconds_ago)),
            now,
            drain_at: None,
        })
    }

    #[test]
    fn a_worker_is_alive_for_thirty_seconds_after_its_beat() {
        assert!(beaten(30, "[]").alive);
        assert!(!beaten(31, "[]").alive);
    }

    #[test]
    fn task_names_are_read_from_their_list() {
        assert_eq!(beaten(0, r#"["A","B"]"#).task_names, ["A", "B"]);
        assert!(beaten(0, "A,B").task_names.is_empty());
    }
}
