//! `GET /stats`.

use super::access::Caller;
use super::problem::{Problem, ProblemView};
use super::query::{Nothing, Parameters};
use super::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{NameCounts, Stats};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Counts and rates at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsView {
    /// By task name; only names that have tasks.
    names: Vec<NameCountsView>,
    /// When this was counted, by the database's clock.
    #[schema(format = DateTime)]
    now: String,
}

/// Counts and rates of one task name, over the tasks that are stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NameCounts)]
pub(crate) struct NameCountsView {
    /// The name.
    task_name: String,
    /// Tasks by state; states without tasks are left out.
    counts: BTreeMap<String, u64>,
    /// All tasks.
    total: u64,
    /// The share of ended tasks that succeeded, 0 to 1; `null` when none ended.
    success_rate: Option<f64>,
    /// The share of ended tasks that had a failed run, 0 to 1.
    retry_rate: Option<f64>,
    /// The mean duration of the last runs, in seconds.
    average_duration: Option<f64>,
    /// Tasks that are due now and wait for a worker.
    queue_depth: u64,
    /// How long the oldest of those has been due, in seconds.
    oldest_due: Option<f64>,
    /// Whether the name is paused.
    paused: bool,
}

/// Counts, rates and queue depth by task name
///
/// It reads the whole table: ask a few times a minute.
#[utoipa::path(
    get, path = "/stats", tag = "stats", operation_id = "get_stats",
    responses(
        (status = 200, description = "The counts", body = StatsView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn stats(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(_): Parameters<Nothing>,
) -> Result<Response, Problem> {
    let mut stats = api.client.stats().await?;
    stats.names.retain(|name| caller.may_know(&name.task_name));
    Ok(answer::ok(&StatsView::from(stats)))
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> StatsView {
        StatsView {
            names: stats.names.into_iter().map(NameCountsView::from).collect(),
            now: stats.now.to_string(),
        }
    }
}

impl From<NameCounts> for NameCountsView {
    fn from(name: NameCounts) -> NameCountsView {
        let counts = name.counts.into_iter();
        NameCountsView {
            task_name: name.task_name,
            counts: counts
                .map(|(state, count)| (state.to_string(), count))
                .collect(),
            total: name.total,
            success_rate: name.success_rate,
            retry_rate: name.retry_rate,
            average_duration: name.average_duration.map(|time| time.as_secs_f64()),
            queue_depth: name.queue_depth,
            oldest_due: name.oldest_due.map(|time| time.as_secs_f64()),
            paused: name.paused,
        }
    }
}
