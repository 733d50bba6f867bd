//! `dutiful duplicate`.

use super::App;
use crate::failure::Failure;
use crate::values;
use clap::Args;
use dutiful::TaskId;

/// The arguments of `duplicate`.
#[derive(Debug, Args)]
pub(super) struct DuplicateArgs {
    /// The task's id
    #[arg(value_parser = values::task_id)]
    id: TaskId,
}

impl DuplicateArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let submitted = place.duplicate(self.id).await?;
        app.output.data(&submitted, || {
            format!("task {} is like task {}", submitted.id, self.id)
        })
    }
}
