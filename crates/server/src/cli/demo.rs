//! `dutiful demo`.

use super::App;
use crate::demo::{self, Plan};
use crate::failure::Failure;
use crate::logging;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Transcribe the documents in this folder instead of the guides that the binary carries
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
    /// Keep the database, to look at it afterwards
    #[arg(long)]
    keep: bool,
}

impl DemoArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        demo::run(
            Plan {
                documents: self.documents,
                keep: self.keep,
            },
            app.output,
        )
        .await
    }
}
