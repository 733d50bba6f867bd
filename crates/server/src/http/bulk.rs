//! Bulk operations: `POST /tasks/bulk/preview`, `POST /tasks/bulk`, and looking at and stopping them.

pub(super) mod operations;
mod request;
mod view;

use super::access::Caller;
use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::view::TaskView;
use super::{Api, answer, body, once};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use request::{BulkRequest, Confirmation};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use view::OperationView;

/// What a bulk operation would be about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkPreview)]
pub(crate) struct PreviewView {
    /// What would be done.
    action: &'static str,
    /// The priority that would be given.
    priority: Option<i64>,
    /// How many tasks fit: up to 10,000 are counted.
    count: u64,
    /// Whether these are all; otherwise there may be more.
    exact: bool,
    /// The newest of them, at most 10.
    tasks: Vec<TaskView>,
    /// What confirms it: good once, for the same token or server, and for what was asked for here.
    token: String,
    /// Until when: ten minutes from now.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Tell what a bulk operation would be about
///
/// Nothing is changed. Tasks that are submitted later are not touched when it is confirmed.
#[utoipa::path(
    post, path = "/tasks/bulk/preview", tag = "bulk", operation_id = "preview_bulk",
    request_body = BulkRequest,
    responses(
        (status = 200, description = "How many tasks fit, and some of them", body = PreviewView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn preview(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let request: BulkRequest = body::read(body::parse(&text)?)?;
    let action = request.action()?;
    request.check(&caller)?;
    let filter = request.filter()?;
    let preview = api.client.bulk_preview(action, &filter, caller.name());
    let preview = preview
        .await
        .map_err(|error| Problem::of_field("/filter", &error))?;
    Ok(answer::ok(&PreviewView {
        action: preview.action,
        priority: preview.priority,
        count: preview.count,
        exact: preview.exact,
        tasks: preview
            .tasks
            .into_iter()
            .map(|task| caller.view(&api, task))
            .collect(),
        token: preview.token,
        expires_at: preview.expires_at.to_string(),
    }))
}

/// Start the bulk operation that was previewed
///
/// It goes on in batches, also when the server that works on it dies. Each task is acted on at most once, as by the
/// route for one task, if it still fits by then.
#[utoipa::path(
    post, path = "/tasks/bulk", tag = "bulk", operation_id = "start_bulk",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The same request with the same key is done once within 24 hours")),
    request_body = Confirmation,
    responses(
        (status = 202, description = "The operation", body = OperationView,
         headers(("Location" = String, description = "Its address"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn start(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let Confirmation { token } = body::read(body::parse(&text)?)?;
    let keyed = once::key_of(&headers, (caller.name(), "/tasks/bulk", &text))?;
    let (operation, replayed) = match keyed {
        Some((key, hash)) => {
            let started = api.client.bulk_once(&token, caller.name(), &key, hash);
            started.await?
        }
        None => (api.client.bulk(&token, caller.name()).await?, false),
    };
    let id = operation.id;
    if !replayed {
        let action = format!("bulk-{}", operation.action);
        let detail = serde_json::json!({
            "filter": operation.filter,
            "priority": operation.priority,
            "expected": operation.expected,
            "exact": operation.exact,
        });
        let target = format!("operation {id}");
        caller
            .did_to(&api, &action, &target, Some(&detail.to_string()))
            .await;
    }
    let view = caller.view_operation(&api, operation);
    let mut response = answer::json(StatusCode::ACCEPTED, "application/json", &view);
    if let Ok(location) = HeaderValue::from_str(&format!("/operations/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if replayed {
        once::mark_replayed(&mut response);
    }
    Ok(response)
}
