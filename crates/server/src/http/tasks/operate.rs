//! What may be done to one task by hand: retry, cancel, run now, duplicate, delete.

use super::submit::{SubmittedView, answer_of_one};
use crate::http::access::Caller;
use crate::http::path::Id;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::view::TaskView;
use crate::http::{Api, etag, once};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// Run a task again that has ended without success, or now that waits
///
/// A task that has used up its failed runs is allowed one more.
#[utoipa::path(
    post, path = "/tasks/{id}/retry", tag = "tasks", operation_id = "retry_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView,
         headers(("ETag" = String, description = "Its version"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn retry(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let task = api.client.retry(id).await?;
    caller.did(&api, "retry", id).await;
    Ok(etag::of_task(&caller.view(&api, task)))
}

/// End a task that has not ended
///
/// A handler that runs is told; what it returns after that is not stored.
#[utoipa::path(
    post, path = "/tasks/{id}/cancel", tag = "tasks", operation_id = "cancel_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView,
         headers(("ETag" = String, description = "Its version"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let task = api.client.cancel(id).await?;
    caller.did(&api, "cancel", id).await;
    Ok(etag::of_task(&caller.view(&api, task)))
}

/// Let a task run now that waits for its time, its next try or its release
#[utoipa::path(
    post, path = "/tasks/{id}/run-now", tag = "tasks", operation_id = "run_task_now",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView,
         headers(("ETag" = String, description = "Its version"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn run_now(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let task = api.client.run_now(id).await?;
    caller.did(&api, "run-now", id).await;
    Ok(etag::of_task(&caller.view(&api, task)))
}

/// Submit a task like this one, due now
///
/// The new task is one of its own: it merges into none and takes no dedup slot.
#[utoipa::path(
    post, path = "/tasks/{id}/duplicate", tag = "tasks", operation_id = "duplicate_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number"),
           ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The same request with the same key submits once within 24 hours")),
    responses(
        (status = 201, description = "The new task", body = SubmittedView,
         headers(("Location" = String, description = "The new task's address"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn duplicate(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let like = api.client.submit_like(id).await?;
    let asked = id.to_string();
    let of = (caller.name(), "/tasks/duplicate", asked.as_str());
    let done = once::submit(&api, &headers, of, vec![like]).await?;
    if !done.replayed {
        caller.did(&api, "duplicate", id).await;
    }
    answer_of_one(&done)
}

/// Remove a task that has ended, with all that belongs to it
#[utoipa::path(
    delete, path = "/tasks/{id}", tag = "tasks", operation_id = "delete_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    api.client.delete(id).await?;
    caller.did(&api, "delete", id).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}
