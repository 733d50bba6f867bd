//! A submission as it was typed, for a database or a server.

use crate::cli::App;
use crate::cli::submit::refusal;
use crate::failure::Failure;
use dutiful::{Client, DedupScope, Submit, Submitted, Timestamp};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// A task to submit; what is not said is as its type says.
#[derive(Debug)]
pub(in crate::cli) struct Submission {
    pub(in crate::cli) name: String,
    pub(in crate::cli) payload: Value,
    pub(in crate::cli) delay: Option<Duration>,
    pub(in crate::cli) at: Option<SystemTime>,
    pub(in crate::cli) priority: Option<i64>,
    pub(in crate::cli) max_retries: Option<u32>,
    pub(in crate::cli) dedup: Option<DedupScope>,
    pub(in crate::cli) key: Option<String>,
}

impl Submission {
    /// Submits it; the payload of a type that this program knows is checked.
    pub(super) async fn into_database(
        self,
        app: &App,
        client: &Client,
    ) -> Result<Submitted, Failure> {
        let submit = match app.tasks.named(&self.name) {
            Some(known) => known
                .submit(client, self.payload.clone())
                .map_err(|bad| refusal(known.name, &bad))?,
            None => client.submit_json(&self.name, self.payload.clone()),
        };
        Ok(self.options(submit).await?)
    }

    fn options<'c>(&self, mut submit: Submit<'c>) -> Submit<'c> {
        if let Some(delay) = self.delay {
            submit = submit.delay(delay);
        }
        if let Some(time) = self.at {
            submit = submit.at(time);
        }
        if let Some(priority) = self.priority {
            submit = submit.priority(priority);
        }
        if let Some(retries) = self.max_retries {
            submit = submit.max_retries(retries);
        }
        if let Some(scope) = self.dedup {
            submit = submit.dedup(scope);
        }
        match &self.key {
            Some(key) => submit.dedup_key(key),
            None => submit,
        }
    }

    /// The body of `POST /tasks`.
    pub(super) fn to_json(&self) -> Value {
        let mut body = Map::new();
        let mut say = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        say("task_name", Some(self.name.clone().into()));
        say("task_payload", Some(self.payload.clone()));
        say("delay", self.delay.map(|delay| delay.as_secs_f64().into()));
        say("run_at", self.at.map(time));
        say("priority", self.priority.map(Value::from));
        say("max_retries", self.max_retries.map(Value::from));
        let (scope, window) = match self.dedup {
            None => (None, None),
            Some(DedupScope::None) => (Some("none"), None),
            Some(DedupScope::Waiting) => (Some("waiting"), None),
            Some(DedupScope::Active) => (Some("active"), None),
            Some(DedupScope::UntilSuccess) => (Some("until_success"), None),
            Some(DedupScope::Always) => (Some("always"), None),
            Some(DedupScope::Window(length)) => (Some("window"), Some(length.as_secs_f64())),
        };
        say("dedup_scope", scope.map(Value::from));
        say("dedup_window", window.map(Value::from));
        say("dedup_key", self.key.clone().map(Value::from));
        Value::Object(body)
    }
}

/// A time as the API reads it.
pub(super) fn time(time: SystemTime) -> Value {
    Timestamp::from_system_time(time).to_string().into()
}
