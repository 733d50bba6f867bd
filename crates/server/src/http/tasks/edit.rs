//! `PATCH /tasks/{id}`.

use crate::http::access::Caller;
use crate::http::etag::{self, IfMatch};
use crate::http::path::Id;
use crate::http::problem::{INVALID_REQUEST, Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::view::TaskView;
use crate::http::{Api, body};
use crate::tasks;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use dutiful::{Edit, ErrorKind, Priority, TaskId, Timestamp};
use dutiful_core::limits::MAX_RETRIES_MAX;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What is to change; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Edit)]
pub(crate) struct EditBody {
    /// Another input. When the payload was its dedup key, the slot moves with it.
    #[serde(default, deserialize_with = "body::said")]
    task_payload: Option<Value>,
    /// Run it no sooner than at this time; a held task is held no more.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    run_at: Option<String>,
    /// Higher runs first.
    #[schema(minimum = -9, maximum = 9)]
    #[serde(default, deserialize_with = "body::whole")]
    priority: Option<i64>,
    /// How many failed runs are allowed.
    #[schema(minimum = 0, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "body::whole")]
    max_retries: Option<u32>,
    /// Says that the new payload is still the same task, where its dedup key was not the whole payload.
    #[serde(default)]
    keep_dedup_key: Option<bool>,
}

/// Change a task that waits
///
/// One that is held, scheduled, queued or retrying. All of it is changed, or nothing. With `If-Match` it is
/// changed only if it is still as it was read.
#[utoipa::path(
    patch, path = "/tasks/{id}", tag = "tasks", operation_id = "edit_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number"),
           ("If-Match" = Option<String>, Header, description = "The `ETag` of the task as it was read")),
    request_body = EditBody,
    responses(
        (status = 200, description = "The task as it is now", body = TaskView,
         headers(("ETag" = String, description = "Its version"))),
        (status = "default", description = "Why nothing was changed", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn edit(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let edit: EditBody = body::read(body::parse(&text)?)?;
    caller.check_task(&api, id).await?;
    let if_match = IfMatch::read(&headers);
    if edit.changes_nothing() {
        let task = api.client.get(id).await?;
        return match if_match.fits(&task) {
            true => Ok(etag::of_task(&caller.view(&api, task))),
            false => Err(etag::has_changed()),
        };
    }
    let mut change = edit.begin(&api, id).await?;
    match &if_match {
        IfMatch::Any => {}
        IfMatch::Nothing => return Err(etag::has_changed()),
        IfMatch::One(version) => change = change.if_version(version),
    }
    let task = match change.await {
        Ok(task) => task,
        // The library says `conflict` to whatever it refuses; a client wants to tell this one apart.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let task = api.client.get(id).await?;
            return Err(match if_match.fits(&task) {
                true => Problem::from(error),
                false => etag::has_changed(),
            });
        }
        Err(error) => return Err(Problem::of_field("", &error)),
    };
    caller.did(&api, "edit", id).await;
    Ok(etag::of_task(&caller.view(&api, task)))
}

impl EditBody {
    fn changes_nothing(&self) -> bool {
        let EditBody {
            task_payload,
            run_at,
            priority,
            max_retries,
            keep_dedup_key: _,
        } = self;
        task_payload.is_none() && run_at.is_none() && priority.is_none() && max_retries.is_none()
    }

    async fn begin<'c>(self, api: &'c Api, id: TaskId) -> Result<Edit<'c>, Problem> {
        let refused = |pointer, why: String| Err(Problem::at(&INVALID_REQUEST, pointer, why));
        let mut edit = api.client.edit(id);
        if let Some(payload) = self.task_payload {
            let task = api.client.get(id).await?;
            if tasks::is_own(&task.task_name) {
                let why = "what the server's own tasks are about is not changed";
                return refused("/task_payload", why.to_owned());
            }
            if let Some(known) = api.tasks.named(&task.task_name) {
                known
                    .check(&api.client, payload.clone())
                    .map_err(|bad| Problem::of_payload(known.name, &bad))?;
                edit = edit.payload_version(known.version);
            }
            edit = edit.payload(payload);
        }
        if let Some(text) = self.run_at {
            let time = text.parse::<Timestamp>();
            let time =
                time.map_err(|error| Problem::at(&INVALID_REQUEST, "/run_at", error.to_string()))?;
            edit = edit.run_at(time.to_system_time());
        }
        if let Some(priority) = self.priority {
            if let Err(error) = Priority::new(priority) {
                return refused("/priority", error.to_string());
            }
            edit = edit.priority(priority);
        }
        if let Some(max_retries) = self.max_retries {
            if i64::from(max_retries) > MAX_RETRIES_MAX {
                let why = format!("max_retries {max_retries} is more than {MAX_RETRIES_MAX}");
                return refused("/max_retries", why);
            }
            edit = edit.max_retries(max_retries);
        }
        Ok(match self.keep_dedup_key {
            Some(true) => edit.keep_dedup_key(),
            _ => edit,
        })
    }
}
