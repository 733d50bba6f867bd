//! `POST /tasks`.

use super::submission::Submission;
use crate::http::access::Caller;
use crate::http::once::Done;
use crate::http::problem::{INTERNAL, Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, answer, body, once};
use axum::Extension;
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
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The same request with the same key is done once within 24 hours")),
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
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let submission: Submission = body::read(body::parse(&text)?)?;
    let submit = submission.begin(&api, &caller)?;
    let request = (caller.name(), "/tasks", text.as_str());
    let done = once::submit(&api, &headers, request, vec![submit]).await?;
    answer_of_one(&done)
}

/// What became of the one task that was to be submitted: 201 or 200, and where it is.
pub(super) fn answer_of_one(done: &Done) -> Result<Response, Problem> {
    let Some(submitted) = done.submitted.first() else {
        return Err(Problem::new(&INTERNAL, INTERNAL.title));
    };
    let mut response = submitted_answer(*submitted);
    done.mark(&mut response);
    Ok(response)
}

fn submitted_answer(submitted: Submitted) -> Response {
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
