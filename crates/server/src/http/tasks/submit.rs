//! `POST /tasks`.

use super::submission::Submission;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, answer, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use dutiful::{Outcome, Submitted};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a submission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submitted)]
pub(crate) struct SubmittedView {
    /// The task that will do the work.
    #[schema(minimum = 1)]
    id: i64,
    /// Whether it was made, or stood there already and took this submission in.
    outcome: OutcomeView,
}

/// Created, or merged into a task that held the dedup slot: it may then retry once more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Outcome)]
pub(crate) enum OutcomeView {
    Created,
    Merged,
}

impl From<Submitted> for SubmittedView {
    fn from(submitted: Submitted) -> SubmittedView {
        SubmittedView {
            id: submitted.id.0,
            outcome: match submitted.outcome {
                Outcome::Created => OutcomeView::Created,
                Outcome::Merged => OutcomeView::Merged,
            },
        }
    }
}

/// Submit a task
///
/// A task of the same name and payload that has not succeeded takes the submission in: it may then retry once
/// more, and no second task is made. So a call that got no answer can be repeated.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks", operation_id = "submit_task",
    request_body = Submission,
    responses(
        (status = 201, description = "A task was made", body = SubmittedView,
         headers(("Location" = String, description = "The task's address"))),
        (status = 200, description = "A task that stood there took it in", body = SubmittedView,
         headers(("Location" = String, description = "The task's address"))),
        (status = "default", description = "Why it was not done", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn submit(
    State(api): State<Api>,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let submission: Submission = body::read(body::parse(&text)?)?;
    let submitted = submission
        .begin(&api)?
        .await
        .map_err(|error| Problem::of_field("", &error))?;
    Ok(submitted_answer(submitted))
}

/// 201 or 200, and where the task is.
pub(super) fn submitted_answer(submitted: Submitted) -> Response {
    let status = match submitted.outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Merged => StatusCode::OK,
    };
    let location = HeaderValue::from_str(&format!("/tasks/{}", submitted.id));
    let view = SubmittedView::from(submitted);
    let mut response = answer::json(status, "application/json", &view);
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
