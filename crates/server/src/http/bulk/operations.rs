//! `GET /operations`, one of them, and stopping it.

use super::view::OperationView;
use crate::http::access::Caller;
use crate::http::path::Id;
use crate::http::problem::{NOT_FOUND, Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{Operation, TaskId};
use dutiful_core::limits::LIST_PAGE;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of operations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Operations {
    /// Newest first.
    operations: Vec<OperationView>,
    /// The cursor of the next page; `null` when nothing is left.
    next_cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParameters {
    /// At most so many on the page. By default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^b[1-9a-f][0-9a-f]{0,14}$")]
    cursor: Option<String>,
}

/// List bulk operations, newest first
///
/// A token for some task names sees those that it has started.
#[utoipa::path(
    get, path = "/operations", tag = "bulk", operation_id = "list_operations",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of operations", body = Operations),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let limit = page.limit.unwrap_or(LIST_PAGE);
    let page = api.client.operations(limit, page.cursor.as_deref()).await?;
    let seen = page.operations.into_iter();
    let seen = seen.filter(|operation| may_see(&caller, operation));
    Ok(answer::ok(&Operations {
        operations: seen.map(|one| caller.view_operation(&api, one)).collect(),
        next_cursor: page.next,
    }))
}

/// Look at a bulk operation
#[utoipa::path(
    get, path = "/operations/{id}", tag = "bulk", operation_id = "get_operation",
    params(("id" = i64, Path, minimum = 1, description = "Its number")),
    responses(
        (status = 200, description = "The operation as it is now", body = OperationView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let operation = seen(&api, &caller, id).await?;
    Ok(answer::ok(&caller.view_operation(&api, operation)))
}

/// Stop a bulk operation
///
/// Once this is answered it changes no task more; what it has done stays done. `POST /tasks/{id}/retry` lets it go on.
#[utoipa::path(
    post, path = "/operations/{id}/stop", tag = "bulk", operation_id = "stop_operation",
    params(("id" = i64, Path, minimum = 1, description = "Its number")),
    responses(
        (status = 200, description = "The operation as it is now", body = OperationView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn stop(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    seen(&api, &caller, id).await?;
    let stopped = api.client.stop_operation(id).await?;
    let target = format!("operation {id}");
    let detail = serde_json::json!({ "counts": stopped.counts }).to_string();
    caller
        .did_to(&api, "stop-operation", &target, Some(&detail))
        .await;
    Ok(answer::ok(&caller.view_operation(&api, stopped)))
}

fn may_see(caller: &Caller, operation: &Operation) -> bool {
    caller.may_know_all() || operation.asked_by == caller.name()
}

/// The operation, for one that may see it. Whoever may not is told what is told of one that is not there.
async fn seen(api: &Api, caller: &Caller, id: TaskId) -> Result<Operation, Problem> {
    let operation = api.client.operation(id).await?;
    match may_see(caller, &operation) {
        true => Ok(operation),
        false => Err(Problem::new(
            &NOT_FOUND,
            format!("there is no operation {id}"),
        )),
    }
}
