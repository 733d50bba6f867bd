//! Comparing what became of the tasks with what was expected.

use super::tasks::SLOW_TIMEOUT;
use super::watch::TICKS;
use crate::example_task::{ExampleOutput, ExamplePayload};
use crate::failure::Failure;
use dutiful::{Client, Filter, Outcome, State, Submitted, TaskId, TaskInfo};
use dutiful_documents::Document;
use serde::Serialize;

/// Tasks of one name and what is to become of them.
#[derive(Debug)]
pub(super) struct Expectation {
    pub(super) task_name: &'static str,
    pub(super) expected: Expected,
    pub(super) ids: Vec<TaskId>,
}

/// What may be expected.
#[derive(Debug)]
pub(super) enum Expected {
    RepeatsMessage,
    Merges {
        second: Submitted,
    },
    SucceedsOnRetry,
    FailsForGood,
    TimesOut,
    Panics,
    IsInvalid,
    Ticks,
    /// `all` have to succeed; otherwise a document may also be refused with a reason.
    Transcribes {
        files: Vec<String>,
        all: bool,
    },
}

/// What was expected, what happened, and where to look.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) task_name: &'static str,
    pub(super) expected: String,
    pub(super) happened: String,
    pub(super) look_at: &'static str,
    pub(super) tasks: Vec<TaskId>,
    pub(super) as_expected: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) documents: Vec<Transcribed>,
}

/// One document of the demo.
#[derive(Debug, Serialize)]
pub(super) struct Transcribed {
    pub(super) file: String,
    pub(super) task: TaskId,
    pub(super) state: State,
    pub(super) format: Option<String>,
    pub(super) title: Option<String>,
    pub(super) pages: usize,
    pub(super) characters: usize,
    pub(super) error: Option<String>,
}

impl Expectation {
    pub(super) fn new(
        task_name: &'static str,
        expected: Expected,
        ids: Vec<TaskId>,
    ) -> Expectation {
        Expectation {
            task_name,
            expected,
            ids,
        }
    }

    /// Looks at the tasks.
    pub(super) async fn judge(&self, client: &Client) -> Result<Verdict, Failure> {
        let tasks = match self.expected {
            Expected::Ticks => {
                let filter = Filter::new()
                    .task_name(self.task_name)
                    .state(State::Succeeded);
                client.list(&filter).await?.tasks
            }
            _ => {
                let mut tasks = Vec::new();
                for id in &self.ids {
                    tasks.push(client.get(*id).await?);
                }
                tasks
            }
        };
        Ok(Verdict {
            task_name: self.task_name,
            expected: self.expected.sentence(tasks.len()),
            happened: happened(&tasks),
            look_at: self.expected.look_at(),
            tasks: tasks.iter().map(|task| task.id).collect(),
            as_expected: self.expected.fits(&tasks),
            documents: self.expected.documents(&tasks),
        })
    }
}

impl Expected {
    fn sentence(&self, tasks: usize) -> String {
        match self {
            Expected::RepeatsMessage => format!("{tasks} succeed, message repeated"),
            Expected::Merges { .. } => "2 submissions merge into 1 task".to_owned(),
            Expected::SucceedsOnRetry => "fails once, then succeeds".to_owned(),
            Expected::FailsForGood => "fails 2 times, then is left failed".to_owned(),
            Expected::TimesOut => format!("is stopped after {SLOW_TIMEOUT:?}"),
            Expected::Panics => "panics; the worker goes on".to_owned(),
            Expected::IsInvalid => "inserted by plain SQL, never run".to_owned(),
            Expected::Ticks => format!("runs by schedule, {TICKS} times or more"),
            Expected::Transcribes { all: true, .. } => format!("{tasks} guides become Markdown"),
            Expected::Transcribes { .. } => {
                format!("{tasks} documents become Markdown or are refused")
            }
        }
    }

    fn look_at(&self) -> &'static str {
        match self {
            Expected::RepeatsMessage | Expected::Transcribes { .. } => "result_data",
            Expected::Merges { .. } => "max_retries",
            Expected::SucceedsOnRetry => "its attempts and log",
            Expected::FailsForGood | Expected::TimesOut | Expected::Panics => "error_message",
            Expected::IsInvalid => "error_kind",
            Expected::Ticks => "created_at",
        }
    }

    fn fits(&self, tasks: &[TaskInfo]) -> bool {
        match self {
            Expected::Ticks => tasks.len() >= TICKS,
            Expected::Transcribes { all, .. } => tasks
                .iter()
                .all(|task| transcribed(task).is_some() || (!all && refused(task))),
            _ => !tasks.is_empty() && tasks.iter().all(|task| self.fits_one(task)),
        }
    }

    fn fits_one(&self, task: &TaskInfo) -> bool {
        let failed = |kind: &str, runs: i64| {
            task.state == State::Failed
                && task.error_kind.as_deref() == Some(kind)
                && task.attempt == runs
        };
        match self {
            Expected::RepeatsMessage => repeats(task) && task.attempt == 1,
            Expected::Merges { second } => {
                repeats(task)
                    && second.id == task.id
                    && second.outcome == Outcome::Merged
                    && task.max_retries == 4
            }
            Expected::SucceedsOnRetry => {
                task.state == State::Succeeded && task.attempt == 2 && task.retries == 1
            }
            Expected::FailsForGood => failed("failed", 2),
            Expected::TimesOut => failed("timed_out", 1),
            Expected::Panics => failed("panicked", 1),
            Expected::IsInvalid => task.state == State::Invalid && task.retries == 0,
            Expected::Ticks | Expected::Transcribes { .. } => false,
        }
    }

    fn documents(&self, tasks: &[TaskInfo]) -> Vec<Transcribed> {
        let Expected::Transcribes { files, .. } = self else {
            return Vec::new();
        };
        files
            .iter()
            .zip(tasks)
            .map(|(file, task)| Transcribed::of(file, task))
            .collect()
    }
}

impl Transcribed {
    fn of(file: &str, task: &TaskInfo) -> Transcribed {
        let document = transcribed(task);
        Transcribed {
            file: file.to_owned(),
            task: task.id,
            state: task.state,
            format: document
                .as_ref()
                .map(|document| document.format.to_string()),
            title: document
                .as_ref()
                .and_then(|document| document.title.clone()),
            pages: document.as_ref().map_or(0, |document| document.pages.len()),
            characters: document
                .as_ref()
                .map_or(0, |one| one.markdown.chars().count()),
            error: task.error_message.clone(),
        }
    }
}

fn repeats(task: &TaskInfo) -> bool {
    let payload: Option<ExamplePayload> = serde_json::from_value(task.task_payload.clone()).ok();
    let output: Option<ExampleOutput> = task
        .result_data
        .clone()
        .and_then(|result| serde_json::from_value(result).ok());
    match (task.state, payload, output) {
        (State::Succeeded, Some(payload), Some(output)) => {
            output.output == payload.message.repeat(payload.count as usize)
        }
        _ => false,
    }
}

/// The document that a task has made, when there is something in it.
fn transcribed(task: &TaskInfo) -> Option<Document> {
    let result = task
        .result_data
        .clone()
        .filter(|_| task.state == State::Succeeded)?;
    let document: Document = serde_json::from_value(result).ok()?;
    (!document.markdown.is_empty() && !document.pages.is_empty()).then_some(document)
}

/// A document that cannot be read is no failure of the demo, if the task says why.
fn refused(task: &TaskInfo) -> bool {
    task.state == State::Invalid && task.error_message.is_some()
}

/// The states of the tasks, or of a single one its ending in words.
fn happened(tasks: &[TaskInfo]) -> String {
    if let [task] = tasks {
        let runs = match task.attempt {
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let detail = match task.state {
            State::Invalid => "not run".to_owned(),
            _ => runs,
        };
        let kind = match (&task.error_kind, task.state) {
            (Some(kind), State::Failed) => format!(" ({kind})"),
            _ => String::new(),
        };
        return format!("{}{kind}, {detail}", task.state);
    }
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for task in tasks {
        *counts.entry(task.state.to_string()).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(state, many)| format!("{many} {state}"))
        .collect();
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join(", ")
    }
}
