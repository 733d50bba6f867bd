//! `dutiful periodic run|pause|resume|change|reset`.

use super::{App, failed, words};
use crate::cli::actor;
use crate::cli::submit::{payload, refusal};
use crate::failure::Failure;
use crate::output::{line, time};
use crate::values;
use clap::Args;
use dutiful::{Client, PeriodicInfo, Result as Done};
use serde_json::json;
use std::time::Duration;

/// The name of a periodic task.
#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// The name of the periodic task
    name: String,
}

/// The arguments of `periodic run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The name of the periodic task
    name: String,
    /// Also while its last task has not ended, whatever its overlap policy says
    #[arg(long)]
    anyway: bool,
}

/// The arguments of `periodic change`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["cron", "time_zone", "every", "payload"])))]
pub(super) struct ChangeArgs {
    /// The name of the periodic task
    name: String,
    /// Another cron expression: "0 9 * * MON-FRI"
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "every")]
    cron: Option<String>,
    /// Another time zone for its cron expression: Europe/Berlin
    #[arg(long, value_name = "ZONE", conflicts_with = "every")]
    time_zone: Option<String>,
    /// Another interval: 30s, 1h
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    every: Option<Duration>,
    /// Another payload for its tasks as JSON; `-` reads it from stdin, `@FILE` from a file
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,
}

/// What is done to one without further arguments.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Pause,
    Resume,
    Reset,
}

impl NameArgs {
    pub(super) async fn run(self, app: &App, verb: Verb) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        let done = match verb {
            Verb::Pause => client.periodic_pause(&self.name).await,
            Verb::Resume => client.periodic_resume(&self.name).await,
            Verb::Reset => client.periodic_reset(&self.name).await,
        };
        tell(app, &client, &self.name, done).await
    }
}

impl RunArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        let mut run = client.periodic_run_now(self.name.as_str());
        if self.anyway {
            run = run.anyway();
        }
        match run.await {
            Ok(ran) => app.output.data(&json!({ "task_id": ran.task_id }), || {
                format!("task {} is submitted", ran.task_id)
            }),
            Err(error) => Err(failed(&client, &self.name, error).await),
        }
    }
}

impl ChangeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let payload = match &self.payload {
            Some(argument) => Some(payload::read(argument).await?),
            None => None,
        };
        let client = app.settings.connect().await?;
        let mut change = client.periodic_change(self.name.as_str()).by(&actor());
        if let Some(expression) = &self.cron {
            change = change.expression(expression);
        }
        if let Some(zone) = &self.time_zone {
            change = change.time_zone(zone);
        }
        if let Some(interval) = self.every {
            change = change.every(interval);
        }
        if let Some(payload) = payload {
            let one = match client.periodic_named(&self.name).await {
                Ok(one) => one,
                Err(error) => return Err(failed(&client, &self.name, error).await),
            };
            // One that this binary does not know is another worker's to check.
            if let Some(known) = app.tasks.named(&one.task_name) {
                let checked = known.check(&client, payload.clone());
                checked.map_err(|bad| refusal(known.name, &bad))?;
            }
            change = change.payload(payload);
        }
        let done = change.await;
        tell(app, &client, &self.name, done).await
    }
}

async fn tell(
    app: &App,
    client: &Client,
    name: &str,
    done: Done<PeriodicInfo>,
) -> Result<(), Failure> {
    match done {
        Ok(one) => app.output.data(&one, || sentence(&one)),
        Err(error) => Err(failed(client, name, error).await),
    }
}

fn sentence(one: &PeriodicInfo) -> String {
    let (schedule, zone) = words(&one.schedule);
    let zone = match zone.is_empty() {
        true => zone,
        false => format!(" ({zone})"),
    };
    let changed = match &one.changed {
        Some(changed) => format!(", changed by {}", line(&changed.by)),
        None => String::new(),
    };
    let next = match (one.paused, one.next_at) {
        (true, _) => "it is paused".to_owned(),
        (false, Some(_)) => format!("its next run is at {}", time(one.next_at)),
        (false, None) => "its schedule names no further time".to_owned(),
    };
    format!("{}: {schedule}{zone}{changed}; {next}", one.name)
}
