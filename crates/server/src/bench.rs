//! Measures a database: submitting one by one, by many at once and in bulk, draining, and how soon an
//! idle worker picks a task up.
//!
//! Everything happens in tables of their own, made before and dropped after. Durability is the
//! database's own: nothing is switched off for speed.

mod drain;
mod noop;
mod pick_up;
mod report;
mod scratch;
mod submit;

use crate::failure::Failure;
use crate::output::{Output, Progress};
use crate::settings::Settings;
use crate::signals::interrupted;
use dutiful::Client;
use report::Report;
use scratch::Scratch;

/// Connections that the 64 submitters share.
pub(super) const POOL_SIZE: usize = 16;

/// Runs every measurement with `tasks` tasks and prints the figures.
pub(crate) async fn run(settings: &Settings, output: Output, tasks: u64) -> Result<(), Failure> {
    let scratch = Scratch::make(settings).await?;
    // Dropping the future between two awaits is safe: the tables are dropped in every case.
    let measured = tokio::select! {
        measured = measure(&scratch.client, output, tasks) => measured,
        () = interrupted() => Err(Failure::interrupted()),
    };
    let dropped = scratch.drop_tables().await;
    let report = measured?;
    dropped?;
    output.data(&report, || report.text())
}

async fn measure(client: &Client, output: Output, tasks: u64) -> Result<Report, Failure> {
    let progress = Progress::new(output, tasks);
    let mut report = Report::new(client.database(), tasks);
    submit::measure(client, &progress, tasks, &mut report).await?;
    drain::measure(client, &progress, tasks, &mut report).await?;
    pick_up::measure(client, &progress, &mut report).await?;
    Ok(report)
}
