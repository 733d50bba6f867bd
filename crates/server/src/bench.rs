//! Measures a database: submitting one by one, by many at once and in bulk, draining by one worker, by one
//! with a hundred task names and by several processes, how soon an idle worker picks a task up here and in
//! another process, how long tasks wait under load, what looking costs, and what a worker costs that has nothing to do.
//!
//! Everything happens in tables of their own, made before and dropped after, and every measurement begins
//! with empty ones. Durability is the database's own: nothing is switched off for speed.

mod child;
mod drain;
mod idle;
mod load;
mod look;
mod names;
mod noop;
mod pick_up;
mod processes;
mod report;
mod scratch;
mod submit;
mod usage;
pub(crate) mod worker;

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
    /// The same with the tasks spread over 100 task names
    #[value(name = "drain-100-names")]
    Drain100Names,
    /// One worker process, then four, on tasks that come due all at once
    #[value(name = "drain-4-processes")]
    Drain4Processes,
    /// How soon an idle worker of this process starts a task
    PickUp,
    /// How soon an idle worker in another process starts a task
    #[value(name = "pick-up-other-process")]
    PickUpOtherProcess,
    /// How long tasks wait that arrive at 25, 50 and 80 % of what the database keeps up with
    Load,
    /// What lists, counts and statistics cost on a table with as many tasks
    Look,
    /// Processor time of a worker process with 100 task names and nothing to do
    IdleCpu,
}

impl Measure {
    fn needs_processes(self) -> bool {
        use Measure::{Drain4Processes, IdleCpu, PickUpOtherProcess};
        matches!(self, Drain4Processes | IdleCpu | PickUpOtherProcess)
    }
}

fn is_in_memory(database_url: &str) -> bool {
    database_url.contains(":memory:")
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
        measured = measure_all(&scratch, settings, output, plan) => measured,
        () = interrupted() => Err(Failure::interrupted()),
    };
    let dropped = scratch.drop_tables().await;
    let report = measured?;
    dropped?;
    output.data(&report, || report.text())
}

async fn measure_all(
    scratch: &Scratch,
    settings: &Settings,
    output: Output,
    plan: &Plan,
) -> Result<Report, Failure> {
    let mut bench = Bench {
        database_url: settings.database_url.clone(),
        client: scratch.client.clone(),
        progress: Progress::new(output, plan.tasks),
        report: Report::new(scratch.client.database(), plan.tasks),
        tasks: plan.tasks,
        payload: noop::filler(plan.payload_bytes),
    };
    for measure in &plan.measures {
        if measure.needs_processes() && is_in_memory(&bench.database_url) {
            output.note("a database in memory has no other processes: what needs them is left out");
            continue;
        }
        scratch.clear().await?;
        match measure {
            Measure::SubmitOne => submit::one_by_one(&mut bench).await?,
            Measure::SubmitAtOnce => submit::at_once(&mut bench).await?,
            Measure::SubmitBulk => submit::in_bulk(&mut bench).await?,
            Measure::SubmitBulkWithoutDedup => submit::in_bulk_without_dedup(&mut bench).await?,
            Measure::Drain => drain::measure(&mut bench).await?,
            Measure::Drain100Names => drain::measure_names(&mut bench).await?,
            Measure::Drain4Processes => processes::measure(&mut bench, scratch).await?,
            Measure::PickUp => pick_up::measure(&mut bench).await?,
            Measure::PickUpOtherProcess => pick_up::measure_process(&mut bench).await?,
            Measure::Load => load::measure(&mut bench).await?,
            Measure::Look => look::measure(&mut bench).await?,
            Measure::IdleCpu => idle::measure(&mut bench).await?,
        }
    }
    bench.report.memory();
    Ok(bench.report)
}

/// What every measurement works with.
#[derive(Debug)]
struct Bench {
    client: Client,
    /// Where the workers in processes of their own find the tasks.
    database_url: String,
    progress: Progress,
    report: Report,
    tasks: u64,
    /// What payloads carry beside their number.
    payload: String,
}
