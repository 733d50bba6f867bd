//! `GET /task-types`, and pausing and resuming a task name.

use super::access::Caller;
use super::path::Name;
use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use crate::tasks::{TaskType, is_own};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dutiful::{PausedName, TaskTypeInfo, WorkerInfo};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The task types that this server knows, and those that workers have published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskTypes {
    task_types: Vec<TaskTypeView>,
    /// Whether other names are taken too, unchecked.
    allow_unknown: bool,
    /// The names that are paused, also those that this server does not know.
    paused: Vec<PausedView>,
}

/// A task name that is paused: no worker claims its tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PausedName)]
pub(crate) struct PausedView {
    /// The name.
    task_name: String,
    /// Since when.
    #[schema(format = DateTime)]
    paused_at: String,
    /// Who has paused it.
    paused_by: String,
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
///
/// A token for some task names sees theirs.
#[utoipa::path(
    get, path = "/task-types", tag = "task types", operation_id = "list_task_types",
    responses(
        (status = 200, description = "The types", body = TaskTypes),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let mut paused = api.client.paused().await?;
    paused.retain(|one| caller.may_know(&one.task_name));
    let published = api.client.task_types().await?;
    let workers = api.client.workers().await?;
    let own = api.tasks.all().iter().map(TaskTypeView::of_ours);
    let others = published
        .into_iter()
        .filter(|one| api.tasks.named(&one.task_name).is_none() && !is_own(&one.task_name));
    let mut task_types: Vec<TaskTypeView> =
        own.chain(others.map(TaskTypeView::of_others)).collect();
    task_types.retain(|view| caller.may_know(&view.task_name));
    for view in &mut task_types {
        let runs =
            |worker: &&WorkerInfo| worker.alive && worker.task_names.contains(&view.task_name);
        view.workers = workers.iter().filter(runs).count();
    }
    Ok(answer::ok(&TaskTypes {
        task_types,
        paused: paused.into_iter().map(PausedView::from).collect(),
        allow_unknown: api.allow_unknown,
    }))
}

/// Pause a task name
///
/// Within some seconds no worker claims its tasks any more; running tasks go on. It may be a name that this server does
/// not know.
#[utoipa::path(
    post, path = "/task-types/{name}/pause", tag = "task types", operation_id = "pause_task_name",
    params(("name" = String, Path, description = "The task name")),
    responses(
        (status = 200, description = "It is paused", body = PausedView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn pause(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_name(&name)?;
    let paused = api.client.pause(&name, caller.name()).await?;
    let target = format!("task name {name}");
    caller.did_to(&api, "pause", &target, None).await;
    Ok(answer::ok(&PausedView::from(paused)))
}

/// Resume a task name
#[utoipa::path(
    post, path = "/task-types/{name}/resume", tag = "task types", operation_id = "resume_task_name",
    params(("name" = String, Path, description = "The task name")),
    responses(
        (status = 204, description = "It is not paused any more"),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn resume(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_name(&name)?;
    api.client.resume(&name).await?;
    let target = format!("task name {name}");
    caller.did_to(&api, "resume", &target, None).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<PausedName> for PausedView {
    fn from(paused: PausedName) -> PausedView {
        PausedView {
            task_name: paused.task_name,
            paused_at: paused.paused_at.to_string(),
            paused_by: paused.paused_by,
        }
    }
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
