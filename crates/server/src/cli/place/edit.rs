//! A change of a task as it was typed, for a database or a server.

use super::submission::time;
use crate::cli::App;
use crate::cli::submit::refusal;
use crate::failure::Failure;
use dutiful::{Client, TaskId, TaskInfo};
use serde_json::{Map, Value};
use std::time::SystemTime;

/// What is to change; what is not said stays.
#[derive(Debug)]
pub(in crate::cli) struct Edit {
    pub(in crate::cli) payload: Option<Value>,
    pub(in crate::cli) at: Option<SystemTime>,
    pub(in crate::cli) priority: Option<i64>,
    pub(in crate::cli) max_retries: Option<u32>,
    pub(in crate::cli) keep_dedup_key: bool,
}

impl Edit {
    /// Changes the task; a payload of a type that this program knows is checked.
    pub(super) async fn into_database(
        self,
        app: &App,
        client: &Client,
        id: TaskId,
    ) -> Result<TaskInfo, Failure> {
        let mut edit = client.edit(id);
        if let Some(payload) = self.payload {
            let task = client.get(id).await?;
            // One that this binary does not know is another worker's to check.
            if let Some(known) = app.tasks.named(&task.task_name) {
                let checked = known.check(client, payload.clone());
                checked.map_err(|bad| refusal(known.name, &bad))?;
                edit = edit.payload_version(known.version);
            }
            edit = edit.payload(payload);
        }
        if let Some(time) = self.at {
            edit = edit.run_at(time);
        }
        if let Some(priority) = self.priority {
            edit = edit.priority(priority);
        }
        if let Some(max_retries) = self.max_retries {
            edit = edit.max_retries(max_retries);
        }
        if self.keep_dedup_key {
            edit = edit.keep_dedup_key();
        }
        Ok(edit.await?)
    }

    /// The body of `PATCH /tasks/{id}`.
    pub(super) fn to_json(&self) -> Value {
        let mut body = Map::new();
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        say("task_payload", self.payload.clone());
        say("run_at", self.at.map(time));
        say("priority", self.priority.map(Value::from));
        say("max_retries", self.max_retries.map(Value::from));
        say("keep_dedup_key", self.keep_dedup_key.then(|| true.into()));
        Value::Object(body)
    }
}
