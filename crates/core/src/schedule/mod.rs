//! When periodic tasks fire: intervals and cron expressions, and which ticks are made up for.
//!
//! [`Schedule`] says when the ticks are, [`plan()`] which of them fire now. Who fires them, and that
//! only one worker does, is the library's work.

mod cron;
mod every;
mod plan;
mod policy;
mod resume;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use cron::find_zone;
pub use plan::{Plan, plan};
pub use policy::{Missed, Overlap};
pub use resume::resume;

use crate::limits::{CRON_BYTES_MAX, TIME_ZONE_BYTES_MAX};
use crate::time::Timestamp;

/// When a periodic task is due. Use the constructors: they check, and what they made always works. A
/// value that was put together otherwise and would not pass them never fires.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// At every whole multiple of this interval since 1970 UTC, so that all workers agree.
    Every(Duration),
    /// At the times that a cron expression names on the clocks of a time zone.
    Cron {
        /// Five fields (minute, hour, day, month, weekday), or six with seconds first.
        expression: String,
        /// The IANA name of the time zone, such as `Europe/Berlin`.
        time_zone: String,
    },
}

/// Why a schedule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The interval is too short, too long, or has parts of a microsecond.
    #[error("{0:?} is no interval for a schedule; use whole microseconds, 100 ms to 10 years")]
    Interval(Duration),
    /// The expression is longer than [`CRON_BYTES_MAX`].
    #[error("the cron expression has {0} bytes; the limit is {CRON_BYTES_MAX}")]
    TooLong(usize),
    /// The expression is not one.
    #[error(
        "{expression:?} is no cron expression: {reason}; write minute hour day month weekday, as in \
         \"0 9 * * MON-FRI\", with seconds before them if needed"
    )]
    Cron {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The expression names only days that do not exist.
    #[error("the cron expression {0:?} never fires: no such day exists; check day and month")]
    NeverFires(String),
    /// There is no such time zone.
    #[error("{0:?} is no time zone; use an IANA name such as Europe/Berlin or UTC")]
    UnknownTimeZone(String),
    /// A stored text is no schedule.
    #[error("{0:?} is no stored schedule; it is \"every 60000000\" or \"cron UTC 0 9 * * *\"")]
    Stored(String),
}

impl Schedule {
    /// A schedule by interval.
    ///
    /// # Errors
    /// Refuses intervals under 100 ms or over ten years, and parts of a microsecond.
    pub fn every(interval: Duration) -> Result<Self, ScheduleError> {
        every::check(interval)?;
        Ok(Self::Every(interval))
    }

    /// A schedule by cron expression in a time zone. Names of days and months, lists, ranges, steps,
    /// `L`, `W`, `#`, and `@hourly` to `@yearly` are understood.
    ///
    /// When clocks change: a time that the clocks skip runs at the first instant after the gap, and a
    /// time that they show twice runs once, the first time. An expression with `*` in its minute or
    /// hour field follows elapsed time instead: it fires whenever the clocks show a matching time,
    /// never for a time that they skip, and both times for one that they repeat.
    ///
    /// # Errors
    /// Refuses malformed expressions, ones that never fire, and unknown time zones.
    ///
    /// ```
    /// use dutiful_core::Schedule;
    /// let daily = Schedule::cron("30 2 * * *", "Europe/Berlin")?;
    /// let tick = daily.next_after("2026-03-28T12:00:00+01:00".parse()?);
    /// // On this day the clocks go from 02:00 to 03:00.
    /// assert_eq!(tick, Some("2026-03-29T03:00:00+02:00".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cron(expression: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        if expression.len() > CRON_BYTES_MAX {
            return Err(ScheduleError::TooLong(expression.len()));
        }
        let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let clock = cron::Clock::new(&expression, time_zone)?;
        let time_zone = clock.time_zone().to_owned();
        Ok(Self::Cron {
            expression,
            time_zone,
        })
    }

    /// The text that is stored: `every` and the microseconds, or `cron`, time zone and expression.
    pub fn to_text(&self) -> String {
        match self {
            Self::Every(interval) => format!("every {}", interval.as_micros()),
            Self::Cron {
                expression,
                time_zone,
            } => format!("cron {time_zone} {expression}"),
        }
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// Refuses other texts, and what the constructors refuse.
    pub fn from_text(text: &str) -> Result<Self, ScheduleError> {
        let stored = || {
            let most = CRON_BYTES_MAX + TIME_ZONE_BYTES_MAX;
            ScheduleError::Stored(text.chars().take(most).collect())
        };
        match text.split_once(' ') {
            Some(("every", micros)) => {
                Self::every(Duration::from_micros(micros.parse().map_err(|_| stored())?))
            }
            Some(("cron", rest)) => {
                let (time_zone, expression) = rest.split_once(' ').ok_or_else(stored)?;
                Self::cron(expression, time_zone)
            }
            _ => Err(stored()),
        }
    }

    /// The first tick after this time; `None` when there is none before the year 5000.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.ticks()?.next_after(after)
    }

    /// The schedule made ready for many questions.
    fn ticks(&self) -> Option<Ticks> {
        match self {
            Self::Every(interval) => every::check(*interval).ok().map(Ticks::Every),
            Self::Cron {
                expression,
                time_zone,
            } => cron::Clock::new(expression, time_zone)
                .ok()
                .map(|clock| Ticks::Cron(Box::new(clock))),
        }
    }
}

/// The ticks of a schedule that passed the checks.
enum Ticks {
    /// The interval in microseconds, 1 or more.
    Every(i64),
    Cron(Box<cron::Clock>),
}

impl Ticks {
    fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => every::next_after(*interval, after),
            Self::Cron(clock) => clock.next_after(after),
        }
    }

    /// Ticks after `after` and before `end`, of cron schedules at most `most`.
    fn count_between(&self, after: Timestamp, end: Timestamp, most: u64) -> u64 {
        if let Self::Every(interval) = self {
            return every::count_between(*interval, after, end);
        }
        let (mut count, mut at) = (0, after);
        while count < most {
            match self.next_after(at) {
                Some(tick) if tick < end => (count, at) = (count + 1, tick),
                _ => break,
            }
        }
        count
    }
}
