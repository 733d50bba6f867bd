//! `GET /periodic`, one of them, and when it runs next.

pub(super) mod change;
pub(super) mod operate;
mod view;

pub(super) use view::PeriodicView;

use super::access::Caller;
use super::path::Name;
use super::problem::{NOT_FOUND, Problem, ProblemView};
use super::query::{Nothing, Parameters, bad};
use super::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::PeriodicInfo;
use dutiful_core::limits::TICKS_RECKONED_MAX;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many ticks are told unless somebody asks for more.
const TICKS: usize = 5;

/// The periodic tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Periodics {
    /// By name, at most 1,000.
    periodic: Vec<PeriodicView>,
}

/// The next ticks of a periodic task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextTicks {
    /// Its name.
    name: String,
    /// Whether it is paused, and so fires at none of them.
    paused: bool,
    /// When its schedule fires, from now on.
    #[schema(value_type = Vec<String>)]
    next: Vec<String>,
}

/// How many ticks are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NextParameters {
    /// By default 5.
    #[param(minimum = 1, maximum = 100)]
    count: Option<usize>,
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
    let view = |one| caller.view_periodic(&api, one);
    Ok(answer::ok(&Periodics {
        periodic: periodic.into_iter().map(view).collect(),
    }))
}

/// Look at a periodic task
#[utoipa::path(
    get, path = "/periodic/{name}", tag = "periodic", operation_id = "get_periodic",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The periodic task as it is now", body = PeriodicView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let one = named(&api, &caller, &name).await?;
    Ok(shown(&api, &caller, one))
}

/// Tell when a periodic task runs next
///
/// Reckoned by its schedule from the database's time on.
#[utoipa::path(
    get, path = "/periodic/{name}/next", tag = "periodic", operation_id = "next_of_periodic",
    params(("name" = String, Path, description = "Its name"), NextParameters),
    responses(
        (status = 200, description = "The next ticks", body = NextTicks),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn next(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(parameters): Parameters<NextParameters>,
) -> Result<Response, Problem> {
    let count = parameters.count.unwrap_or(TICKS);
    if !(1..=TICKS_RECKONED_MAX).contains(&count) {
        return Err(bad(
            "count",
            &format!("ask for 1 to {TICKS_RECKONED_MAX} ticks"),
        ));
    }
    let one = named(&api, &caller, &name).await?;
    let next = api.client.periodic_next(&name, count).await?;
    Ok(answer::ok(&NextTicks {
        name,
        paused: one.paused,
        next: next.iter().map(ToString::to_string).collect(),
    }))
}

/// The periodic task, for one that may know its tasks. Whoever may not is told what is told of one that is not
/// there.
async fn named(api: &Api, caller: &Caller, name: &str) -> Result<PeriodicInfo, Problem> {
    let missing = || {
        Problem::new(
            &NOT_FOUND,
            format!("there is no periodic task named `{name}`"),
        )
    };
    let one = api.client.periodic_named(name).await?;
    match caller.may_know(&one.task_name) {
        true => Ok(one),
        false => Err(missing()),
    }
}

fn shown(api: &Api, caller: &Caller, one: PeriodicInfo) -> Response {
    answer::ok(&caller.view_periodic(api, one))
}
