//! `GET /stats`.

mod span;
pub(super) mod timeseries;

use super::access::Caller;
use super::problem::{Problem, ProblemView};
use super::query::Parameters;
use super::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{NameCounts, Stats};
use serde::{Deserialize, Serialize};
use span::SpanFiguresView;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// What is told of as recent.
const WINDOW: u64 = 3_600;

/// How much is told.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsParameters {
    /// How many seconds `recent` tells of, up to two years: in whole minutes up to 3 hours, in whole hours up to 7
    /// days, else in whole days. By default 3600.
    #[param(minimum = 1, maximum = 63_072_000)]
    window: Option<u64>,
}

/// Counts and rates at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsView {
    /// By task name: names that have tasks, or had some that ended in the window.
    names: Vec<NameCountsView>,
    /// When this was counted, by the database's clock.
    #[schema(format = DateTime)]
    now: String,
    /// What ended before this time was kept as a figure; what ended since was counted.
    #[schema(format = DateTime)]
    figures_until: String,
    /// Some counts are lower bounds.
    capped: bool,
    /// How many seconds `recent` tells of.
    window: f64,
}

/// Counts and rates of one task name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NameCounts)]
pub(crate) struct NameCountsView {
    /// The name.
    task_name: String,
    /// Stored tasks by state; states without tasks are left out.
    counts: BTreeMap<String, u64>,
    /// All stored tasks.
    total: u64,
    /// The counts of what waits or runs are lower bounds: up to 10,000 of a name are counted.
    capped: bool,
    /// The share of stored tasks that ended that succeeded, 0 to 1; `null` when none ended.
    success_rate: Option<f64>,
    /// The share of tasks that ended since figures are kept that had a failed run, 0 to 1.
    retry_rate: Option<f64>,
    /// The mean duration of the last runs since figures are kept, in seconds.
    average_duration: Option<f64>,
    /// Tasks that are due now and wait for a worker.
    queue_depth: u64,
    /// How long the oldest of those has been due, in seconds.
    oldest_due: Option<f64>,
    /// Whether the name is paused.
    paused: bool,
    /// What ended in the window.
    recent: SpanFiguresView,
}

/// Counts, rates and queue depth by task name
///
/// What has ended is kept as figures and not counted, so that this costs the same however many tasks are stored.
#[utoipa::path(
    get, path = "/stats", tag = "stats", operation_id = "get_stats",
    params(StatsParameters),
    responses(
        (status = 200, description = "The counts", body = StatsView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn stats(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(parameters): Parameters<StatsParameters>,
) -> Result<Response, Problem> {
    let window = Duration::from_secs(parameters.window.unwrap_or(WINDOW));
    let mut stats = api.client.stats_over(window).await?;
    stats.names.retain(|name| caller.may_know(&name.task_name));
    Ok(answer::ok(&StatsView::from(stats)))
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> StatsView {
        StatsView {
            names: stats.names.into_iter().map(NameCountsView::from).collect(),
            now: stats.now.to_string(),
            figures_until: stats.figures_until.to_string(),
            capped: stats.capped,
            window: stats.window.as_secs_f64(),
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
            capped: name.capped,
            success_rate: name.success_rate,
            retry_rate: name.retry_rate,
            average_duration: name.average_duration.map(|time| time.as_secs_f64()),
            queue_depth: name.queue_depth,
            oldest_due: name.oldest_due.map(|time| time.as_secs_f64()),
            paused: name.paused,
            recent: name.recent.into(),
        }
    }
}
