//! `POST /tasks/batch`.

use super::submission::Submission;
use super::submit::SubmittedView;
use crate::http::access::Caller;
use crate::http::problem::{INVALID_REQUEST, Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, answer, body, once};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use dutiful_core::limits::SUBMIT_MANY_MAX;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What became of many submissions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubmittedMany {
    /// In the order of the submissions.
    tasks: Vec<SubmittedView>,
}

/// Submit many tasks at once
///
/// All of them are stored, or none. The body is an array, or one submission a line as `application/x-ndjson`.
/// `errors` of a refusal point into the array.
#[utoipa::path(
    post, path = "/tasks/batch", tag = "tasks", operation_id = "submit_tasks",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The same request with the same key is done once within 24 hours")),
    request_body(content((Vec<Submission> = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of each", body = SubmittedMany),
        (status = "default", description = "Why nothing was stored", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn submit_batch(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let format = body::format(&headers, true)?;
    let text = body::text(body, body::BATCH_BYTES_MAX).await?;
    let values = values(format, &text)?;
    if values.len() > SUBMIT_MANY_MAX {
        let why = format!(
            "{} tasks; submit at most {SUBMIT_MANY_MAX} at once",
            values.len()
        );
        return Err(Problem::at(&INVALID_REQUEST, "", why));
    }
    let mut submits = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let submission = body::read::<Submission>(value);
        let submit = submission.and_then(|submission| submission.begin(&api, &caller));
        submits.push(submit.map_err(|problem| problem.below(&format!("/{index}")))?);
    }
    let request = (caller.name(), "/tasks/batch", text.as_str());
    let done = once::submit(&api, &headers, request, submits).await?;
    let submitted = done.submitted.iter().copied();
    let mut response = answer::ok(&SubmittedMany {
        tasks: submitted.map(SubmittedView::from).collect(),
    });
    done.mark(&mut response);
    Ok(response)
}

fn values(format: body::Format, text: &str) -> Result<Vec<Value>, Problem> {
    if format == body::Format::Lines {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let parse = |(index, line)| {
            body::parse(line).map_err(|problem| problem.below(&format!("/{index}")))
        };
        return lines.enumerate().map(parse).collect();
    }
    match body::parse(text)? {
        Value::Array(values) => Ok(values),
        _ => Err(Problem::at(
            &INVALID_REQUEST,
            "",
            "a batch is an array of submissions",
        )),
    }
}
