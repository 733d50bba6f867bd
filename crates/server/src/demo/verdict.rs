//! Comparing what became of the tasks with what was expected.

use super::tasks::SLOW_TIMEOUT;
use super::watch::TICKS;
use crate::example_task::{ExampleOutput, ExamplePayload};
use crate::failure::Failure;
use dutiful::{Client, Filter, Outcome, State, Submitted, TaskId, TaskInfo};
use dutiful_documents::Document;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Short, so that the table fits a terminal of 80 columns.
    fn sentence(&self, tasks: usize) -> String {
        match self {
            Expected::RepeatsMessage => format!("{tasks} results"),
            Expected::Merges { .. } => "duplicate merged".to_owned(),
            Expected::SucceedsOnRetry => "fails, succeeds".to_owned(),
            Expected::FailsForGood => "fails for good".to_owned(),
            Expected::TimesOut => format!("stopped at {SLOW_TIMEOUT:?}"),
            Expected::Panics => "panics".to_owned(),
            Expected::IsInvalid => "invalid, not run".to_owned(),
            Expected::Ticks => format!("ticks, {TICKS} or more"),
            Expected::Transcribes { all: true, .. } => format!("{tasks} as Markdown"),
            Expected::Transcribes { .. } => format!("{tasks} read or refused"),
        }
    }

    fn look_at(&self) -> &'static str {
        match self {
            Expected::RepeatsMessage | Expected::Transcribes { .. } => "result",
            Expected::Merges { .. } => "retries",
            Expected::SucceedsOnRetry => "attempts",
            Expected::FailsForGood | Expected::TimesOut | Expected::Panics => "error",
            Expected::IsInvalid => "error kind",
            Expected::Ticks => "created",
        }
    }

    fn fits(&self, tasks: &[TaskInfo]) -> bool {
        match self {
            Expected::Ticks => tasks.len() >= TICKS,
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
            Expected::IsInvalid => refused(task) && task.result_data.is_none(),
            Expected::Ticks => task.state == State::Succeeded,
            Expected::Transcribes { all, .. } => {
                transcribed(task).is_some() || (!all && refused(task))
            }
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

/// How many tasks are in which state; of a single one also what kind of failure and how many runs.
fn happened(tasks: &[TaskInfo]) -> String {
    if let [task] = tasks {
        let state = match (&task.error_kind, task.state) {
            (Some(kind), State::Failed) => kind.replace('_', " "),
            (_, state) => state.to_string(),
        };
        return match task.attempt {
            0 | 1 => state,
            runs => format!("{state}, {runs} runs"),
        };
    }
    let mut counts = BTreeMap::<State, usize>::new();
    for task in tasks {
        *counts.entry(task.state).or_default() += 1;
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
