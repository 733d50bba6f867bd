//! `GET /periodic`.

use super::access::Caller;
use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::PeriodicInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// The periodic tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Periodics {
    /// By name, at most 1,000.
    periodic: Vec<PeriodicView>,
}

/// A periodic task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Periodic)]
pub(crate) struct PeriodicView {
    /// Its name.
    name: String,
    /// The type of the tasks that it submits.
    task_name: String,
    /// When it fires: `every` and microseconds, or `cron`, time zone and expression.
    schedule: String,
    /// Its next tick.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// The tick that fired last.
    #[schema(format = DateTime)]
    last_at: Option<String>,
    /// The task that was submitted then.
    last_task_id: Option<i64>,
    /// Whether it rests until somebody resumes it.
    paused: bool,
    /// How many ticks have submitted a task.
    fired: i64,
    /// How many ticks have not, because they were missed or the one before still ran.
    skipped: i64,
}

/// List periodic tasks
#[utoipa::path(
    get, path = "/periodic", tag = "periodic", operation_id = "list_periodic",
    responses(
        (status = 200, description = "The periodic tasks", body = Periodics),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let mut periodic = api.client.periodic().await?;
    periodic.retain(|one| caller.may_know(&one.task_name));
    Ok(answer::ok(&Periodics {
        periodic: periodic.into_iter().map(PeriodicView::from).collect(),
    }))
}

impl From<PeriodicInfo> for PeriodicView {
    fn from(periodic: PeriodicInfo) -> PeriodicView {
        PeriodicView {
            name: periodic.name,
            task_name: periodic.task_name,
            schedule: periodic.schedule,
            next_at: periodic.next_at.map(|at| at.to_string()),
            last_at: periodic.last_at.map(|at| at.to_string()),
            last_task_id: periodic.last_task_id.map(|id| id.0),
            paused: periodic.paused,
            fired: periodic.fired,
            skipped: periodic.skipped,
        }
    }
}
