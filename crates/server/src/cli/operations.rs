//! `dutiful operations`.

use super::App;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Progress, Rows, Table, Tone, count, time};
use crate::values;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use dutiful::{BulkOperations, Client, ErrorKind, Operation, State, TaskId, Worker};
use std::time::Duration;

/// Between two looks at how far one is.
const LOOK: Duration = Duration::from_millis(100);

const COLUMNS: [Column; 8] = [
    Column::number("ID"),
    Column::word("STATE"),
    Column::word("ACTION"),
    Column::number("DONE"),
    Column::number("PASSED OVER"),
    Column::word("ASKED (UTC)"),
    Column::text("BY"),
    Column::text("FILTER"),
];

/// The arguments of `operations`.
#[derive(Debug, Args)]
pub(super) struct OperationsArgs {
    #[command(subcommand)]
    command: Option<OperationsCommand>,
}

#[derive(Debug, Subcommand)]
enum OperationsCommand {
    /// List the operations, newest first; so does `operations` alone
    List(ListArgs),
    /// Show one
    Show(IdArgs),
    /// Stop one: it changes no task more, and what it has done stays done
    Stop(IdArgs),
    /// Work on one until it has ended, for when nothing else does
    Follow(IdArgs),
}

/// The arguments of `operations list`.
#[derive(Debug, Args)]
struct ListArgs {
    /// How many at most: 1 to 200
    #[arg(long, value_name = "N", default_value = "50",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=200))]
    limit: usize,
    /// Go on where a page ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

/// The number of an operation.
#[derive(Debug, Args)]
struct IdArgs {
    /// The operation's id
    #[arg(value_parser = values::task_id)]
    id: TaskId,
}

impl OperationsArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        match self.command {
            None => list(app, &client, 50, None).await,
            Some(OperationsCommand::List(args)) => {
                list(app, &client, args.limit, args.after.as_deref()).await
            }
            Some(OperationsCommand::Show(args)) => {
                let operation = client.operation(args.id).await.map_err(failed)?;
                tell(app, &operation)
            }
            Some(OperationsCommand::Stop(args)) => {
                let operation = client.stop_operation(args.id).await.map_err(failed)?;
                tell(app, &operation)
            }
            Some(OperationsCommand::Follow(args)) => {
                let operation = client.operation(args.id).await.map_err(failed)?;
                follow(app, &client, operation).await
            }
        }
    }
}

async fn list(
    app: &App,
    client: &Client,
    limit: usize,
    after: Option<&str>,
) -> Result<(), Failure> {
    let page = client.operations(limit, after).await?;
    app.output.data(&page, || table(&page.operations))?;
    if let Some(next) = &page.next {
        app.output
            .note(&format!("there may be more: add --after {next}"));
    }
    Ok(())
}

fn table(operations: &[Operation]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for one in operations {
        table.row([
            (one.id.to_string(), Tone::Plain),
            (one.state.to_string(), Tone::of(one.state)),
            (one.action.clone(), Tone::Plain),
            (count(one.counts.done), Tone::Plain),
            (count(passed_over(one)), Tone::Plain),
            (time(Some(one.asked_at)), Tone::Dim),
            (one.asked_by.clone(), Tone::Plain),
            (one.filter.to_string(), Tone::Plain),
        ]);
    }
    table.text()
}

/// Works on an operation, beside whatever else does, until it has ended; then tells what came of it. It goes on
/// elsewhere, or later, when this is interrupted.
pub(super) async fn follow(
    app: &App,
    client: &Client,
    operation: Operation,
) -> Result<(), Failure> {
    let id = operation.id;
    let worker = Worker::new(client.clone())
        .register(BulkOperations)
        .shutdown_grace(Duration::ZERO)
        .start()
        .await?;
    let progress = Progress::new(app.output, operation.expected);
    let ended = loop {
        let now = client.operation(id).await?;
        let passed = format!("{} passed over", count(passed_over(&now)));
        progress.set(now.counts.matched, passed);
        if now.state.is_ended() {
            break now;
        }
        tokio::time::sleep(LOOK).await;
    };
    drop(progress);
    worker.shutdown().await;
    tell(app, &ended)?;
    match ended.state {
        State::Succeeded => Ok(()),
        State::Cancelled => Err(Failure::new(
            Exit::Conflict,
            "conflict",
            format!("operation {id} was stopped"),
        )
        .fix(format!("`dutiful retry {id}` lets it go on"))),
        state => Err(Failure::new(
            Exit::Failure,
            "operation",
            format!("operation {id} is {state}"),
        )
        .fix(format!("`dutiful show {id}` tells why"))),
    }
}

fn tell(app: &App, operation: &Operation) -> Result<(), Failure> {
    app.output.data(operation, || {
        let why = operation.counts.skipped.iter();
        let why: Vec<String> = why
            .map(|(why, tasks)| format!("{} {why}", count(*tasks)))
            .collect();
        let why = match why.is_empty() {
            true => String::new(),
            false => format!(" ({})", why.join(", ")),
        };
        format!(
            "operation {}: {}, {}: {} done, {} passed over{why}",
            operation.id,
            operation.action,
            operation.state,
            count(operation.counts.done),
            count(passed_over(operation)),
        )
    })
}

fn passed_over(operation: &Operation) -> u64 {
    operation.counts.skipped.values().sum()
}

fn failed(error: dutiful::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => {
            Failure::from(error).fix("`dutiful operations` lists those there are")
        }
        _ => error.into(),
    }
}
