//! `PATCH /periodic/{name}`.

use super::operate::did;
use super::view::PeriodicView;
use super::{named, shown};
use crate::http::access::Caller;
use crate::http::path::Name;
use crate::http::problem::{INVALID_REQUEST, Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::{Api, body};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use dutiful::{PeriodicChange, PeriodicInfo};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;

/// What is to change; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PeriodicChange)]
pub(crate) struct ChangeBody {
    /// Another cron expression: five fields, or six with seconds first. Not together with `every`.
    #[serde(default)]
    cron: Option<String>,
    /// Another time zone for its cron expression: an IANA name such as `Europe/Berlin`.
    #[serde(default)]
    time_zone: Option<String>,
    /// Another interval, in seconds.
    #[schema(minimum = 0.1, maximum = 315_360_000)]
    #[serde(default)]
    every: Option<f64>,
    /// Another payload for its tasks.
    #[serde(default, deserialize_with = "body::said")]
    task_payload: Option<Value>,
}

/// Change a periodic task by hand
///
/// It goes before what programs say that register it, also before what they say later, until it is reset.
#[utoipa::path(
    patch, path = "/periodic/{name}", tag = "periodic", operation_id = "change_periodic",
    params(("name" = String, Path, description = "Its name")),
    request_body = ChangeBody,
    responses(
        (status = 200, description = "The periodic task as it is now", body = PeriodicView),
        (status = "default", description = "Why nothing was changed", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn change(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Parameters(_): Parameters<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let text = body::text(body, body::BODY_BYTES_MAX).await?;
    let asked: ChangeBody = body::read(body::parse(&text)?)?;
    let one = named(&api, &caller, &name).await?;
    let detail = asked.detail();
    if detail.is_empty() {
        return Ok(shown(&api, &caller, one));
    }
    let pointer = asked.pointer();
    let change = asked.begin(&api, &caller, &one)?;
    let changed = change
        .await
        .map_err(|error| Problem::of_field(pointer, &error))?;
    did(&api, &caller, "change-periodic", &name, Some(&detail)).await;
    Ok(shown(&api, &caller, changed))
}

impl ChangeBody {
    /// What is changed, for the audit; a payload may hold what others must not read.
    fn detail(&self) -> String {
        let texts = [("cron", &self.cron), ("time_zone", &self.time_zone)];
        let said =
            |(field, text): (&str, &Option<String>)| Some(format!("{field} {}", text.as_ref()?));
        let mut parts: Vec<String> = texts.into_iter().filter_map(said).collect();
        parts.extend(self.every.map(|seconds| format!("every {seconds} s")));
        parts.extend(
            self.task_payload
                .as_ref()
                .map(|_| "task_payload".to_owned()),
        );
        parts.join(", ")
    }

    /// The field that a refusal of the library is most likely about.
    fn pointer(&self) -> &'static str {
        match self {
            ChangeBody { cron: Some(_), .. } => "/cron",
            ChangeBody { every: Some(_), .. } => "/every",
            ChangeBody {
                time_zone: Some(_), ..
            } => "/time_zone",
            _ => "/task_payload",
        }
    }

    fn begin<'c>(
        self,
        api: &'c Api,
        caller: &Caller,
        one: &PeriodicInfo,
    ) -> Result<PeriodicChange<'c>, Problem> {
        let mut change = api.client.periodic_change(one.name.as_str());
        change = change.by(caller.name());
        if self.cron.is_some() && self.every.is_some() {
            let why = "only one of `cron` and `every` can be said";
            return Err(Problem::at(&INVALID_REQUEST, "", why));
        }
        if let Some(expression) = &self.cron {
            change = change.expression(expression);
        }
        if let Some(zone) = &self.time_zone {
            change = change.time_zone(zone);
        }
        if let Some(seconds) = self.every {
            change = change.every(interval(seconds)?);
        }
        if let Some(payload) = self.task_payload {
            if let Some(known) = api.tasks.named(&one.task_name) {
                known
                    .check(&api.client, payload.clone())
                    .map_err(|bad| Problem::of_payload(known.name, &bad))?;
            }
            change = change.payload(payload);
        }
        Ok(change)
    }
}

/// Schedules are kept to the microsecond.
fn interval(seconds: f64) -> Result<Duration, Problem> {
    let micros = (seconds * 1e6).round();
    if !(0.0..1e18).contains(&micros) {
        let why = format!("{seconds} is no interval; write seconds from 0.1 on");
        return Err(Problem::at(&INVALID_REQUEST, "/every", why));
    }
    Ok(Duration::from_micros(micros as u64))
}
