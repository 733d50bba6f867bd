//! What may be done to one task by hand: retry, cancel, run now.

use crate::http::path::Id;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::view::TaskView;
use crate::http::{Api, answer};
use axum::extract::State;
use axum::response::Response;

/// Run a task again that has ended without success, or now that waits
///
/// A task that has used up its failed runs is allowed one more.
#[utoipa::path(
    post, path = "/tasks/{id}/retry", tag = "tasks", operation_id = "retry_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn retry(
    State(api): State<Api>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    Ok(answer::ok(&TaskView::from(api.client.retry(id).await?)))
}

/// End a task that has not ended
///
/// A handler that runs is told; what it returns after that is not stored.
#[utoipa::path(
    post, path = "/tasks/{id}/cancel", tag = "tasks", operation_id = "cancel_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    Ok(answer::ok(&TaskView::from(api.client.cancel(id).await?)))
}

/// Let a task run now that waits for its time, its next try or its release
#[utoipa::path(
    post, path = "/tasks/{id}/run-now", tag = "tasks", operation_id = "run_task_now",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn run_now(
    State(api): State<Api>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    Ok(answer::ok(&TaskView::from(api.client.run_now(id).await?)))
}
