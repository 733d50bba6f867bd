//! `dutiful worker`.

use super::App;
use crate::failure::Failure;
use crate::known::Known;
use crate::logging;
use clap::Args;
use dutiful::Worker;
use std::path::PathBuf;

/// The arguments of `worker`.
#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// Run only these task names
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Bring the tables up to date first
    #[arg(long)]
    migrate: bool,
    /// The folder below which documents are read
    #[arg(
        long,
        env = "DUTIFUL_DOCUMENTS_ROOT",
        value_name = "DIR",
        default_value = "."
    )]
    documents_root: PathBuf,
}

impl WorkerArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        let selected = self.selected()?;
        let client = app.settings.connect().await?;
        if self.migrate {
            client.migrate().await?;
        } else {
            client.migrator().check().await?;
        }
        let worker = selected
            .into_iter()
            .fold(Worker::new(client), |worker, known| {
                known.register(worker, &self.documents_root)
            });
        worker.run().await?;
        Ok(())
    }

    fn selected(&self) -> Result<Vec<Known>, Failure> {
        if self.only.is_empty() {
            return Ok(Known::ALL.to_vec());
        }
        let mut selected = Vec::new();
        for name in &self.only {
            let known = Known::find(name.trim())?;
            if !selected.contains(&known) {
                selected.push(known);
            }
        }
        Ok(selected)
    }
}
