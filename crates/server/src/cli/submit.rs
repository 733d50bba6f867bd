//! `dutiful submit`.

pub(super) mod payload;

use super::App;
use super::tasks::ending;
use crate::failure::{Exit, Failure};
use crate::output::{self, elapsed};
use crate::tasks::BadPayload;
use crate::values;
use clap::Args;
use dutiful::{Client, DedupScope, ErrorKind, Outcome, Submit, Submitted, TaskId, TaskInfo};
use std::time::{Duration, Instant, SystemTime};

/// How long one call waits before it is made again, when there is no limit.
const WAIT_STEP: Duration = Duration::from_secs(60);

/// The arguments of `submit`.
#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// The task name
    name: String,
    /// The payload as JSON; `-` reads it from stdin, `@FILE` from a file
    payload: String,
    /// Run it no sooner than this long from now: 10s, 5m, 1h30m
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    delay: Option<Duration>,
    /// Run it no sooner than at this time: 2030-01-31T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = values::time, conflicts_with = "delay")]
    at: Option<SystemTime>,
    /// -9 to 9; higher runs first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// How many failed runs are allowed
    #[arg(long, value_name = "N")]
    max_retries: Option<u32>,
    /// How long it takes equal submissions in: none, waiting, active, until_success, always, window=1h
    #[arg(long, value_name = "SCOPE", value_parser = values::dedup_scope)]
    dedup: Option<DedupScope>,
    /// What makes two submissions equal, in place of the payload
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// Wait until it has ended, at most this long
    #[arg(long, value_name = "DURATION", num_args = 0..=1, value_parser = values::duration)]
    wait: Option<Option<Duration>>,
    /// Submit a task name that this binary does not know; other workers may
    #[arg(long)]
    allow_unknown: bool,
}

impl SubmitArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let known = match app.tasks.find(&self.name) {
            Ok(known) => Some(known),
            Err(_) if self.allow_unknown => None,
            Err(failure) => return Err(or_allow_unknown(failure)),
        };
        let payload = payload::read(&self.payload).await?;
        let client = app.settings.connect().await?;
        let submit = match known {
            Some(known) => known
                .submit(&client, payload)
                .map_err(|bad| refusal(known.name, &bad))?,
            None => client.submit_json(&self.name, payload),
        };
        let submitted = self.options(submit).await?;
        match self.wait {
            None => tell(app, submitted),
            Some(limit) => {
                app.output.note(&sentence(submitted));
                let task = wait(&client, submitted.id, limit).await?;
                finish(app, submitted, &task)
            }
        }
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
}

pub(super) fn refusal(name: &str, bad: &BadPayload) -> Failure {
    let BadPayload { pointer, why } = bad;
    let place = match pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    };
    let cause = format!("the payload of `{name}`{place}: {why}");
    Failure::new(Exit::Usage, "invalid_payload", cause)
        .fix("correct the payload and submit it again")
}

fn or_allow_unknown(failure: Failure) -> Failure {
    let fix = failure.fix.clone().unwrap_or_default();
    failure.fix(format!(
        "{fix}; --allow-unknown submits it anyway, unchecked"
    ))
}

fn sentence(submitted: Submitted) -> String {
    match submitted.outcome {
        Outcome::Created => format!("task {} created", submitted.id),
        Outcome::Merged => format!(
            "merged into task {}, which may retry once more",
            submitted.id
        ),
    }
}

fn tell(app: &App, submitted: Submitted) -> Result<(), Failure> {
    app.output.data(&submitted, || sentence(submitted))?;
    app.output.note(&format!(
        "`dutiful show {}` tells what becomes of it",
        submitted.id
    ));
    Ok(())
}

async fn wait(client: &Client, id: TaskId, limit: Option<Duration>) -> Result<TaskInfo, Failure> {
    let begun = Instant::now();
    loop {
        let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        match client
            .wait(id, left.unwrap_or(WAIT_STEP).min(WAIT_STEP))
            .await
        {
            Ok(task) => return Ok(task),
            Err(error) if error.kind() != ErrorKind::Timeout => return Err(error.into()),
            Err(error) if limit.is_some_and(|limit| begun.elapsed() >= limit) => {
                return Err(Failure::from(error)
                    .fix("it goes on without this command; is a worker running?"));
            }
            Err(_) => {}
        }
    }
}

fn finish(app: &App, submitted: Submitted, task: &TaskInfo) -> Result<(), Failure> {
    let json = serde_json::json!({
        "id": submitted.id, "outcome": submitted.outcome, "task": task,
    });
    app.output.data(&json, || match &task.result_data {
        Some(result) => output::pretty(result, 0),
        None => ending(task),
    })?;
    if task.state == dutiful::State::Succeeded {
        app.output.note(&format!("{}{}", ending(task), took(task)));
        return Ok(());
    }
    let cause = format!("task {} ended as {}", task.id, ending(task));
    Err(Failure::new(Exit::Failure, "task_not_succeeded", cause)
        .fix(format!("`dutiful show {}` tells each attempt", task.id)))
}

fn took(task: &TaskInfo) -> String {
    match (task.last_run_at, task.finished_at) {
        (Some(began), Some(ended)) => format!(" in {}", elapsed(ended.since(began))),
        _ => String::new(),
    }
}
