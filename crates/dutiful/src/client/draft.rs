//! A submission while its options are being chosen.

use crate::store::joins::{NewJoin, NewTasks};
use crate::store::submit::{NewTask, Slot, Start, Submission};
use crate::{Error, ErrorKind, Result};
use dutiful_core::{DedupKey, DedupScope, Priority, TaskId, Timestamp, json, limits};
use std::time::Duration;

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A task was created.
    Created,
    /// A task that already held the slot took the submission, and one more retry.
    Merged,
}

/// The answer to a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Submitted {
    /// The task that will do the work: a new one, or the one it was merged into.
    pub id: TaskId,
    /// Which of the two.
    pub outcome: Outcome,
}

impl From<Submission> for Submitted {
    fn from(submission: Submission) -> Submitted {
        let outcome = if submission.merged {
            Outcome::Merged
        } else {
            Outcome::Created
        };
        Submitted {
            id: TaskId(submission.id),
            outcome,
        }
    }
}

/// Everything about a task to be, before it is checked.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) task_name: String,
    pub(crate) payload: serde_json::Value,
    pub(crate) payload_version: u32,
    pub(crate) priority: Priority,
    pub(crate) max_retries: u32,
    pub(crate) start: Start,
    pub(crate) scope: DedupScope,
    /// The key that the task type asks for; `None` means the whole payload.
    pub(crate) key: Option<DedupKey>,
    /// The caller's own key.
    pub(crate) key_text: Option<String>,
    pub(crate) replace_payload: bool,
    /// What it waits for.
    pub(crate) items: Vec<Draft>,
    /// How deep these are nested.
    depth: usize,
}

impl Draft {
    pub(crate) fn new(task_name: &str, payload: serde_json::Value) -> Draft {
        Draft {
            task_name: task_name.to_owned(),
            payload,
            payload_version: 1,
            priority: Priority::default(),
            max_retries: limits::MAX_RETRIES as u32,
            start: Start::After(Duration::ZERO),
            scope: DedupScope::UntilSuccess,
            key: None,
            key_text: None,
            replace_payload: false,
            items: Vec::new(),
            depth: 0,
        }
    }

    /// Lets it wait for others. Each such submission is a task of its own.
    pub(crate) fn after(mut self, items: impl Iterator<Item = Result<Draft>>) -> Result<Draft> {
        self.scope = DedupScope::None;
        for (index, item) in items.enumerate() {
            let item = item.map_err(|error| error.context(format!("item {index}")))?;
            self.depth = self.depth.max(item.depth + 1);
            self.items.push(item);
            check_count(self.items.len())?;
        }
        match self.depth {
            0..=limits::JOIN_DEPTH_MAX => Ok(self),
            depth => Err(invalid(format!(
                "{depth} tasks wait for each other in a row; at most {} may in one submission",
                limits::JOIN_DEPTH_MAX
            ))),
        }
    }

    /// Checks it and what it waits for, and adds them to tasks that are submitted together. Gives back which of
    /// them it is.
    pub(crate) fn add_to(mut self, new: &mut NewTasks, payload_bytes_max: usize) -> Result<usize> {
        let mut items = Vec::with_capacity(self.items.len());
        for (index, item) in std::mem::take(&mut self.items).into_iter().enumerate() {
            let added = item.add_to(new, payload_bytes_max);
            items.push(added.map_err(|error| error.context(format!("item {index}")))?);
        }
        if !items.is_empty() {
            if self.start != Start::After(Duration::ZERO) || self.scope != DedupScope::None {
                return Err(invalid(format!(
                    "`{}` waits for its items: it takes no delay, no time, no hold and no dedup scope of its own",
                    self.task_name
                )));
            }
            self.start = Start::Held;
        }
        let task = new.tasks.len();
        check_count(task + 1)?;
        new.tasks.push(self.finish(payload_bytes_max)?);
        if !items.is_empty() {
            new.joins.push(NewJoin { task, items });
        }
        Ok(task)
    }

    /// Checks everything and makes the row. `payload_bytes_max` is what its database takes.
    pub(crate) fn finish(self, payload_bytes_max: usize) -> Result<NewTask> {
        if !self.items.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a task that waits for others cannot be submitted by this call; use `submit` or `submit_all`",
            ));
        }
        dutiful_core::check_name(&self.task_name).map_err(|error| invalid(error.to_string()))?;
        let payload = json::canonical_within(&self.payload, payload_bytes_max)
            .map_err(|error| invalid(format!("the payload of `{}`: {error}", self.task_name)))?;
        check_max_retries(self.max_retries)?;
        check_payload_version(self.payload_version)?;
        check_start(self.start)?;
        // Ordered by time, so that keys of tasks without dedup are appended to their index.
        let submission_key = uuid::Uuid::now_v7().into_bytes();
        let key = match (&self.scope, &self.key_text, self.key) {
            (DedupScope::None, _, _) => submission_key.to_vec(),
            (_, Some(text), _) => DedupKey::for_text(&self.task_name, text)
                .as_bytes()
                .to_vec(),
            (_, None, Some(key)) => key.as_bytes().to_vec(),
            (_, None, None) => DedupKey::for_payload(&self.task_name, &payload)
                .as_bytes()
                .to_vec(),
        };
        let window = match self.scope {
            DedupScope::Window(window) => Some(window.min(limits::DELAY_MAX)),
            _ => None,
        };
        Ok(NewTask {
            payload,
            payload_version: i64::from(self.payload_version),
            priority: i64::from(self.priority.get()),
            max_retries: i64::from(self.max_retries),
            start: self.start,
            slot: Slot {
                key,
                scope: self.scope.stored(),
                window,
            },
            submission_key,
            replace_payload: self.replace_payload,
            task_name: self.task_name,
        })
    }
}

pub(super) fn check_count(count: usize) -> Result<()> {
    if count > limits::SUBMIT_MANY_MAX {
        return Err(invalid(format!(
            "{count} tasks in one call; submit at most {} at once",
            limits::SUBMIT_MANY_MAX
        )));
    }
    Ok(())
}

pub(super) fn check_max_retries(max_retries: u32) -> Result<()> {
    if i64::from(max_retries) > limits::MAX_RETRIES_MAX {
        return Err(invalid(format!(
            "max_retries {max_retries} is more than {}",
            limits::MAX_RETRIES_MAX
        )));
    }
    Ok(())
}

/// What the column holds on every engine.
pub(super) fn check_payload_version(version: u32) -> Result<()> {
    match i32::try_from(version) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(format!(
            "payload version {version} is more than {}",
            i32::MAX
        ))),
    }
}

pub(super) fn check_start(start: Start) -> Result<()> {
    match start {
        Start::After(delay) if delay > limits::DELAY_MAX => Err(invalid(format!(
            "a delay of {delay:?} is more than ten years"
        ))),
        // What every engine's time type holds.
        Start::At(time) if time < Timestamp::from_micros(0) || time > Timestamp::MAX => Err(
            invalid(format!("the time {time} is outside the years 1970 to 9999")),
        ),
        _ => Ok(()),
    }
}

pub(crate) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidPayload, message)
}
