//! `GET /tasks/{id}/explain`.

use crate::http::access::Caller;
use crate::http::path::Id;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Nothing, Parameters};
use crate::http::view::StateView;
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{Explanation, Reason};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a task is where it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView {
    /// Its number.
    #[schema(minimum = 1)]
    id: i64,
    /// Its type.
    task_name: String,
    /// Where it is in its life.
    #[schema(value_type = StateView)]
    state: dutiful::State,
    /// Why: first what keeps it from running or has ended it, then the earlier attempts.
    reasons: Vec<ReasonView>,
}

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonView {
    /// A stable name for programs.
    code: &'static str,
    /// The reason as a sentence.
    text: String,
    /// What can be done about it; `null` when there is nothing to be done.
    fix: Option<String>,
}

/// Why a task does not run, or ran more than once
#[utoipa::path(
    get, path = "/tasks/{id}/explain", tag = "tasks", operation_id = "explain_task",
    params(("id" = i64, Path, minimum = 1, description = "The task's number")),
    responses(
        (status = 200, description = "The reasons", body = ExplanationView),
        (status = "default", description = "Why there is no answer", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn explain(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    caller.check_task(&api, id).await?;
    let veil = caller.veil(&api, id).await?;
    let mut explanation = api.client.explain(id).await?;
    for reason in &mut explanation.reasons {
        veil.over(&mut reason.text);
    }
    Ok(answer::ok(&ExplanationView::from(explanation)))
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> ExplanationView {
        ExplanationView {
            id: explanation.id.0,
            task_name: explanation.task_name,
            state: explanation.state,
            reasons: explanation
                .reasons
                .into_iter()
                .map(ReasonView::from)
                .collect(),
        }
    }
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> ReasonView {
        ReasonView {
            code: reason.code,
            text: reason.text,
            fix: reason.fix,
        }
    }
}
