//! `GET /workers`, and asking one to end.

use super::access::Caller;
use super::path::WorkerName;
use super::problem::{FORBIDDEN, Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use crate::tasks::is_own;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use dutiful::WorkerInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// The workers that have a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Workers {
    /// Those that beat last first, at most 1,000.
    workers: Vec<WorkerView>,
}

/// A process that runs tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(crate) struct WorkerView {
    /// Its name, as in a task's `worker`.
    worker: String,
    /// The machine it runs on.
    host: String,
    /// Its process id there.
    process_id: i64,
    /// The task names that it runs.
    task_names: Vec<String>,
    /// When it started.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it last said that it is alive.
    #[schema(format = DateTime)]
    beat_at: String,
    /// Whether that was within the last 30 seconds.
    alive: bool,
    /// Since when it is asked to end: it claims no more from its next beats on.
    #[schema(format = DateTime)]
    draining_since: Option<String>,
}

/// List workers
#[utoipa::path(
    get, path = "/workers", tag = "workers", operation_id = "list_workers",
    responses(
        (status = 200, description = "The workers", body = Workers),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let mut workers = api.client.workers().await?;
    for worker in &mut workers {
        worker.task_names.retain(|name| caller.may_know(name));
    }
    Ok(answer::ok(&Workers {
        workers: workers.into_iter().map(WorkerView::from).collect(),
    }))
}

/// Ask a worker to end
///
/// It hears of it within 20 seconds, claims no more, lets running tasks end within its grace, gives back the rest and
/// ends, as after SIGTERM. A token for some task names cannot ask one that runs others too.
#[utoipa::path(
    post, path = "/workers/{worker}/drain", tag = "workers", operation_id = "drain_worker",
    params(("worker" = String, Path, description = "Its name")),
    responses(
        (status = 202, description = "It is asked", body = WorkerView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn drain(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    WorkerName(name): WorkerName,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let worker = api.client.worker_named(&name).await?;
    // Every worker carries operations out too.
    let names = worker.task_names.iter().filter(|name| !is_own(name));
    if !names.clone().all(|name| caller.may_know(name)) {
        let detail = "the worker runs tasks that the token is not good for";
        return Err(Problem::new(&FORBIDDEN, detail));
    }
    let asked = api.client.drain_worker(&name).await?;
    let target = format!("worker {name}");
    caller.did_to(&api, "drain-worker", &target, None).await;
    let view = WorkerView::from(asked);
    Ok(answer::json(
        StatusCode::ACCEPTED,
        "application/json",
        &view,
    ))
}

impl From<WorkerInfo> for WorkerView {
    fn from(worker: WorkerInfo) -> WorkerView {
        WorkerView {
            worker: worker.worker,
            host: worker.host,
            process_id: worker.process_id,
            task_names: worker.task_names,
            started_at: worker.started_at.to_string(),
            beat_at: worker.beat_at.to_string(),
            alive: worker.alive,
            draining_since: worker.draining_since.map(|at| at.to_string()),
        }
    }
}
