//! `GET /audit`.

use super::access::Caller;
use super::problem::{FORBIDDEN, Problem, ProblemView};
use super::query::Parameters;
use super::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{AuditEntry, AuditFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParameters {
    /// Only what the bearer of this token did.
    actor: Option<String>,
    /// Only this action.
    action: Option<String>,
    /// Only what was done to this: `task 7`.
    target: Option<String>,
    /// At most so many on the page. By default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^b[1-9a-f][0-9a-f]{0,14}$")]
    cursor: Option<String>,
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPageView {
    /// Newest first.
    entries: Vec<AuditEntryView>,
    /// The cursor of the next page; `null` when nothing is left.
    next_cursor: Option<String>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditEntryView {
    /// Later entries have higher numbers.
    id: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The name of the token, or `anybody`.
    actor: String,
    /// What was done.
    action: String,
    /// To what: `task 7`.
    target: Option<String>,
    /// What else is to be known of it.
    detail: Option<String>,
}

/// Who did what over this API, newest first
#[utoipa::path(
    get, path = "/audit", tag = "audit", operation_id = "list_audit",
    params(AuditParameters),
    responses(
        (status = 200, description = "A page of the audit", body = AuditPageView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(parameters): Parameters<AuditParameters>,
) -> Result<Response, Problem> {
    if !caller.may_know_all() {
        let detail = "the audit tells of tasks of every name, and the token is good for some";
        return Err(Problem::new(&FORBIDDEN, detail));
    }
    let page = api.client.audit_log(&parameters.filter()).await?;
    Ok(answer::ok(&AuditPageView {
        entries: page.entries.into_iter().map(AuditEntryView::from).collect(),
        next_cursor: page.next,
    }))
}

impl AuditParameters {
    fn filter(self) -> AuditFilter {
        let mut filter = AuditFilter::new();
        if let Some(actor) = self.actor {
            filter = filter.actor(actor);
        }
        if let Some(action) = self.action {
            filter = filter.action(action);
        }
        if let Some(target) = self.target {
            filter = filter.target(target);
        }
        if let Some(limit) = self.limit {
            filter = filter.limit(limit);
        }
        match self.cursor {
            Some(cursor) => filter.after(cursor),
            None => filter,
        }
    }
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> AuditEntryView {
        AuditEntryView {
            id: entry.id,
            at: entry.at.to_string(),
            actor: entry.actor,
            action: entry.action,
            target: entry.target,
            detail: entry.detail,
        }
    }
}
