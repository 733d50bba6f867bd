//! `GET /task-types`.

use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use crate::tasks::TaskType;
use axum::extract::State;
use axum::response::Response;
use dutiful::{TaskTypeInfo, WorkerInfo};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The task types that this server knows, and those that workers have published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskTypes {
    task_types: Vec<TaskTypeView>,
    /// Whether other names are taken too, unchecked.
    allow_unknown: bool,
}

/// A task type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskType)]
pub(crate) struct TaskTypeView {
    /// Its name.
    task_name: String,
    /// Shown before it in listings.
    emoji: String,
    /// The JSON Schema (2020-12) of its payload.
    payload_schema: Value,
    /// The version of the payload's form.
    payload_version: i64,
    /// -9 to 9; higher runs first.
    priority: i64,
    /// How many failed runs are allowed.
    max_retries: i64,
    /// How many one worker runs at once.
    batch_size: i64,
    /// How long one run may take, in seconds.
    timeout: f64,
    /// Whether this server checks its payloads. One that it does not know is known by what a worker has published.
    known_here: bool,
    /// How many live workers run it.
    workers: usize,
}

/// The task types that this server or a worker knows
#[utoipa::path(
    get, path = "/task-types", tag = "task types", operation_id = "list_task_types",
    responses(
        (status = 200, description = "The types", body = TaskTypes),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let published = api.client.task_types().await?;
    let workers = api.client.workers().await?;
    let own = api.tasks.all().iter().map(TaskTypeView::of_ours);
    let others = published
        .into_iter()
        .filter(|one| api.tasks.named(&one.task_name).is_none());
    let mut task_types: Vec<TaskTypeView> =
        own.chain(others.map(TaskTypeView::of_others)).collect();
    for view in &mut task_types {
        let runs =
            |worker: &&WorkerInfo| worker.alive && worker.task_names.contains(&view.task_name);
        view.workers = workers.iter().filter(runs).count();
    }
    Ok(answer::ok(&TaskTypes {
        task_types,
        allow_unknown: api.allow_unknown,
    }))
}

impl TaskTypeView {
    fn of_ours(known: &TaskType) -> TaskTypeView {
        TaskTypeView {
            task_name: known.name.to_owned(),
            emoji: known.emoji.to_owned(),
            payload_schema: known.schema(),
            payload_version: known.version.into(),
            priority: known.priority,
            max_retries: known.max_retries.into(),
            batch_size: i64::try_from(known.batch_size).unwrap_or(i64::MAX),
            timeout: known.timeout.as_secs_f64(),
            known_here: true,
            workers: 0,
        }
    }

    fn of_others(published: TaskTypeInfo) -> TaskTypeView {
        TaskTypeView {
            task_name: published.task_name,
            emoji: published.emoji,
            payload_schema: published.payload_schema,
            payload_version: published.payload_version,
            priority: published.priority,
            max_retries: published.max_retries,
            batch_size: published.batch_size,
            timeout: published.timeout.as_secs_f64(),
            known_here: false,
            workers: 0,
        }
    }
}
