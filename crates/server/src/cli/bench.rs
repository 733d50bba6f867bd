//! `dutiful bench`.

use super::App;
use crate::bench;
use crate::failure::Failure;
use crate::logging;
use clap::Args;
use clap::builder::RangedU64ValueParser;

/// The arguments of `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// How many tasks are submitted and drained: 1,000 to 10,000,000
    #[arg(long, value_name = "N", default_value = "50000",
          value_parser = RangedU64ValueParser::<u64>::new().range(1_000..=10_000_000))]
    tasks: u64,
}

impl BenchArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        bench::run(&app.settings, app.output, self.tasks).await
    }
}
