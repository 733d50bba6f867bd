//! What a submission may say, and the library's submission that comes of it.

use crate::http::Api;
use crate::http::access::Caller;
use crate::http::body;
use crate::http::problem::{INVALID_REQUEST, Problem, UNKNOWN_TASK_NAME};
use crate::tasks;
use dutiful::{DedupScope, Priority, Submit, Timestamp};
use dutiful_core::limits::{DELAY_MAX, MAX_RETRIES_MAX};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;

/// A task to submit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submission {
    /// Its type.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    task_name: String,
    /// Its input: any JSON that its type takes. Objects have no order, and a number keeps its value.
    task_payload: Value,
    /// Run it no sooner than this many seconds from now, at most ten years.
    #[schema(minimum = 0, maximum = 315_360_000)]
    #[serde(default)]
    delay: Option<f64>,
    /// Run it no sooner than at this time, at most ten years from now; not together with `delay`.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    run_at: Option<String>,
    /// Keep it until somebody lets it run.
    #[serde(default)]
    held: Option<bool>,
    /// Higher runs first. By default that of its type.
    #[schema(minimum = -9, maximum = 9)]
    #[serde(default, deserialize_with = "body::whole")]
    priority: Option<i64>,
    /// How many failed runs are allowed. By default that of its type.
    #[schema(minimum = 0, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "body::whole")]
    max_retries: Option<u32>,
    /// How long it takes equal submissions in. By default that of its type.
    #[serde(default)]
    dedup_scope: Option<Scope>,
    /// For the scope `window`: its length in seconds.
    #[schema(minimum = 0, maximum = 315_360_000)]
    #[serde(default)]
    dedup_window: Option<f64>,
    /// What makes two submissions equal, in place of the payload.
    #[schema(min_length = 1)]
    #[serde(default)]
    dedup_key: Option<String>,
    /// Whether this payload takes the place of that of the waiting task that it is merged into.
    #[serde(default)]
    replace_payload: Option<bool>,
}

/// How long a task keeps its dedup slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DedupScope)]
pub(crate) enum Scope {
    /// It never takes any in.
    None,
    /// Until it is claimed.
    Waiting,
    /// Until it has ended.
    Active,
    /// Until it has succeeded.
    UntilSuccess,
    /// For ever.
    Always,
    /// For a time.
    Window,
}

impl Submission {
    /// Begins the submission, everything checked that is not the database's to check.
    pub(super) fn begin<'c>(self, api: &'c Api, caller: &Caller) -> Result<Submit<'c>, Problem> {
        caller.check_name(&self.task_name)?;
        if tasks::is_own(&self.task_name) {
            return Err(unknown(api, &self.task_name));
        }
        let submit = match api.tasks.named(&self.task_name) {
            Some(known) => known
                .submit(&api.client, self.task_payload.clone())
                .map_err(|bad| Problem::of_payload(known.name, &bad))?,
            None if api.allow_unknown => api
                .client
                .submit_json(&self.task_name, self.task_payload.clone()),
            None => return Err(unknown(api, &self.task_name)),
        };
        let submit = self.with_time(submit)?;
        let submit = self.with_dedup(submit)?;
        self.with_rest(submit)
    }

    fn with_time<'c>(&self, submit: Submit<'c>) -> Result<Submit<'c>, Problem> {
        let held = self.held == Some(true);
        let times = [self.delay.is_some(), self.run_at.is_some(), held];
        if times.iter().filter(|said| **said).count() > 1 {
            let why = "only one of `delay`, `run_at` and `held` can be said";
            return Err(Problem::at(&INVALID_REQUEST, "", why));
        }
        if let Some(delay) = self.delay {
            return Ok(submit.delay(seconds("/delay", delay)?));
        }
        if let Some(text) = &self.run_at {
            return Ok(submit.at(time("/run_at", text)?.to_system_time()));
        }
        Ok(if held { submit.held() } else { submit })
    }

    fn with_dedup<'c>(&self, submit: Submit<'c>) -> Result<Submit<'c>, Problem> {
        let scope = match (self.dedup_scope, self.dedup_window) {
            (Some(Scope::Window), Some(length)) => {
                DedupScope::Window(seconds("/dedup_window", length)?)
            }
            (Some(Scope::Window), None) => {
                let why = "the scope `window` needs its length in `dedup_window`";
                return Err(Problem::at(&INVALID_REQUEST, "/dedup_scope", why));
            }
            (_, Some(_)) => {
                let why = "a length is for the scope `window` alone";
                return Err(Problem::at(&INVALID_REQUEST, "/dedup_window", why));
            }
            (Some(Scope::None), None) => DedupScope::None,
            (Some(Scope::Waiting), None) => DedupScope::Waiting,
            (Some(Scope::Active), None) => DedupScope::Active,
            (Some(Scope::UntilSuccess), None) => DedupScope::UntilSuccess,
            (Some(Scope::Always), None) => DedupScope::Always,
            (None, None) => return Ok(submit),
        };
        Ok(submit.dedup(scope))
    }

    /// The library checks all this too, but knows no places in a body.
    fn with_rest<'c>(&self, mut submit: Submit<'c>) -> Result<Submit<'c>, Problem> {
        let refused = |pointer, why: String| Err(Problem::at(&INVALID_REQUEST, pointer, why));
        if let Some(priority) = self.priority {
            if let Err(error) = Priority::new(priority) {
                return refused("/priority", error.to_string());
            }
            submit = submit.priority(priority);
        }
        if let Some(max_retries) = self.max_retries {
            if i64::from(max_retries) > MAX_RETRIES_MAX {
                let why = format!("max_retries {max_retries} is more than {MAX_RETRIES_MAX}");
                return refused("/max_retries", why);
            }
            submit = submit.max_retries(max_retries);
        }
        if let Some(key) = &self.dedup_key {
            if key.is_empty() {
                return refused("/dedup_key", "an empty dedup_key".to_owned());
            }
            submit = submit.dedup_key(key);
        }
        Ok(match self.replace_payload {
            Some(true) => submit.replace_payload(),
            _ => submit,
        })
    }
}

fn unknown(api: &Api, name: &str) -> Problem {
    let start: String = name.chars().take(100).collect();
    let detail = match api.tasks.nearest(name) {
        Some(near) => format!("there is no task named `{start}`; did you mean `{near}`?"),
        None => format!("there is no task named `{start}`"),
    };
    Problem::at(&UNKNOWN_TASK_NAME, "/task_name", detail)
}

/// Seconds as a length of time; how long it may be, the library knows.
fn seconds(pointer: &str, value: f64) -> Result<Duration, Problem> {
    let why = match Duration::try_from_secs_f64(value) {
        Ok(length) if length <= DELAY_MAX => return Ok(length),
        Ok(_) => format!("{value} seconds are more than ten years"),
        Err(_) => format!("{value} is no length of time; write seconds from 0 on"),
    };
    Err(Problem::at(&INVALID_REQUEST, pointer, why))
}

fn time(pointer: &str, text: &str) -> Result<Timestamp, Problem> {
    text.parse::<Timestamp>()
        .map_err(|error| Problem::at(&INVALID_REQUEST, pointer, error.to_string()))
}
