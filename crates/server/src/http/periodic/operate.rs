//! What may be done to a periodic task by hand: run, pause, resume, reset.

use super::view::PeriodicView;
use super::{named, shown};
use crate::http::access::Caller;
use crate::http::path::Name;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, answer, once};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The task that a run by hand has submitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodicRan {
    /// Its number.
    #[schema(minimum = 1)]
    task_id: i64,
}

/// How it is run by hand.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParameters {
    /// Also while its last task has not ended, whatever its overlap policy says.
    anyway: Option<bool>,
}

/// Run a periodic task now
///
/// Its schedule does not move, and it may be paused. While its last task has not ended it is refused, unless its
/// overlap policy is `allow` or `anyway` says so.
#[utoipa::path(
    post, path = "/periodic/{name}/run", tag = "periodic", operation_id = "run_periodic",
    params(("name" = String, Path, description = "Its name"), RunParameters,
           ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The same request with the same key is done once within 24 hours")),
    responses(
        (status = 201, description = "A task was submitted", body = PeriodicRan,
         headers(("Location" = String, description = "The task's address"))),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn run(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(parameters): Parameters<RunParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    named(&api, &caller, &name).await?;
    let anyway = parameters.anyway == Some(true);
    let asked = format!("{name} {anyway}");
    let mut run = api.client.periodic_run_now(name.as_str());
    if anyway {
        run = run.anyway();
    }
    if let Some((key, hash)) = once::key_of(&headers, (caller.name(), "/periodic/run", &asked))? {
        run = run.once(key, hash);
    }
    let ran = run.await?;
    let task = format!("task {}", ran.task_id);
    let view = PeriodicRan {
        task_id: ran.task_id.0,
    };
    let mut response = answer::json(StatusCode::CREATED, "application/json", &view);
    if let Ok(location) = HeaderValue::from_str(&format!("/tasks/{}", ran.task_id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    match ran.replayed {
        true => once::mark_replayed(&mut response),
        false => did(&api, &caller, "run-periodic", &name, Some(&task)).await,
    }
    Ok(response)
}

/// Pause a periodic task
///
/// Once this is answered no tick of it fires until it is resumed.
#[utoipa::path(
    post, path = "/periodic/{name}/pause", tag = "periodic", operation_id = "pause_periodic",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The periodic task as it is now", body = PeriodicView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn pause(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    named(&api, &caller, &name).await?;
    let one = api.client.periodic_pause(&name).await?;
    did(&api, &caller, "pause-periodic", &name, None).await;
    Ok(shown(&api, &caller, one))
}

/// Resume a periodic task
///
/// Ticks that passed meanwhile are made up for as its rule about missed ticks says.
#[utoipa::path(
    post, path = "/periodic/{name}/resume", tag = "periodic", operation_id = "resume_periodic",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The periodic task as it is now", body = PeriodicView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn resume(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    named(&api, &caller, &name).await?;
    let one = api.client.periodic_resume(&name).await?;
    did(&api, &caller, "resume-periodic", &name, None).await;
    Ok(shown(&api, &caller, one))
}

/// Take back what was changed of a periodic task by hand
///
/// It is again as its program says.
#[utoipa::path(
    post, path = "/periodic/{name}/reset", tag = "periodic", operation_id = "reset_periodic",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The periodic task as it is now", body = PeriodicView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn reset(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    named(&api, &caller, &name).await?;
    let one = api.client.periodic_reset(&name).await?;
    did(&api, &caller, "reset-periodic", &name, None).await;
    Ok(shown(&api, &caller, one))
}

/// Writes down what was done to it.
pub(super) async fn did(
    api: &Api,
    caller: &Caller,
    action: &str,
    name: &str,
    detail: Option<&str>,
) {
    let target = format!("periodic {name}");
    caller.did_to(api, action, &target, detail).await;
}
