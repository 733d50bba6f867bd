//! `GET /task-types`.

use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use crate::tasks::TaskType;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The task types that this server knows.
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
    task_name: &'static str,
    /// Shown before it in listings.
    emoji: &'static str,
    /// The JSON Schema (2020-12) of its payload.
    payload_schema: Value,
    /// The version of the payload's form.
    payload_version: u32,
    /// -9 to 9; higher runs first.
    priority: i64,
    /// How many failed runs are allowed.
    max_retries: u32,
    /// How many one worker runs at once.
    batch_size: usize,
    /// How long one run may take, in seconds.
    timeout: f64,
}

/// The task types that this server knows
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
    Ok(answer::ok(&TaskTypes {
        task_types: api.tasks.all().iter().map(TaskTypeView::from).collect(),
        allow_unknown: api.allow_unknown,
    }))
}

impl From<&TaskType> for TaskTypeView {
    fn from(known: &TaskType) -> TaskTypeView {
        TaskTypeView {
            task_name: known.name,
            emoji: known.emoji,
            payload_schema: known.schema(),
            payload_version: known.version,
            priority: known.priority,
            max_retries: known.max_retries,
            batch_size: known.batch_size,
            timeout: known.timeout.as_secs_f64(),
        }
    }
}
