//! `dutiful retry`.

use super::bulk::WhereArgs;
use super::place::Verb;
use super::{App, operate};
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::{BulkAction, TaskId};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The tasks' ids
    #[arg(required_unless_present = "where", conflicts_with = "where", value_name = "ID",
          value_parser = values::task_id)]
    ids: Vec<TaskId>,
    #[command(flatten)]
    which: WhereArgs,
    /// Only tell which tasks fit
    #[arg(long, requires = "where")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short, requires = "where")]
    yes: bool,
}

impl RetryArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        if self.ids.is_empty() {
            let action = BulkAction::Retry;
            return self.which.run(app, action, self.dry_run, self.yes).await;
        }
        operate::each(app, Verb::Retry, &self.ids, |task| {
            format!("task {} is due again: {}", task.id, task.state)
        })
        .await
    }
}
