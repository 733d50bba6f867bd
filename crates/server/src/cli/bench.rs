//! `dutiful bench`.

use super::App;
use crate::bench::worker::{self, Names};
use crate::bench::{self, Measure, Plan};
use crate::failure::Failure;
use crate::logging;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

/// The arguments of `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// How many tasks are submitted and drained: 1,000 to 10,000,000
    #[arg(long, value_name = "N", default_value = "50000",
          value_parser = RangedU64ValueParser::<u64>::new().range(1_000..=10_000_000))]
    tasks: u64,

    /// Measure only this [default: everything]
    #[arg(long, value_name = "MEASURE,...", value_delimiter = ',')]
    only: Vec<Measure>,

    /// How large payloads are, in bytes beside a number: 0 to 1,000,000
    #[arg(long, value_name = "BYTES", default_value = "0",
          value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000_000))]
    payload_bytes: usize,

    /// Work in the bench's tables although they are there, and leave them as they are afterwards
    #[arg(long)]
    on_existing: bool,
}

impl BenchArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        app.settings.check_database()?;
        let measures = if self.only.is_empty() {
            Measure::value_variants().to_vec()
        } else {
            self.only
        };
        let plan = Plan {
            tasks: self.tasks,
            measures,
            payload_bytes: self.payload_bytes,
            on_existing: self.on_existing,
        };
        bench::run(&app.settings, app.output, &plan).await
    }
}

/// The arguments of `bench-worker`, which only a bench starts.
#[derive(Debug, Args)]
pub(super) struct BenchWorkerArgs {
    /// Which task names it knows
    #[arg(long, value_name = "NAMES", default_value = "one")]
    names: Names,
}

impl BenchWorkerArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        worker::run(&app.settings, self.names).await
    }
}
