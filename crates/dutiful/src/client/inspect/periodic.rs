//! Periodic tasks as they are shown.

use super::stats::{of_seconds, seconds};
use crate::store::periodic::{Changed, Defined, PeriodicRow};
use crate::store::task_row::json;
use dutiful_core::{TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A periodic task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeriodicInfo {
    /// Its name.
    pub name: String,
    /// The type of the tasks that it submits.
    pub task_name: String,
    /// When it fires: `every` and microseconds, or `cron`, time zone and expression.
    pub schedule: String,
    /// The payload of its tasks.
    pub task_payload: Value,
    /// What becomes of ticks that no worker was there for: `none`, `once` or `all`.
    pub missed: String,
    /// How far back ticks are made up for. In JSON a number of seconds.
    #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
    pub missed_window: Duration,
    /// What becomes of a tick while the task of the last one has not ended: `skip`, `queue` or `allow`.
    pub overlap: String,
    /// What an operator has changed; `None` when it is as its program says.
    pub changed: Option<PeriodicChanged>,
    /// Its next tick. `None` when there is none.
    pub next_at: Option<Timestamp>,
    /// The tick that fired last.
    pub last_at: Option<Timestamp>,
    /// The task that was submitted last, by a tick or by hand.
    pub last_task_id: Option<TaskId>,
    /// Whether it is paused, until somebody resumes it.
    pub paused: bool,
    /// How many ticks have submitted a task.
    pub fired: i64,
    /// How many ticks have not, because they were missed or the one before still ran.
    pub skipped: i64,
}

/// What an operator has changed of a periodic task. It stays when programs start that say something else, until
/// it is reset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PeriodicChanged {
    /// Who has changed it last.
    pub by: String,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// The schedule that its program says, where another one is in force.
    pub program_schedule: Option<String>,
    /// The payload that its program says, where another one is in force.
    pub program_payload: Option<Value>,
}

impl From<PeriodicRow> for PeriodicInfo {
    fn from(row: PeriodicRow) -> PeriodicInfo {
        let missed_window = u64::try_from(row.defined.missed_window).unwrap_or(0);
        PeriodicInfo {
            schedule: row.schedule().to_owned(),
            task_payload: json(row.payload().0),
            changed: changed(&row.defined, row.changed),
            name: row.defined.name,
            task_name: row.defined.task_name,
            missed: row.defined.missed,
            missed_window: Duration::from_micros(missed_window),
            overlap: row.defined.overlap,
            next_at: row.next_at,
            last_at: row.last_at,
            last_task_id: row.last_task_id.map(TaskId),
            paused: row.paused,
            fired: row.fired,
            skipped: row.skipped,
        }
    }
}

fn changed(defined: &Defined, changed: Changed) -> Option<PeriodicChanged> {
    Some(PeriodicChanged {
        at: changed.at?,
        by: changed.by.unwrap_or_default(),
        program_schedule: changed.schedule.map(|_| defined.schedule.clone()),
        program_payload: changed.payload.map(|_| json(&defined.payload)),
    })
}
