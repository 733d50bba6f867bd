//! `dutiful move`.

mod print;
mod urls;

use super::App;
use crate::failure::Failure;
use crate::output::{Progress, confirm, count};
use crate::signals::interrupted;
use crate::values;
use clap::Args;
use dutiful::moves::{MoveProgress, MoveStage, Mover};
use dutiful::{Client, ErrorKind};
use serde_json::json;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;
use urls::Urls;

/// The arguments of `move`.
#[derive(Debug, Args)]
pub(super) struct MoveArgs {
    /// The old and the new database; a single one is the new one, and the old one is that of the settings.
    /// With --status, --abort and --remove-old a single one is the old one
    #[arg(value_names = ["FROM_URL", "TO_URL"], num_args = 0..=2, hide_env_values = true)]
    urls: Vec<String>,
    /// A file that holds the URL of the old database and nothing else
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// A file that holds the URL of the new database and nothing else
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
    /// The new database, when nothing else names it
    #[arg(long, hide = true, env = "DUTIFUL_MOVE_TO_URL", hide_env_values = true)]
    to_url: Option<String>,
    /// What the names of the tables begin with in the new database [default: as in the old one]
    #[arg(long, value_name = "PREFIX")]
    to_prefix: Option<String>,
    /// How long running tasks may go on before the cut-over, while no others begin
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = values::duration)]
    grace: Duration,
    /// Only check both databases and tell what would be moved
    #[arg(long, conflicts_with_all = ["abort", "status", "remove_old"])]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Give up a move that has not come to its end: the queue is where it was
    #[arg(long, conflicts_with_all = ["status", "remove_old"])]
    abort: bool,
    /// Show the move that the old database takes part in, or took part in last
    #[arg(long, conflicts_with = "remove_old")]
    status: bool,
    /// Remove the tables that a move has left in the old database
    #[arg(long)]
    remove_old: bool,
}

impl MoveArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        app.settings.check_database()?;
        let single_is_new = !(self.abort || self.status || self.remove_old);
        let urls = Urls::find(&self, app, single_is_new)?;
        let from = urls.from(app).await?;
        match () {
            () if self.status => print::status(app, Mover::status(&from).await?.as_ref()),
            () if self.remove_old => self.remove(app, &from).await,
            () if self.abort => self.give_up(app, &from, &urls).await,
            () => self.carry_over(app, &from, &urls).await,
        }
    }

    async fn carry_over(&self, app: &App, from: &Client, urls: &Urls) -> Result<(), Failure> {
        let to = urls.to(app).await?;
        let to = to.ok_or_else(|| {
            Failure::usage("no database is named to move to").fix(
                "write `dutiful move FROM_URL TO_URL`, or name it in --to-file or in DUTIFUL_MOVE_TO_URL",
            )
        })?;
        let progress = Bar::new(app);
        let tell = progress.clone();
        let mover = Mover::new(from, &to).grace(self.grace);
        let mover = mover.on_progress(move |step| tell.show(step));
        let outlook = mover.outlook().await.map_err(failure)?;
        if self.dry_run {
            return print::outlook(app, &outlook);
        }
        if !self.yes {
            let rows = outlook.tables.iter().find(|(name, _)| *name == "tasks");
            let tasks = count(rows.map_or(0, |(_, rows)| *rows));
            let (from, to) = (&outlook.from, &outlook.to);
            confirm(&format!(
                "move the queue ({tasks} tasks) from {from} to {to}? Programs have to be given the new URL"
            ))
            .await?;
        }
        let report = {
            let mut run = pin!(mover.run());
            tokio::select! {
                done = &mut run => done,
                () = interrupted() => {
                    mover.stop();
                    app.output.note("stopping: the queue goes on where it is");
                    match run.await {
                        Err(error) => return Err(after_stop(error)),
                        done => done,
                    }
                }
            }
        };
        progress.end();
        print::report(app, &report.map_err(failure)?)
    }

    async fn give_up(&self, app: &App, from: &Client, urls: &Urls) -> Result<(), Failure> {
        let to = urls.to(app).await?;
        Mover::abort(from, to.as_ref()).await.map_err(failure)?;
        let data = json!({ "aborted": true, "from": from.database(), "cleaned": to.is_some() });
        app.output.data(&data, || {
            let left = match to.is_some() {
                true => "what had been copied is removed",
                false => {
                    "what had been copied is still there: name the new database too to remove it"
                }
            };
            format!("the queue works on at {}; {left}\n", from.database())
        })
    }

    async fn remove(&self, app: &App, from: &Client) -> Result<(), Failure> {
        if !self.yes {
            let what = format!("remove the old tables in {}, for ever?", from.database());
            confirm(&what).await?;
        }
        Mover::remove_old(from).await.map_err(failure)?;
        let data = json!({ "removed": true, "from": from.database() });
        app.output.data(&data, || {
            format!("the old tables in {} are removed\n", from.database())
        })
    }
}

/// What a run that was told to stop ends with. That it was is no news, but that the tables are still away is.
fn after_stop(error: dutiful::Error) -> Failure {
    match error.kind() {
        ErrorKind::Conflict => {
            Failure::interrupted().fix("run it again: it goes on where it ended")
        }
        _ => failure(error),
    }
}

/// What a move says is said whole; the usual fixes are about tasks.
fn failure(error: dutiful::Error) -> Failure {
    let (kind, cause) = (error.kind(), error.to_string());
    let mut failure = Failure::from(error);
    failure.cause = cause;
    if kind == ErrorKind::Conflict {
        failure.fix = None;
    }
    failure
}

/// Shows on a terminal how far the run is.
#[derive(Clone)]
struct Bar(std::sync::Arc<Mutex<Shown>>);

struct Shown {
    progress: Option<Progress>,
    stage: Option<(MoveStage, u32)>,
    app: crate::output::Output,
}

impl Bar {
    fn new(app: &App) -> Bar {
        Bar(std::sync::Arc::new(Mutex::new(Shown {
            progress: None,
            stage: None,
            app: app.output,
        })))
    }

    fn show(&self, step: MoveProgress) {
        let mut shown = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let output = shown.app;
        let now = Some((step.stage, step.pass));
        let begins = std::mem::replace(&mut shown.stage, now) != now;
        let progress = shown
            .progress
            .get_or_insert_with(|| Progress::new(output, 1));
        if begins {
            progress.begin("", step.rows_expected.max(1));
        }
        progress.set(step.rows, words(&step));
    }

    fn end(&self) {
        let mut shown = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shown.progress = None;
    }
}

fn words(step: &MoveProgress) -> String {
    match step.stage {
        MoveStage::Draining => format!("{} tasks still run", count(step.leased)),
        MoveStage::Away => "cut-over: copying what changed last".to_owned(),
        MoveStage::Verifying => "cut-over: comparing both places".to_owned(),
        _ => format!("copying, pass {}", step.pass),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[tokio::test]
    async fn whoever_stops_a_move_is_told_when_that_fails() {
        let client = Client::connect("sqlite::memory:").await.unwrap();
        // Any error that is not the stop's own.
        let broken = client.stats().await.unwrap_err();
        assert_eq!(after_stop(broken).code, "schema");
        client.migrate().await.unwrap();
        // A refusal, as that of the stop itself.
        let id = client.submit_json("A", json!(1)).await.unwrap().id;
        client.cancel(id).await.unwrap();
        let refused = client.cancel(id).await.unwrap_err();
        assert_eq!(after_stop(refused).exit, Exit::Interrupted);
    }
}
