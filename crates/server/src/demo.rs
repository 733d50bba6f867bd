//! The demo: every kind of outcome a task can have, on a throw-away SQLite file, checked against what
//! was expected.

mod documents;
mod place;
mod report;
mod script;
mod tasks;
mod verdict;
mod watch;

use crate::example_task::ExampleTask;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use documents::Documents;
use dutiful::{Client, Periodic, Task, Worker};
use dutiful_documents::TranscribeDocument;
use place::Place;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use verdict::Verdict;

const TICK_EVERY: Duration = Duration::from_secs(1);

/// What the demo is asked to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// A folder of the user's own; otherwise the guides that the binary carries.
    pub(crate) documents: Option<PathBuf>,
    pub(crate) keep: bool,
}

/// Runs the demo; a failure when anything came out other than expected.
pub(crate) async fn run(plan: Plan, output: Output) -> Result<(), Failure> {
    let begun = Instant::now();
    let place = Place::make(plan.keep)?;
    let documents = Documents::choose(plan.documents, &place)?;
    let client = Client::connect(&place.database_url()).await?;
    client.migrate().await?;
    output.note(&format!("database {}: tables made", place.database_url()));
    let worker = worker(&client, &documents).start().await?;
    let verdicts = work(&client, &documents, output).await;
    worker.shutdown().await;
    let verdicts = verdicts?;
    report::print(output, &place, &verdicts, begun.elapsed())?;
    match verdicts
        .iter()
        .filter(|verdict| !verdict.as_expected)
        .count()
    {
        0 => Ok(()),
        wrong => Err(Failure::new(
            Exit::Failure,
            "not_as_expected",
            format!("{wrong} of {} came out other than expected", verdicts.len()),
        )
        .fix("run `dutiful demo --keep -v` and look at the tasks that the table names")),
    }
}

fn worker(client: &Client, documents: &Documents) -> Worker {
    Worker::new(client.clone())
        .register(ExampleTask)
        .register(tasks::FlakyTask)
        .register(tasks::BrokenTask)
        .register(tasks::SlowTask)
        .register(tasks::PanickingTask)
        .register(Periodic::every(TICK_EVERY, tasks::TickTask))
        .register(TranscribeDocument::new(documents.root().to_path_buf()))
}

async fn work(
    client: &Client,
    documents: &Documents,
    output: Output,
) -> Result<Vec<Verdict>, Failure> {
    let expected = script::submit(client, documents).await?;
    let limit = watch::LIMIT + watch::LIMIT_PER_DOCUMENT * documents.added();
    watch::until_ended(client, &expected, limit, output).await?;
    let mut verdicts = Vec::new();
    for expectation in &expected {
        verdicts.push(expectation.judge(client).await?);
    }
    Ok(verdicts)
}

/// The name of the periodic task, whose ticks nobody submits by hand.
fn tick_name() -> &'static str {
    tasks::TickTask::name()
}
