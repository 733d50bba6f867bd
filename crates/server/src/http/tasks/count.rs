//! `GET /tasks/count`.

use super::list::ListParameters;
use crate::http::access::Caller;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::Parameters;
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State as Shared;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which tasks are counted: those that pass everything.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountParameters {
    /// Only tasks of this name.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    task_name: Option<String>,
    /// Only tasks in one of these states, between commas.
    #[param(
        pattern = "^(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined)\
                       (,(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined))*$"
    )]
    state: Option<String>,
    /// Only tasks with this stored status.
    #[param(pattern = "^(not_started|success|error)$")]
    status: Option<String>,
    /// Only tasks with this text in their payload, as it is stored, or in their error message.
    #[param(min_length = 1, max_length = 200)]
    text: Option<String>,
    /// Only tasks that were created at this time or later.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    created_after: Option<String>,
    /// Only tasks that were created before this time.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    created_before: Option<String>,
    /// Only tasks that ended at this time or later.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    finished_after: Option<String>,
    /// Only tasks that ended before this time.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    finished_before: Option<String>,
}

/// How many tasks there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskCount)]
pub(crate) struct CountView {
    /// So many, or at least so many.
    count: u64,
    /// There may be more: up to 10,000 tasks are counted, and 10,000 rows looked at.
    capped: bool,
}

/// Count tasks, up to 10,000
#[utoipa::path(
    get, path = "/tasks/count", tag = "tasks", operation_id = "count_tasks",
    params(CountParameters),
    responses(
        (status = 200, description = "The count", body = CountView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn count(
    Shared(api): Shared<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(parameters): Parameters<CountParameters>,
) -> Result<Response, Problem> {
    let filter = ListParameters::from(parameters).allowed(&caller)?;
    let counted = api.client.count(&filter).await?;
    Ok(answer::ok(&CountView {
        count: counted.count,
        capped: counted.capped,
    }))
}

impl From<CountParameters> for ListParameters {
    fn from(parameters: CountParameters) -> ListParameters {
        ListParameters {
            task_name: parameters.task_name,
            state: parameters.state,
            status: parameters.status,
            text: parameters.text,
            created_after: parameters.created_after,
            created_before: parameters.created_before,
            finished_after: parameters.finished_after,
            finished_before: parameters.finished_before,
            limit: None,
            cursor: None,
        }
    }
}
