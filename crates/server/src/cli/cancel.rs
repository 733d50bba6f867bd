//! `dutiful cancel`.

use super::place::Verb;
use super::{App, operate};
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::TaskId;

/// The arguments of `cancel`.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// The tasks' ids
    #[arg(required = true, value_name = "ID", value_parser = values::task_id)]
    ids: Vec<TaskId>,
}

impl CancelArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        operate::each(app, Verb::Cancel, &self.ids, |task| {
            format!("task {} is {}", task.id, task.state)
        })
        .await
    }
}
