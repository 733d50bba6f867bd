//! One task: `GET /tasks/{id}`, its attempts and its log.

use crate::http::access::Caller;
use crate::http::path::Id;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters, bad};
use crate::http::view::{AttemptView, LogView, TaskView};
use crate::http::{Api, answer, etag};
use crate::values;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use dutiful::ErrorKind;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Longer waits would be cut off by whatever stands between.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What a reading of one task may ask for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetParameters {
    /// Answer when the task has ended, or after this time: `10s`, `500ms`, at most `60s`.
    #[param(pattern = "^([0-9]|[1-5][0-9]|60)s$|^[0-9]{1,4}ms$")]
    wait: Option<String>,
}

/// The attempts of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempts {
    /// Those that did not end in success, oldest first; the last 1,000.
    attempts: Vec<AttemptView>,
}

/// The log of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Logs {
    /// Oldest first; the last 1,000 lines.
    logs: Vec<LogView>,
}

/// Look at a task
///
/// With `wait` the answer comes when the task has ended, or when the time is over: look at `state`.
#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks", operation_id = "get_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number"), GetParameters),
    responses(
        (status = 200, description = "The task as it is now", body = TaskView,
         headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "The client has just this"),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(parameters): Parameters<GetParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = parameters.wait()?;
    caller.check_task(&api, id).await?;
    let task = match wait {
        None => api.client.get(id).await?,
        Some(wait) => match api.client.wait(id, wait).await {
            Err(error) if error.kind() == ErrorKind::Timeout => api.client.get(id).await?,
            waited => waited?,
        },
    };
    Ok(etag::unless_known(&headers, &caller.view(&api, task)))
}

impl GetParameters {
    fn wait(&self) -> Result<Option<Duration>, Problem> {
        let Some(text) = &self.wait else {
            return Ok(None);
        };
        // A number alone, which is understood when it is 0, is no time.
        if text.ends_with(|last: char| last.is_ascii_digit()) {
            return Err(bad("wait", "write it as 10s or 500ms"));
        }
        let wait = values::duration(text).map_err(|why| bad("wait", &why))?;
        if wait > WAIT_MAX {
            let most = WAIT_MAX.as_secs();
            return Err(bad("wait", &format!("wait at most {most}s, and ask again")));
        }
        Ok(Some(wait))
    }
}

/// The attempts of a task that did not succeed
#[utoipa::path(
    get, path = "/tasks/{id}/attempts", tag = "tasks", operation_id = "get_task_attempts",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "Its attempts", body = Attempts),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn attempts(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let veil = caller.veil(&api, id).await?;
    let mut attempts = api.client.attempts(id).await?;
    for attempt in &mut attempts {
        if let Some(message) = &mut attempt.error_message {
            veil.over(message);
        }
    }
    if attempts.is_empty() {
        // There may be no such task at all.
        api.client.get(id).await?;
    }
    Ok(answer::ok(&Attempts {
        attempts: attempts.into_iter().map(AttemptView::from).collect(),
    }))
}

/// What a task's handler has logged
#[utoipa::path(
    get, path = "/tasks/{id}/logs", tag = "tasks", operation_id = "get_task_logs",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "Its log", body = Logs),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn logs(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let veil = caller.veil(&api, id).await?;
    let mut logs = api.client.logs(id).await?;
    logs.iter_mut()
        .for_each(|line| veil.over(&mut line.message));
    if logs.is_empty() {
        api.client.get(id).await?;
    }
    Ok(answer::ok(&Logs {
        logs: logs.into_iter().map(LogView::from).collect(),
    }))
}
