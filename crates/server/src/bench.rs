//! Measures a database: submitting one by one, by many at once and in bulk, draining, how soon an idle
//! worker picks a task up, and how long tasks wait under load.
//!
//! Everything happens in tables of their own, made before and dropped after, and every measurement begins
//! with empty ones. Durability is the database's own: nothing is switched off for speed.

mod drain;
mod load;
mod noop;
mod pick_up;
mod report;
mod scratch;
mod submit;

use crate::failure::Failure;
use crate::output::{Output, Progress};
use crate::settings::Settings;
use crate::signals::interrupted;
use clap::ValueEnum;
use dutiful::Client;
use report::Report;
use scratch::Scratch;

/// Connections that the 64 submitters share.
pub(super) const POOL_SIZE: usize = 16;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// One client that waits for each task to be stored
    SubmitOne,
    /// 64 callers in one process, each waiting for its own task
    SubmitAtOnce,
    /// 1,000 tasks a call
    SubmitBulk,
    /// The same without dedup
    SubmitBulkWithoutDedup,
    /// One worker with the usual settings runs what was submitted
    Drain,
    /// How soon an idle worker of this process starts a task
    PickUp,
    /// How long tasks wait that arrive at 25, 50 and 80 % of what the database keeps up with
    Load,
}

/// What to measure, and with how much.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How many tasks are submitted and drained.
    pub(crate) tasks: u64,
    /// In this order.
    pub(crate) measures: Vec<Measure>,
    /// How large a payload is, in bytes of text beside its number.
    pub(crate) payload_bytes: usize,
    /// Works in tables that are there already, and leaves them and their rows.
    pub(crate) on_existing: bool,
}

/// Runs what is planned and prints the figures.
pub(crate) async fn run(settings: &Settings, output: Output, plan: &Plan) -> Result<(), Failure> {
    let scratch = Scratch::make(settings, plan.on_existing).await?;
    // Dropping the future between two awaits is safe: the tables are dropped in every case.
    let measured = tokio::select! {
        measured = measure_all(&scratch, output, plan) => measured,
        () = interrupted() => Err(Failure::interrupted()),
    };
    let dropped = scratch.drop_tables().await;
    let report = measured?;
    dropped?;
    output.data(&report, || report.text())
}

async fn measure_all(scratch: &Scratch, output: Output, plan: &Plan) -> Result<Report, Failure> {
    let mut bench = Bench {
        client: scratch.client.clone(),
        progress: Progress::new(output, plan.tasks),
        report: Report::new(scratch.client.database(), plan.tasks),
        tasks: plan.tasks,
        payload: noop::filler(plan.payload_bytes),
    };
    for measure in &plan.measures {
        scratch.clear().await?;
        match measure {
            Measure::SubmitOne => submit::one_by_one(&mut bench).await?,
            Measure::SubmitAtOnce => submit::at_once(&mut bench).await?,
            Measure::SubmitBulk => submit::in_bulk(&mut bench).await?,
            Measure::SubmitBulkWithoutDedup => submit::in_bulk_without_dedup(&mut bench).await?,
            Measure::Drain => drain::measure(&mut bench).await?,
            Measure::PickUp => pick_up::measure(&mut bench).await?,
            Measure::Load => load::measure(&mut bench).await?,
        }
    }
    bench.report.memory();
    Ok(bench.report)
}

/// What every measurement works with.
#[derive(Debug)]
struct Bench {
    client: Client,
    progress: Progress,
    report: Report,
    tasks: u64,
    /// What payloads carry beside their number.
    payload: String,
}
