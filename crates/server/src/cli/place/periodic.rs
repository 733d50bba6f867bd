//! Periodic tasks, on a database or a server.

use super::Place;
use crate::cli::submit::refusal;
use crate::cli::{App, actor};
use crate::failure::Failure;
use dutiful::{Client, PeriodicInfo, TaskId, Timestamp};
use serde_json::{Map, Value};
use std::time::Duration;

/// What is done to one by its name alone.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum PeriodicVerb {
    Pause,
    Resume,
    Reset,
}

/// What is to change of one; what is not said stays.
#[derive(Debug)]
pub(in crate::cli) struct PeriodicEdit {
    pub(in crate::cli) cron: Option<String>,
    pub(in crate::cli) time_zone: Option<String>,
    pub(in crate::cli) every: Option<Duration>,
    pub(in crate::cli) payload: Option<Value>,
}

impl Place {
    pub(in crate::cli) async fn periodic(&self) -> Result<Vec<PeriodicInfo>, Failure> {
        match self {
            Place::Database(client) => Ok(client.periodic().await?),
            Place::Server(remote) => remote.periodic().await,
        }
    }

    /// The next ticks of one.
    pub(in crate::cli) async fn periodic_next(
        &self,
        name: &str,
        count: usize,
    ) -> Result<Vec<Timestamp>, Failure> {
        match self {
            Place::Database(client) => Ok(client.periodic_next(name, count).await?),
            Place::Server(remote) => remote.periodic_next(name, count).await,
        }
    }

    pub(in crate::cli) async fn periodic_operate(
        &self,
        verb: PeriodicVerb,
        name: &str,
    ) -> Result<PeriodicInfo, Failure> {
        match (self, verb) {
            (Place::Database(client), PeriodicVerb::Pause) => {
                Ok(client.periodic_pause(name).await?)
            }
            (Place::Database(client), PeriodicVerb::Resume) => {
                Ok(client.periodic_resume(name).await?)
            }
            (Place::Database(client), PeriodicVerb::Reset) => {
                Ok(client.periodic_reset(name).await?)
            }
            (Place::Server(remote), PeriodicVerb::Pause) => {
                remote.periodic_operate("pause", name).await
            }
            (Place::Server(remote), PeriodicVerb::Resume) => {
                remote.periodic_operate("resume", name).await
            }
            (Place::Server(remote), PeriodicVerb::Reset) => {
                remote.periodic_operate("reset", name).await
            }
        }
    }

    /// The task that a run by hand has submitted; `anyway` also while the last one has not ended.
    pub(in crate::cli) async fn periodic_run(
        &self,
        name: &str,
        anyway: bool,
    ) -> Result<TaskId, Failure> {
        match self {
            Place::Database(client) => {
                let run = client.periodic_run_now(name);
                let run = if anyway { run.anyway() } else { run };
                Ok(run.await?.task_id)
            }
            Place::Server(remote) => remote.periodic_run(name, anyway).await,
        }
    }

    pub(in crate::cli) async fn periodic_change(
        &self,
        app: &App,
        name: &str,
        edit: PeriodicEdit,
    ) -> Result<PeriodicInfo, Failure> {
        match self {
            Place::Database(client) => edit.into_database(app, client, name).await,
            Place::Server(remote) => remote.periodic_change(name, &edit.to_json()).await,
        }
    }
}

impl PeriodicEdit {
    /// Changes it; a payload of a type that this program knows is checked.
    async fn into_database(
        self,
        app: &App,
        client: &Client,
        name: &str,
    ) -> Result<PeriodicInfo, Failure> {
        let mut change = client.periodic_change(name).by(&actor());
        if let Some(expression) = &self.cron {
            change = change.expression(expression);
        }
        if let Some(zone) = &self.time_zone {
            change = change.time_zone(zone);
        }
        if let Some(interval) = self.every {
            change = change.every(interval);
        }
        if let Some(payload) = self.payload {
            let one = client.periodic_named(name).await?;
            // One that this binary does not know is another worker's to check.
            if let Some(known) = app.tasks.named(&one.task_name) {
                let checked = known.check(client, payload.clone());
                checked.map_err(|bad| refusal(known.name, &bad))?;
            }
            change = change.payload(payload);
        }
        Ok(change.await?)
    }

    /// The body of `PATCH /periodic/{name}`.
    fn to_json(&self) -> Value {
        let mut body = Map::new();
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        say("cron", self.cron.clone().map(Value::from));
        say("time_zone", self.time_zone.clone().map(Value::from));
        say(
            "every",
            self.every.map(|interval| interval.as_secs_f64().into()),
        );
        say("task_payload", self.payload.clone());
        Value::Object(body)
    }
}
