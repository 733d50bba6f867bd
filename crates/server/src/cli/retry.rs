//! `dutiful retry`.

use super::place::Verb;
use super::{App, operate};
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::TaskId;

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The tasks' ids
    #[arg(required = true, value_name = "ID", value_parser = values::task_id)]
    ids: Vec<TaskId>,
}

impl RetryArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        operate::each(app, Verb::Retry, &self.ids, |task| {
            format!("task {} is due again: {}", task.id, task.state)
        })
        .await
    }
}
