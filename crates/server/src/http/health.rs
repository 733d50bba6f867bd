//! `GET /healthz` and `GET /readyz`: whether the process lives, and whether it can do its work.

use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Whoever asks gives up after a few seconds.
const CHECK_MAX: Duration = Duration::from_secs(3);

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether requests can be served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    /// Why not; empty when it is ready.
    reasons: Vec<String>,
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "get_health",
    responses(
        (status = 200, description = "It lives", body = Health),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn healthz(Parameters(_): Parameters<Nothing>) -> Result<Response, Problem> {
    Ok(answer::ok(&Health { status: "ok" }))
}

/// Whether it can serve: the database answers, and its tables are of this version
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "get_readiness",
    responses(
        (status = 200, description = "It is ready", body = Readiness),
        (status = 503, description = "It is not, and why", body = Readiness),
        (status = "default", description = "Why there is no answer", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn readyz(
    State(api): State<Api>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let migrator = api.client.migrator();
    let checked = tokio::time::timeout(CHECK_MAX, migrator.check()).await;
    let reason = match checked {
        Ok(Ok(())) => None,
        // The kind and no more: what a database says may name servers.
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            Some(format!("the database: {}", error.code()))
        }
        Err(_) => Some(format!("the database did not answer within {CHECK_MAX:?}")),
    };
    let status = match reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let readiness = Readiness {
        ready: reason.is_none(),
        reasons: reason.into_iter().collect(),
    };
    Ok(answer::json(status, "application/json", &readiness))
}
