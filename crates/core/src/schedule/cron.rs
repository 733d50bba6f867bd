//! Ticks at the times that a cron expression names on the clocks of a time zone.
//!
//! croner reads the expression and finds matching calendar times. What becomes of them when clocks
//! change is decided here: croner's own rule calls every list and range an interval, loses those
//! times in a gap and repeats them in a fold.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::ScheduleError;
use crate::limits::TIME_ZONE_BYTES_MAX;
use crate::time::Timestamp;

/// An expression and a time zone, both checked.
pub(super) struct Clock {
    cron: Cron,
    zone: TimeZone,
    follows_elapsed_time: bool,
}

impl Clock {
    pub(super) fn new(expression: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        let zone = find_zone(time_zone)?;
        let cron = read(expression)?;
        // The calendar repeats itself long before croner gives up, so the start does not matter.
        if cron
            .find_next_occurrence(&DateTime::constant(2024, 1, 1, 0, 0, 0, 0), true)
            .is_err()
        {
            return Err(ScheduleError::NeverFires(expression.into()));
        }
        let follows_elapsed_time = has_star_in_minute_or_hour(cron.as_str());
        Ok(Self {
            cron,
            zone,
            follows_elapsed_time,
        })
    }

    pub(super) fn time_zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    pub(super) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_jiff();
        let tick = if self.follows_elapsed_time {
            self.next_shown(after)
        } else {
            self.next_fixed(after)
        };
        Timestamp::from_jiff(tick?)
    }

    /// The next instant at which the clocks show a matching time. Between two changes of the clocks
    /// instants and calendar times run in step, so each such stretch is searched by itself.
    fn next_shown(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let (mut start, mut inclusive) = (after, false);
        loop {
            let offset = self.zone.to_offset(start);
            let found = self.next_civil(offset.to_datetime(start), inclusive)?;
            let tick = offset.to_timestamp(found).ok()?;
            match self.zone.following(start).next() {
                Some(change) if change.timestamp() <= tick => start = change.timestamp(),
                _ => return Some(tick),
            }
            inclusive = true;
        }
    }

    /// The next instant that stands for a matching calendar time. Calendar times that were already
    /// passed come up again after the clocks went back; the loop passes over them.
    fn next_fixed(&self, after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let mut civil = self.zone.to_datetime(after);
        loop {
            civil = self.next_civil(civil, false)?;
            let tick = self.instant(civil)?;
            if tick > after {
                return Some(tick);
            }
        }
    }

    /// The instant of a calendar time: the first of two, and the end of the gap for one in a gap.
    fn instant(&self, civil: DateTime) -> Option<jiff::Timestamp> {
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                let before_the_gap = after.to_timestamp(civil).ok()?;
                self.zone
                    .following(before_the_gap)
                    .next()
                    .map(|change| change.timestamp())
            }
        }
    }

    fn next_civil(&self, from: DateTime, inclusive: bool) -> Option<DateTime> {
        self.cron.find_next_occurrence(&from, inclusive).ok()
    }
}

/// The bundled zones only: what a machine has installed must not move a tick.
/// A time zone by its IANA name.
pub(crate) fn find_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    let unknown =
        || ScheduleError::UnknownTimeZone(name.chars().take(TIME_ZONE_BYTES_MAX).collect());
    if name.len() > TIME_ZONE_BYTES_MAX {
        return Err(unknown());
    }
    TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())
}

fn read(expression: &str) -> Result<Cron, ScheduleError> {
    let refuse = |reason: String| ScheduleError::Cron {
        expression: expression.into(),
        reason,
    };
    if !expression.is_ascii() {
        return Err(refuse("it has characters that are not ASCII".into()));
    }
    let fields = expression.split_whitespace().count();
    let nickname = fields == 1 && expression.starts_with('@');
    if !nickname && !(5..=6).contains(&fields) {
        return Err(refuse(format!("it has {fields} fields instead of 5 or 6")));
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    parser
        .parse(expression)
        .map_err(|error| refuse(error.to_string()))
}

/// Takes the expression as croner writes it, where nicknames are spelt out.
fn has_star_in_minute_or_hour(expression: &str) -> bool {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let minute = fields.len().saturating_sub(5);
    fields
        .iter()
        .skip(minute)
        .take(2)
        .any(|field| field.contains('*'))
}
