//! `dutiful workers`.

use super::App;
use crate::failure::{Exit, Failure};
use crate::nearest::nearest;
use crate::output::{Column, Rows, Table, Tone, time};
use clap::{Args, Subcommand};
use dutiful::WorkerInfo;
use serde_json::json;

const COLUMNS: [Column; 7] = [
    Column::text("WORKER"),
    Column::text("HOST"),
    Column::number("PID"),
    Column::word("ALIVE"),
    Column::word("STARTED (UTC)"),
    Column::word("LAST BEAT (UTC)"),
    Column::text("TASKS"),
];

/// The arguments of `workers`.
#[derive(Debug, Args)]
pub(super) struct WorkersArgs {
    #[command(subcommand)]
    command: Option<WorkersCommand>,
}

#[derive(Debug, Subcommand)]
enum WorkersCommand {
    /// List the workers; so does `workers` alone
    List,
    /// Ask a worker to end, as SIGTERM would: running tasks get their grace
    Drain(DrainArgs),
}

/// The arguments of `workers drain`.
#[derive(Debug, Args)]
struct DrainArgs {
    /// The worker's name, as the list shows it
    worker: String,
}

impl WorkersArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        match self.command {
            None | Some(WorkersCommand::List) => list(app).await,
            Some(WorkersCommand::Drain(args)) => args.run(app).await,
        }
    }
}

impl DrainArgs {
    async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        match place.drain_worker(&self.worker).await {
            Ok(worker) => app.output.data(&worker, || {
                format!(
                    "{} is asked to end, and hears of it within 20 seconds",
                    worker.worker
                )
            }),
            Err(failure) if failure.exit == Exit::NotFound => {
                let all = place.workers().await.unwrap_or_default();
                let near = nearest(&self.worker, all.iter().map(|one| one.worker.as_str()));
                Err(match near {
                    Some(near) => failure.fix(format!("did you mean `{near}`?")),
                    None => failure.fix("`dutiful workers` lists those that there are"),
                })
            }
            Err(failure) => Err(failure),
        }
    }
}

async fn list(app: &App) -> Result<(), Failure> {
    let place = app.place().await?;
    let workers = place.workers().await?;
    app.output
        .data(&json!({ "workers": &workers }), || table(&workers))?;
    if workers.is_empty() {
        app.output
            .note("no worker has a row here: `dutiful worker` starts one");
    }
    Ok(())
}

fn table(workers: &[WorkerInfo]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for worker in workers {
        let (alive, tone) = if worker.alive && worker.draining_since.is_some() {
            ("draining", Tone::Busy)
        } else if worker.alive {
            ("yes", Tone::Good)
        } else {
            ("no", Tone::Bad)
        };
        table.row([
            (worker.worker.clone(), Tone::Plain),
            (worker.host.clone(), Tone::Plain),
            (worker.process_id.to_string(), Tone::Plain),
            (alive.to_owned(), tone),
            (time(Some(worker.started_at)), Tone::Dim),
            (time(Some(worker.beat_at)), Tone::Dim),
            (worker.task_names.join(", "), Tone::Plain),
        ]);
    }
    table.text()
}
