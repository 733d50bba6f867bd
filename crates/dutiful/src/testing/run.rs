//! Running one handler without a database.

use crate::context::{Attempt, Context, Effects, Note};
use crate::{Task, TaskError};
use dutiful_core::{Status, StoredScope, TaskFacts, TaskId, Timestamp};
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// What a handler did when it was run by [`run`].
#[derive(Debug)]
pub struct Ran<T> {
    /// What it answered.
    pub result: Result<T, TaskError>,
    /// The tasks that would follow: name and payload.
    pub follow_ups: Vec<(String, serde_json::Value)>,
    /// The lines that it logged.
    pub log: Vec<String>,
    /// Its last word on progress.
    pub progress: Option<(u8, String)>,
}

/// Runs a handler once, as attempt 1 of task 1, without a database. Steps run and are not stored;
/// follow-ups are collected; `validate` is applied first, as a worker would.
pub async fn run<T: Task>(task: &T, payload: T::Payload) -> Ran<T::Output> {
    let cx = Context {
        inner: Arc::new(Attempt {
            task: TaskId(1),
            attempt: 1,
            task_name: T::name(),
            worker: Arc::from("test"),
            deadline: Instant::now() + task.timeout(),
            cancel: CancellationToken::new(),
            facts: facts(),
            client: None,
            effects: Effects::default(),
        }),
    };
    let result = match T::validate(&payload) {
        Ok(()) => task.process(payload, &cx).await,
        Err(why) => Err(TaskError::invalid(why)),
    };
    let mut ran = Ran {
        result,
        follow_ups: Vec::new(),
        log: Vec::new(),
        progress: None,
    };
    for note in cx.inner.effects.take_notes() {
        match note {
            Note::Progress { percent, note } => ran.progress = Some((percent, note)),
            Note::Line(line) => ran.log.push(line),
        }
    }
    for task in cx.inner.effects.take_follow_ups().tasks {
        let payload = serde_json::from_str(&task.payload).unwrap_or_default();
        ran.follow_ups.push((task.task_name, payload));
    }
    ran
}

fn facts() -> TaskFacts {
    TaskFacts {
        status: Status::NotStarted,
        due_at: Some(Timestamp::from_micros(0)),
        leased: true,
        attempt: 1,
        retries: 0,
        max_retries: 3,
        crashes: 0,
        error_kind: None,
        dedup_scope: StoredScope::UntilSuccess,
    }
}
