//! `dutiful run-now`.

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
        let client = app.settings.connect().await?;
        operate::each(
            app,
            &self.ids,
            async |id| client.run_now(id).await,
            |task| format!("task {} is due now: {}", task.id, task.state),
        )
        .await
    }
}
