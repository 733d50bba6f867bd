//! `dutiful submit`.

pub(super) mod payload;

use super::App;
use super::place::{Place, Submission};
use super::tasks::ending;
use crate::failure::{Exit, Failure};
use crate::output::{self, elapsed};
use crate::tasks::BadPayload;
use crate::values;
use clap::Args;
use dutiful::{DedupScope, Outcome, Submitted, TaskId, TaskInfo};
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
        // Which names a server takes, it knows best.
        if app.settings.server.is_none() && !self.allow_unknown {
            app.tasks.find(&self.name).map_err(or_allow_unknown)?;
        }
        let payload = payload::read(&self.payload).await?;
        let place = app.place().await?;
        let submission = Submission {
            name: self.name,
            payload,
            delay: self.delay,
            at: self.at,
            priority: self.priority,
            max_retries: self.max_retries,
            dedup: self.dedup,
            key: self.key,
        };
        let submitted = place.submit(app, submission).await?;
        match self.wait {
            None => tell(app, submitted),
            Some(limit) => {
                app.output.note(&sentence(submitted));
                let task = app.shown(wait(&place, submitted.id, limit).await?);
                finish(app, submitted, &task)
            }
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

async fn wait(place: &Place, id: TaskId, limit: Option<Duration>) -> Result<TaskInfo, Failure> {
    let begun = Instant::now();
    loop {
        let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let step = left.unwrap_or(WAIT_STEP).min(WAIT_STEP);
        let task = place.wait(id, step).await?;
        if task.state.is_ended() {
            return Ok(task);
        }
        if let Some(limit) = limit.filter(|limit| begun.elapsed() >= *limit) {
            let state = task.state;
            let cause = format!("task {id} was still {state} after {limit:?}; wait longer");
            return Err(Failure::new(Exit::Failure, "timeout", cause)
                .fix("it goes on without this command; is a worker running?"));
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
