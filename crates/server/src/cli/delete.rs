//! `dutiful delete`.

use super::App;
use super::bulk::WhereArgs;
use super::place::Place;
use crate::failure::Failure;
use crate::output::confirm;
use crate::values;
use clap::Args;
use dutiful::{BulkAction, TaskId};
use serde_json::json;

/// The arguments of `delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The tasks' ids
    #[arg(required_unless_present = "where", conflicts_with = "where", value_name = "ID",
          value_parser = values::task_id)]
    ids: Vec<TaskId>,
    #[command(flatten)]
    which: WhereArgs,
    /// Only tell what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl DeleteArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        if self.ids.is_empty() {
            let action = BulkAction::Delete;
            return self.which.run(app, action, self.dry_run, self.yes).await;
        }
        let place = app.place().await?;
        if !self.dry_run && !self.yes {
            let tasks = self.ids.len();
            let what = format!("delete {tasks} tasks with their history, for ever?");
            confirm(&what).await?;
        }
        let mut deleted = Vec::new();
        let mut refused: Option<Failure> = None;
        for id in &self.ids {
            let done = match self.dry_run {
                true => would_be_deleted(&place, *id).await,
                false => place.delete(*id).await,
            };
            match done {
                Ok(()) => deleted.push(*id),
                Err(failure) => {
                    let failure = failure.at(&format!("task {id}"));
                    app.output.failure(&failure);
                    refused = refused.or(Some(Failure::told(failure.exit)));
                }
            }
        }
        let word = if self.dry_run {
            "would be deleted"
        } else {
            "deleted"
        };
        let sentences = || {
            deleted
                .iter()
                .map(|id| format!("task {id} {word}\n"))
                .collect()
        };
        if app.output.json || !deleted.is_empty() {
            let data = json!({ "deleted": deleted, "dry_run": self.dry_run });
            app.output.data(&data, sentences)?;
        }
        refused.map_or(Ok(()), Err)
    }
}

async fn would_be_deleted(place: &Place, id: TaskId) -> Result<(), Failure> {
    let task = place.get(id).await?;
    if task.state.is_ended() {
        return Ok(());
    }
    let cause = format!("it is {} and has not ended", task.state);
    Err(Failure::new(crate::failure::Exit::Conflict, "conflict", cause).fix("cancel it first"))
}
