//! A periodic task as the API shows it.

use dutiful::{PeriodicChanged, PeriodicInfo};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A periodic task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Periodic)]
pub(crate) struct PeriodicView {
    /// Its name.
    name: String,
    /// The type of the tasks that it submits.
    task_name: String,
    /// When it fires: `every` and microseconds, or `cron`, time zone and expression.
    schedule: String,
    /// The payload of its tasks.
    task_payload: Value,
    /// What becomes of ticks that no worker was there for: `none`, `once` or `all`.
    missed: String,
    /// How far back ticks are made up for, in seconds.
    missed_window: f64,
    /// What becomes of a tick while the task of the last one has not ended: `skip`, `queue` or `allow`.
    overlap: String,
    /// What an operator has changed; `null` when it is as its program says.
    changed: Option<ChangedView>,
    /// Its next tick.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// The tick that fired last.
    #[schema(format = DateTime)]
    last_at: Option<String>,
    /// The task that was submitted last, by a tick or by hand.
    last_task_id: Option<i64>,
    /// Whether it is paused, until somebody resumes it.
    paused: bool,
    /// How many ticks have submitted a task.
    fired: i64,
    /// How many ticks have not, because they were missed or the one before still ran.
    skipped: i64,
    /// Whether payloads are left out, because the token may not see them.
    hidden: bool,
}

/// What an operator has changed. It stays when programs start that say something else, until it is reset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PeriodicChanged)]
pub(crate) struct ChangedView {
    /// Who has changed it last.
    by: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The schedule that its program says, where another one is in force.
    program_schedule: Option<String>,
    /// The payload that its program says, where another one is in force.
    program_payload: Option<Value>,
}

impl PeriodicView {
    /// The periodic task; whether payloads are shown is the caller's right.
    pub(crate) fn new(periodic: PeriodicInfo, with_payload: bool) -> PeriodicView {
        let changed = |changed: PeriodicChanged| ChangedView {
            by: changed.by,
            at: changed.at.to_string(),
            program_schedule: changed.program_schedule,
            program_payload: changed.program_payload.filter(|_| with_payload),
        };
        PeriodicView {
            name: periodic.name,
            task_name: periodic.task_name,
            schedule: periodic.schedule,
            task_payload: match with_payload {
                true => periodic.task_payload,
                false => Value::Null,
            },
            missed: periodic.missed,
            missed_window: periodic.missed_window.as_secs_f64(),
            overlap: periodic.overlap,
            changed: periodic.changed.map(changed),
            next_at: periodic.next_at.map(|at| at.to_string()),
            last_at: periodic.last_at.map(|at| at.to_string()),
            last_task_id: periodic.last_task_id.map(|id| id.0),
            paused: periodic.paused,
            fired: periodic.fired,
            skipped: periodic.skipped,
            hidden: !with_payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::http::Api;
    use crate::http::access::Caller;
    use dutiful::{Client, PeriodicInfo};
    use serde_json::{Value, json};
    use std::sync::Arc;

    #[tokio::test]
    async fn secrets_of_its_payload_are_shown_to_nobody_where_that_is_asked_for() {
        let periodic = json!({
            "name": "Nightly", "task_name": "Nightly", "schedule": "every 60000000",
            "task_payload": { "password": "new canary" }, "missed": "none", "missed_window": 1.0,
            "overlap": "skip", "next_at": null, "last_at": null, "last_task_id": null,
            "paused": false, "fired": 0, "skipped": 0,
            "changed": { "by": "ada", "at": "2026-01-31T09:00:00Z", "program_schedule": null,
                         "program_payload": { "password": "old canary" } },
        });
        let client = Client::connect("sqlite::memory:").await.unwrap();
        for (everywhere, seen) in [(false, "new canary"), (true, "***")] {
            let api = Api::new(client.clone()).redact(Arc::default(), everywhere);
            let one: PeriodicInfo = serde_json::from_value(periodic.clone()).unwrap();
            let view = Caller::anybody().view_periodic(&api, one);
            let view: Value = serde_json::to_value(view).unwrap();
            assert_eq!(view["task_payload"]["password"], seen);
            let before = &view["changed"]["program_payload"]["password"];
            assert_eq!(before == "***", everywhere, "{before}");
        }
    }
}
