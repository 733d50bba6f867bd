//! `dutiful operations`.

mod follow;

pub(super) use follow::follow;

use super::App;
use super::place::Place;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Rows, Table, Tone, count, time};
use crate::values;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use dutiful::{Operation, TaskId};

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
        let place = app.place().await?;
        match self.command {
            None => list(app, &place, 50, None).await,
            Some(OperationsCommand::List(args)) => {
                list(app, &place, args.limit, args.after.as_deref()).await
            }
            Some(OperationsCommand::Show(args)) => {
                let operation = place.operation(args.id).await.map_err(failed)?;
                tell(app, &operation)
            }
            Some(OperationsCommand::Stop(args)) => {
                let operation = place.stop_operation(args.id).await.map_err(failed)?;
                tell(app, &operation)
            }
            Some(OperationsCommand::Follow(args)) => {
                let operation = place.operation(args.id).await.map_err(failed)?;
                follow(app, &place, operation).await
            }
        }
    }
}

async fn list(app: &App, place: &Place, limit: usize, after: Option<&str>) -> Result<(), Failure> {
    let page = place.operations(limit, after).await?;
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

fn failed(failure: Failure) -> Failure {
    match failure.exit {
        Exit::NotFound => failure.fix("`dutiful operations` lists those there are"),
        _ => failure,
    }
}
