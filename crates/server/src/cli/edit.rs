//! `dutiful edit`.

use super::App;
use super::place::Edit;
use super::submit::payload;
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
        let edit = Edit {
            payload,
            at: self.at,
            priority: self.priority,
            max_retries: self.max_retries,
            keep_dedup_key: self.keep_dedup_key,
        };
        let task = app.place().await?.edit(app, self.id, edit).await?;
        let task = app.shown(task);
        app.output.data(&task, || {
            format!("task {} is changed: {}", task.id, task.state)
        })
    }
}
