//! `dutiful run-now`.

use super::place::Verb;
use super::{App, operate};
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::TaskId;

/// The arguments of `run-now`.
#[derive(Debug, Args)]
pub(super) struct RunNowArgs {
    /// The tasks' ids
    #[arg(required = true, value_name = "ID", value_parser = values::task_id)]
    ids: Vec<TaskId>,
}

impl RunNowArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        operate::each(app, Verb::RunNow, &self.ids, |task| {
            format!("task {} is due now: {}", task.id, task.state)
        })
        .await
    }
}
