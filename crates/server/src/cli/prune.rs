//! `dutiful prune`.

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Progress, Rows, Table, Tone, confirm, count};
use crate::signals::interrupted;
use crate::values;
use clap::Args;
use dutiful::{Client, Prune, PruneCount, State};
use serde_json::json;
use std::time::Duration;

const COLUMNS: [Column; 3] = [
    Column::text("TASK"),
    Column::word("STATE"),
    Column::number("TASKS"),
];

/// The arguments of `prune`.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Only tasks that ended at least so long ago
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = values::duration)]
    older_than: Duration,
    /// Only tasks of this name; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Only tasks in this state; may be repeated [default: every state in which a task has ended]
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<State>,
    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl PruneArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        let prune = Prune::older_than(self.older_than)
            .names(self.names.clone())
            .states(&self.states);
        let counts = tokio::select! {
            counts = self.look(app, &client, &prune) => counts?,
            () = interrupted() => return Err(Failure::interrupted()),
        };
        let tasks: u64 = counts.iter().map(|count| count.tasks).sum();
        if self.dry_run {
            return self.tell(app, &counts, 0);
        }
        let removed = self.remove(app, &client, &prune, tasks).await?;
        self.tell(app, &counts, removed)
    }

    /// What there is to remove; asks whether it is meant.
    async fn look(
        &self,
        app: &App,
        client: &Client,
        prune: &Prune,
    ) -> Result<Vec<PruneCount>, Failure> {
        let progress = Progress::new(app.output, 0);
        progress.begin("found", 0);
        let counting = client.count_prunable(prune, |found| progress.reach(found, found));
        let counts = counting.await?;
        drop(progress);
        let tasks: u64 = counts.iter().map(|count| count.tasks).sum();
        if tasks > 0 && !self.yes && !self.dry_run {
            app.output.note(table(&counts).trim_end());
            let tasks = count(tasks);
            confirm(&format!(
                "remove {tasks} tasks with their history, for ever?"
            ))
            .await?;
        }
        Ok(counts)
    }

    /// Ctrl-C ends it between two tasks or undoes the transaction under way; what went until then is told.
    async fn remove(
        &self,
        app: &App,
        client: &Client,
        prune: &Prune,
        tasks: u64,
    ) -> Result<u64, Failure> {
        let progress = Progress::new(app.output, tasks);
        progress.begin("removed", tasks);
        let mut gone = 0;
        let removing = client.prune(prune, |removed| {
            gone = removed;
            progress.reach(removed, tasks.max(removed));
        });
        let done = tokio::select! {
            done = removing => Some(done),
            () = interrupted() => None,
        };
        drop(progress);
        match done {
            Some(removed) => Ok(removed?),
            None => {
                app.output
                    .note(&format!("{} tasks were removed", count(gone)));
                Err(Failure::interrupted().fix("run it again: it goes on with the rest"))
            }
        }
    }

    fn tell(&self, app: &App, counts: &[PruneCount], removed: u64) -> Result<(), Failure> {
        let data = json!({ "dry_run": self.dry_run, "prunable": counts, "removed": removed });
        app.output.data(&data, || {
            if !self.dry_run {
                return format!("{} tasks removed\n", count(removed));
            }
            if counts.is_empty() {
                return "nothing would be removed\n".to_owned();
            }
            table(counts)
        })
    }
}

fn table(counts: &[PruneCount]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for one in counts {
        table.row([
            (one.task_name.clone(), Tone::Plain),
            (one.state.to_string(), Tone::of(one.state)),
            (count(one.tasks), Tone::Plain),
        ]);
    }
    table.text()
}
