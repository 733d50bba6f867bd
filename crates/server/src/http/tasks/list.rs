//! `GET /tasks`.

use crate::http::access::Caller;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Parameters, bad, time, words};
use crate::http::view::TaskView;
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State as Shared;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use dutiful::{Filter, State, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the library takes, in whatever script.
const TEXT_CHARACTERS_MAX: usize = 200;

/// Which tasks are listed: those that pass everything.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Only tasks of this name.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    pub(super) task_name: Option<String>,
    /// Only tasks in one of these states, between commas.
    #[param(
        pattern = "^(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined)\
                       (,(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined))*$"
    )]
    pub(super) state: Option<String>,
    /// Only tasks with this stored status.
    #[param(pattern = "^(not_started|success|error)$")]
    pub(super) status: Option<String>,
    /// Only tasks with this text in their payload, as it is stored, or in their error message.
    #[param(min_length = 1, max_length = 200)]
    pub(super) text: Option<String>,
    /// Only tasks that were created at this time or later.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    pub(super) created_after: Option<String>,
    /// Only tasks that were created before this time.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    pub(super) created_before: Option<String>,
    /// Only tasks that ended at this time or later.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    pub(super) finished_after: Option<String>,
    /// Only tasks that ended before this time.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    pub(super) finished_before: Option<String>,
    /// At most so many on the page. By default 50.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^b[1-9a-f][0-9a-f]{0,14}$")]
    pub(super) cursor: Option<String>,
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskPage {
    /// Newest first.
    tasks: Vec<TaskView>,
    /// The cursor of the next page; `null` when nothing is left. A page may be short and have a next one: see the
    /// time that one call may take.
    next_cursor: Option<String>,
}

/// List tasks, newest first
///
/// One call looks at 10,000 rows at most, or for 50 ms. The next page's address stands in the header `Link` too.
#[utoipa::path(
    get, path = "/tasks", tag = "tasks", operation_id = "list_tasks",
    params(ListParameters),
    responses(
        (status = 200, description = "A page of tasks", body = TaskPage),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    Shared(api): Shared<Api>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = api.client.list(&parameters.allowed(&caller)?).await?;
    let link = page.next.as_deref().and_then(|next| link(&uri, next));
    let mut response = answer::ok(&TaskPage {
        tasks: page
            .tasks
            .into_iter()
            .map(|task| caller.view(&api, task))
            .collect(),
        next_cursor: page.next,
    });
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

impl ListParameters {
    /// The filter, if the caller may ask for it.
    pub(super) fn allowed(self, caller: &Caller) -> Result<Filter, Problem> {
        caller.check_filter(self.task_name.as_deref(), self.text.is_some())?;
        self.filter()
    }

    fn filter(self) -> Result<Filter, Problem> {
        let state = |word: &str| word.parse::<State>().map_err(|error| error.to_string());
        let states = words("state", self.state.as_deref(), state)?;
        let mut filter = Filter::new().states(&states);
        if let Some(name) = self.task_name {
            filter = filter.task_name(name);
        }
        if let Some(word) = self.status {
            let status = word.parse::<Status>();
            filter = filter.status(status.map_err(|error| bad("status", &error.to_string()))?);
        }
        if let Some(text) = self.text {
            if text.chars().count() > TEXT_CHARACTERS_MAX {
                let why = format!("look for {TEXT_CHARACTERS_MAX} characters at most");
                return Err(bad("text", &why));
            }
            filter = filter.text(text);
        }
        if let Some(text) = self.created_after {
            filter = filter.created_after(time("created_after", &text)?);
        }
        if let Some(text) = self.created_before {
            filter = filter.created_before(time("created_before", &text)?);
        }
        if let Some(text) = self.finished_after {
            filter = filter.finished_after(time("finished_after", &text)?);
        }
        if let Some(text) = self.finished_before {
            filter = filter.finished_before(time("finished_before", &text)?);
        }
        if let Some(limit) = self.limit {
            filter = filter.limit(limit);
        }
        Ok(match self.cursor {
            Some(cursor) => filter.after(cursor),
            None => filter,
        })
    }
}

/// The same address with another cursor.
fn link(uri: &Uri, next: &str) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let others = query
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with("cursor="));
    let cursor = format!("cursor={next}");
    let parts: Vec<&str> = others.chain([cursor.as_str()]).collect();
    let link = format!("<{}?{}>; rel=\"next\"", uri.path(), parts.join("&"));
    HeaderValue::from_str(&link).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_other_parameters() {
        let uri: Uri = "/tasks?state=failed&cursor=b9&limit=2".parse().unwrap();
        let link = link(&uri, "b7").unwrap();
        assert_eq!(
            link,
            "</tasks?state=failed&limit=2&cursor=b7>; rel=\"next\""
        );
    }
}
