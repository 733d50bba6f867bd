//! Time series of kept figures.

use super::span_figures::SpanFigures;
use crate::store::figures::look::{Ended, Span};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::SERIES_SPANS_MAX;
use dutiful_core::{Figures, Step, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// Which time series [`Client::stats_series`](crate::Client::stats_series) gives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a filter does nothing before it is given to `stats_series`"]
pub struct SeriesFilter {
    step: Step,
    from: Option<Timestamp>,
    before: Option<Timestamp>,
    task_name: Option<String>,
}

impl SeriesFilter {
    /// All task names added up, until now: the last hour by minutes, the last day by hours, the last 30 days by
    /// days.
    pub fn new(step: Step) -> SeriesFilter {
        SeriesFilter {
            step,
            from: None,
            before: None,
            task_name: None,
        }
    }

    /// From the span on in which this time lies.
    pub fn from(mut self, time: Timestamp) -> SeriesFilter {
        self.from = Some(time);
        self
    }

    /// Only spans that begin before this time.
    pub fn before(mut self, time: Timestamp) -> SeriesFilter {
        self.before = Some(time);
        self
    }

    /// Only tasks of this name.
    pub fn task_name(mut self, name: impl Into<String>) -> SeriesFilter {
        self.task_name = Some(name.into());
        self
    }

    /// Checks it all, and sets what was left open.
    pub(super) fn span(&self, now: Timestamp) -> Result<Span> {
        if let Some(name) = &self.task_name {
            dutiful_core::check_name(name).map_err(|error| refused(error.to_string()))?;
        }
        let before = self.before.unwrap_or(now.saturating_add(INSTANT));
        let usual = match self.step {
            Step::Minute => 59,
            Step::Hour => 23,
            Step::Day => 29,
        };
        let from = self
            .from
            .unwrap_or_else(|| before.saturating_sub(self.step.length() * usual));
        let from = self.step.begin_of(from);
        if from >= before {
            return Err(refused(
                "the range of time is empty: it ends before it begins".to_owned(),
            ));
        }
        let spans = before.since(from).as_micros() / self.step.length().as_micros();
        if spans >= SERIES_SPANS_MAX as u128 {
            return Err(refused(format!(
                "more than {SERIES_SPANS_MAX} {}s; ask for a shorter range, or a longer step",
                self.step
            )));
        }
        Ok(Span {
            task_name: self.task_name.clone(),
            step: self.step,
            from,
            before,
        })
    }
}

const INSTANT: Duration = Duration::from_micros(1);

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// Figures of one span after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Series {
    /// How long each span is.
    #[serde(serialize_with = "word", deserialize_with = "of_word")]
    pub step: Step,
    /// One for each span of the range, the oldest first, those included in which nothing ended.
    pub points: Vec<SeriesPoint>,
    /// What ended before this time was kept as a figure; what ended since was counted.
    pub figures_until: Timestamp,
    /// More has ended since then than was counted: the last spans may tell too little.
    pub capped: bool,
}

fn word<S: Serializer>(step: &Step, serializer: S) -> Result<S::Ok, S::Error> {
    step.as_str().serialize(serializer)
}

fn of_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse().map_err(serde::de::Error::custom)
}

/// Figures of one span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SeriesPoint {
    /// When the span begins.
    pub begins_at: Timestamp,
    /// What ended in it.
    #[serde(flatten)]
    pub figures: SpanFigures,
}

/// Puts the spans in a row.
pub(super) fn series(span: &Span, ended: Ended) -> Series {
    let mut sums: BTreeMap<Timestamp, Figures> = BTreeMap::new();
    for ((begins_at, _), figures) in ended.spans {
        sums.entry(begins_at).or_default().add(&figures);
    }
    let mut points = Vec::new();
    let mut begins_at = span.from;
    while begins_at < span.before {
        let figures = sums.remove(&begins_at).unwrap_or_default();
        points.push(SeriesPoint {
            begins_at,
            figures: SpanFigures::of(&figures, span.step.length()),
        });
        begins_at = begins_at.saturating_add(span.step.length());
    }
    Series {
        step: span.step,
        points,
        figures_until: ended.until,
        capped: ended.capped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_usual_range_ends_with_the_span_of_now() {
        let now = at("2026-03-29T13:45:30Z");
        for (step, first, count) in [
            (Step::Minute, "2026-03-29T12:46:00Z", 60),
            (Step::Hour, "2026-03-28T14:00:00Z", 24),
            (Step::Day, "2026-02-28T00:00:00Z", 30),
        ] {
            let span = SeriesFilter::new(step).span(now).unwrap();
            let series = series(&span, Ended::default());
            assert_eq!(series.points.len(), count, "{step}");
            assert_eq!(series.points[0].begins_at, at(first));
            assert!(now.since(series.points[count - 1].begins_at) < step.length());
        }
    }

    #[test]
    fn a_range_that_is_empty_or_too_long_is_refused() {
        let now = at("2026-03-29T13:45:30Z");
        let empty = SeriesFilter::new(Step::Minute)
            .before(Timestamp::MIN)
            .from(now);
        let long = SeriesFilter::new(Step::Minute).from(Timestamp::MIN);
        for (filter, rule) in [(empty, "empty"), (long, "1500 minutes")] {
            let error = filter.span(now).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(rule), "{error}");
        }
    }

    #[test]
    fn names_are_added_up_in_their_spans() {
        let now = at("2026-03-29T13:45:30Z");
        let span = SeriesFilter::new(Step::Hour).span(now).unwrap();
        let figures = |tasks| Figures {
            ended: BTreeMap::from([(dutiful_core::State::Succeeded, tasks)]),
            ..Figures::default()
        };
        let hour = at("2026-03-29T13:00:00Z");
        let ended = Ended {
            spans: BTreeMap::from([
                ((hour, "A".to_owned()), figures(1)),
                ((hour, "B".to_owned()), figures(2)),
            ]),
            ..Ended::default()
        };
        let series = series(&span, ended);
        assert_eq!(series.points[23].figures.ended, 3);
        assert_eq!(series.points[22].figures.ended, 0);
    }
}
