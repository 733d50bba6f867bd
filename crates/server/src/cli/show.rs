//! `dutiful show`.

use super::App;
use crate::failure::Failure;
use crate::output::{elapsed, indented, line, pretty, time};
use crate::redact::Redact;
use crate::values;
use clap::Args;
use dutiful::{AttemptInfo, Item, LogLine, TaskId, TaskInfo};
use serde::Serialize;
use std::fmt::Write;

/// Most items that are shown.
const ITEMS: u32 = 100;

/// The arguments of `show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The task's id
    #[arg(value_parser = values::task_id)]
    id: TaskId,
}

/// What `show --json` prints.
#[derive(Debug, Serialize)]
struct Shown {
    task: TaskInfo,
    /// The attempts that did not end in success.
    attempts: Vec<AttemptInfo>,
    logs: Vec<LogLine>,
    /// What it waits for, the first 100.
    items: Vec<Item>,
}

impl ShowArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let mut shown = Shown {
            task: place.get(self.id).await?,
            attempts: place.attempts(self.id).await?,
            logs: place.logs(self.id).await?,
            items: place.items(self.id, ITEMS).await?,
        };
        if let Some(veil) = app.veil(&shown.task) {
            shown.redact(&veil);
        }
        shown.task = app.shown(shown.task);
        app.output.data(&shown, || shown.text())
    }
}

impl Shown {
    fn redact(&mut self, veil: &Redact) {
        for attempt in &mut self.attempts {
            attempt.error_message = attempt.error_message.as_ref().map(|text| veil.text(text));
        }
        for line in &mut self.logs {
            line.message = veil.text(&line.message);
        }
        // They are other tasks, with other secrets.
        for item in &mut self.items {
            item.error_message = None;
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self
            .facts(&mut out)
            .and_then(|()| self.history(&mut out))
            .and_then(|()| self.waits_for(&mut out));
        out
    }

    fn facts(&self, out: &mut String) -> std::fmt::Result {
        let task = &self.task;
        writeln!(
            out,
            "task {}  {}  {}",
            task.id,
            line(&task.task_name),
            task.state
        )?;
        field(out, "status", Some(task.status.to_string()))?;
        field(out, "created", Some(time(Some(task.created_at))))?;
        field(out, "due", task.due_at.map(|at| time(Some(at))))?;
        field(out, "last run", task.last_run_at.map(|at| time(Some(at))))?;
        field(out, "finished", task.finished_at.map(|at| time(Some(at))))?;
        field(out, "worker", task.worker.clone())?;
        field(out, "attempt", Some(task.attempt.to_string()))?;
        field(
            out,
            "retries",
            Some(format!("{} of {}", task.retries, task.max_retries)),
        )?;
        field(
            out,
            "crashes",
            (task.crashes > 0).then(|| task.crashes.to_string()),
        )?;
        field(
            out,
            "priority",
            (task.priority != 0).then(|| task.priority.to_string()),
        )?;
        field(out, "dedup", Some(task.dedup_scope.clone()))?;
        field(out, "progress", self.progress())?;
        field(out, "error kind", task.error_kind.clone())?;
        field(out, "error", task.error_message.clone())?;
        writeln!(
            out,
            "  {:<11} {}",
            "payload",
            pretty(&task.task_payload, 14)
        )?;
        match &task.result_data {
            Some(result) => writeln!(out, "  {:<11} {}", "result", pretty(result, 14)),
            None => Ok(()),
        }
    }

    fn progress(&self) -> Option<String> {
        let note = self.task.progress_note.as_deref().unwrap_or_default();
        self.task
            .progress
            .map(|percent| format!("{percent} % {note}"))
    }

    fn waits_for(&self, out: &mut String) -> std::fmt::Result {
        if !self.items.is_empty() {
            writeln!(out, "waits for")?;
        }
        for item in &self.items {
            let name = item.task_name.as_deref().unwrap_or("removed");
            let state = item.state.map(|state| state.to_string());
            let state = state.unwrap_or_default();
            writeln!(
                out,
                "  {}  {}  {}  {state}",
                item.number,
                item.id,
                line(name)
            )?;
        }
        match u32::try_from(self.items.len()) {
            Ok(ITEMS) => writeln!(
                out,
                "  and maybe more: see GET /tasks/{}/items",
                self.task.id
            ),
            _ => Ok(()),
        }
    }

    fn history(&self, out: &mut String) -> std::fmt::Result {
        if !self.attempts.is_empty() {
            writeln!(out, "attempts that did not succeed")?;
        }
        for one in &self.attempts {
            let took = elapsed(one.ended_at.since(one.started_at));
            let ended = time(Some(one.ended_at));
            write!(
                out,
                "  {}  {ended}  {} after {took} on {}",
                one.attempt,
                one.outcome,
                line(&one.worker)
            )?;
            match &one.error_message {
                Some(message) => writeln!(out, ": {}", line(message))?,
                None => writeln!(out)?,
            }
        }
        if !self.logs.is_empty() {
            writeln!(out, "log")?;
        }
        for one in &self.logs {
            let at = time(Some(one.logged_at));
            writeln!(out, "  {}  {at}  {}", one.attempt, line(&one.message))?;
        }
        Ok(())
    }
}

fn field(out: &mut String, name: &str, value: Option<String>) -> std::fmt::Result {
    match value {
        Some(value) => writeln!(out, "  {name:<11} {}", indented(&value, 14)),
        None => Ok(()),
    }
}
