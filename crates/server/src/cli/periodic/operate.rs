//! `dutiful periodic run|pause|resume|change|reset`.

use super::{App, failed, words};
use crate::cli::place::{PeriodicEdit, PeriodicVerb, Place};
use crate::cli::submit::payload;
use crate::failure::Failure;
use crate::output::{line, time};
use crate::values;
use clap::Args;
use dutiful::PeriodicInfo;
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

impl NameArgs {
    pub(super) async fn run(self, app: &App, verb: PeriodicVerb) -> Result<(), Failure> {
        let place = app.place().await?;
        let done = place.periodic_operate(verb, &self.name).await;
        tell(app, &place, &self.name, done).await
    }
}

impl RunArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        match place.periodic_run(&self.name, self.anyway).await {
            Ok(task_id) => app.output.data(&json!({ "task_id": task_id }), || {
                format!("task {task_id} is submitted")
            }),
            Err(failure) => Err(failed(&place, &self.name, failure).await),
        }
    }
}

impl ChangeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let payload = match &self.payload {
            Some(argument) => Some(payload::read(argument).await?),
            None => None,
        };
        let place = app.place().await?;
        let edit = PeriodicEdit {
            cron: self.cron,
            time_zone: self.time_zone,
            every: self.every,
            payload,
        };
        let done = place.periodic_change(app, &self.name, edit).await;
        tell(app, &place, &self.name, done).await
    }
}

async fn tell(
    app: &App,
    place: &Place,
    name: &str,
    done: Result<PeriodicInfo, Failure>,
) -> Result<(), Failure> {
    match done {
        Ok(mut one) => {
            app.settings.redact.periodic(&mut one);
            app.output.data(&one, || sentence(&one))
        }
        Err(failure) => Err(failed(place, name, failure).await),
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
