//! `dutiful edit`.

use super::App;
use super::submit::{payload, refusal};
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::TaskId;
use std::time::SystemTime;

/// The arguments of `edit`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["payload", "at", "priority", "max_retries"])))]
pub(super) struct EditArgs {
    /// The task's id
    #[arg(value_parser = values::task_id)]
    id: TaskId,
    /// Another payload as JSON; `-` reads it from stdin, `@FILE` from a file
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,
    /// Run it no sooner than at this time, a held task too: 2030-01-31T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    at: Option<SystemTime>,
    /// -9 to 9; higher runs first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// How many failed runs are allowed
    #[arg(long, value_name = "N")]
    max_retries: Option<u32>,
    /// The new payload is still the same task, where its dedup key was not the whole payload
    #[arg(long, requires = "payload")]
    keep_dedup_key: bool,
}

impl EditArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let payload = match &self.payload {
            Some(argument) => Some(payload::read(argument).await?),
            None => None,
        };
        let client = app.settings.connect().await?;
        let mut edit = client.edit(self.id);
        if let Some(payload) = payload {
            let task = client.get(self.id).await?;
            // One that this binary does not know is another worker's to check.
            if let Some(known) = app.tasks.named(&task.task_name) {
                let checked = known.check(&client, payload.clone());
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
        let task = edit.await?;
        app.output.data(&task, || {
            format!("task {} is changed: {}", task.id, task.state)
        })
    }
}
