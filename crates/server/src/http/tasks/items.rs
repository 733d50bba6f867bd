//! What a task waits for: `GET /tasks/{id}/items`.

use crate::http::access::Caller;
use crate::http::path::Id;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Parameters, bad};
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::Item;
use dutiful::limits::ITEMS_PAGE_MAX;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Items that a page has, unless more are asked for.
const PAGE: u32 = 100;

/// Which items are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ItemsParameters {
    /// The number of the first one, counted from 0.
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    from: Option<u32>,
    /// How many: 1 to 1,000, by default 100.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// A task that another one waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Item)]
pub(crate) struct ItemView {
    /// Its place among the items, counted from 0.
    number: u32,
    /// The task.
    id: i64,
    /// Its type; null when the task has been removed, or is none that the token may know.
    task_name: Option<String>,
    /// Where it is in its life; null as `task_name`.
    state: Option<String>,
    /// What kind of error ended it last.
    error_kind: Option<String>,
    /// When it ended, if it has.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// What a task waits for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items {
    /// In the order of their numbers; none for a task that waits for nothing.
    items: Vec<ItemView>,
    /// The number from which on there may be more; null when there are none.
    next_from: Option<u32>,
}

/// What a task waits for
///
/// A task that was submitted with items is held until all of them have ended.
#[utoipa::path(
    get, path = "/tasks/{id}/items", tag = "tasks", operation_id = "get_task_items",
    params(("id" = i64, Path, minimum = 1, description = "The task's number"), ItemsParameters),
    responses(
        (status = 200, description = "Its items", body = Items),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn items(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(parameters): Parameters<ItemsParameters>,
) -> Result<Response, Problem> {
    let limit = parameters.limit.unwrap_or(PAGE);
    if !(1..=ITEMS_PAGE_MAX).contains(&limit) {
        return Err(bad("limit", &format!("ask for 1 to {ITEMS_PAGE_MAX}")));
    }
    caller.check_task(&api, id).await?;
    let from = parameters.from.unwrap_or(0);
    let items = api.client.items(id, from, limit).await?;
    let full = u32::try_from(items.len()).is_ok_and(|count| count == limit);
    let next = items.last().and_then(|last| last.number.checked_add(1));
    Ok(answer::ok(&Items {
        next_from: next.filter(|_| full),
        items: items.into_iter().map(|item| view(&caller, item)).collect(),
    }))
}

fn view(caller: &Caller, item: Item) -> ItemView {
    let known = |name: &String| caller.may_know(name);
    match item.task_name.filter(known) {
        Some(name) => ItemView {
            number: item.number,
            id: item.id.0,
            task_name: Some(name),
            state: item.state.map(|state| state.to_string()),
            error_kind: item.error_kind,
            finished_at: item.finished_at.map(|at| at.to_string()),
        },
        None => ItemView {
            number: item.number,
            id: item.id.0,
            task_name: None,
            state: None,
            error_kind: None,
            finished_at: None,
        },
    }
}
