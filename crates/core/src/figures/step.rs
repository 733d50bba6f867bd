//! The steps of a time series.

use std::time::Duration;

use crate::task::words;
use crate::time::Timestamp;

/// How long the spans of a time series are. They begin with the minutes, hours and days of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

words!(Step, "step", {
    Minute = "minute",
    Hour = "hour",
    Day = "day",
});

impl Step {
    /// How long a span is.
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Step::Minute => 60,
            Step::Hour => 60 * 60,
            Step::Day => 24 * 60 * 60,
        })
    }

    /// When the span began in which this time lies.
    pub fn begin_of(self, time: Timestamp) -> Timestamp {
        let length = i64::try_from(self.length().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(time.as_micros() - time.as_micros() % length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_begin_with_the_units_of_the_clock() {
        let time: Timestamp = "2026-03-29T13:45:59.999999Z".parse().unwrap();
        for (step, begin) in [
            (Step::Minute, "2026-03-29T13:45:00.000000Z"),
            (Step::Hour, "2026-03-29T13:00:00.000000Z"),
            (Step::Day, "2026-03-29T00:00:00.000000Z"),
        ] {
            assert_eq!(step.begin_of(time).to_string(), begin);
            assert_eq!(step.begin_of(step.begin_of(time)), step.begin_of(time));
        }
    }
}
