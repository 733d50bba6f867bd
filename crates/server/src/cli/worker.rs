//! `dutiful worker`.

use super::App;
use crate::failure::Failure;
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
        let only = self.only(app)?;
        let client = app.settings.connect().await?;
        if self.migrate {
            client.migrate().await?;
        } else {
            client.migrator().check().await?;
        }
        let worker = Worker::new(client);
        let worker = app.tasks.register(&only, worker, &self.documents_root);
        worker.run().await?;
        Ok(())
    }

    /// The names that are asked for, each of them known.
    fn only(&self, app: &App) -> Result<Vec<String>, Failure> {
        let names = self.only.iter().map(|name| name.trim());
        names
            .map(|name| Ok(app.tasks.find(name)?.name.to_owned()))
            .collect()
    }
}
