//! `GET /stats/timeseries`.

use super::span::SpanFiguresView;
use crate::http::access::Caller;
use crate::http::problem::{Problem, ProblemView};
use crate::http::query::{Parameters, bad, time};
use crate::http::{Api, answer};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use dutiful::{Series, SeriesFilter, SeriesPoint, Step};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which series.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesParameters {
    /// How long each span is. Minutes are kept for 24 hours, hours for 30 days, days for two years. By default
    /// `minute`.
    #[param(pattern = "^(minute|hour|day)$")]
    step: Option<String>,
    /// From the span on in which this time lies. By default an hour of minutes, a day of hours, 30 days.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    from: Option<String>,
    /// Only spans that begin before this time. By default now.
    #[param(format = DateTime, pattern = "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-")]
    to: Option<String>,
    /// Only tasks of this name; otherwise all are added up.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    task_name: Option<String>,
}

/// Figures of one span after another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesView {
    /// How long each span is: `minute`, `hour` or `day`.
    step: String,
    /// One for each span of the range, the oldest first; at most 1,500.
    points: Vec<SeriesPointView>,
    /// What ended before this time was kept as a figure; what ended since was counted.
    #[schema(format = DateTime)]
    figures_until: String,
    /// More has ended since then than was counted: the last spans may tell too little.
    capped: bool,
}

/// Figures of one span.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesPoint)]
pub(crate) struct SeriesPointView {
    /// When the span begins.
    #[schema(format = DateTime)]
    begins_at: String,
    /// What ended in it.
    figures: SpanFiguresView,
}

/// What ended in each minute, hour or day
#[utoipa::path(
    get, path = "/stats/timeseries", tag = "stats", operation_id = "get_timeseries",
    params(SeriesParameters),
    responses(
        (status = 200, description = "The series", body = SeriesView),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn timeseries(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(parameters): Parameters<SeriesParameters>,
) -> Result<Response, Problem> {
    caller.check_filter(parameters.task_name.as_deref(), false)?;
    let series = api.client.stats_series(&parameters.filter()?).await?;
    Ok(answer::ok(&SeriesView::from(series)))
}

impl SeriesParameters {
    fn filter(self) -> Result<SeriesFilter, Problem> {
        let step = self.step.as_deref().unwrap_or(Step::Minute.as_str());
        let step = step
            .parse()
            .map_err(|error: dutiful_core::UnknownWord| bad("step", &error.to_string()))?;
        let mut filter = SeriesFilter::new(step);
        if let Some(text) = self.from {
            filter = filter.from(time("from", &text)?);
        }
        if let Some(text) = self.to {
            filter = filter.before(time("to", &text)?);
        }
        Ok(match self.task_name {
            Some(name) => filter.task_name(name),
            None => filter,
        })
    }
}

impl From<Series> for SeriesView {
    fn from(series: Series) -> SeriesView {
        SeriesView {
            step: series.step.to_string(),
            points: series
                .points
                .into_iter()
                .map(SeriesPointView::from)
                .collect(),
            figures_until: series.figures_until.to_string(),
            capped: series.capped,
        }
    }
}

impl From<SeriesPoint> for SeriesPointView {
    fn from(point: SeriesPoint) -> SeriesPointView {
        SeriesPointView {
            begins_at: point.begins_at.to_string(),
            figures: point.figures.into(),
        }
    }
}
