//! The clock on a wall: turns times that name no zone into points in time.

use jiff::tz::{Offset, TimeZone};

use crate::schedule::{ScheduleError, find_zone};
use crate::time::Timestamp;

/// The clock by which somebody wrote times without a zone.
///
/// ```
/// use dutiful_core::WallClock;
/// let berlin = WallClock::new("Europe/Berlin")?;
/// let shown = "2026-07-01T12:00:00Z".parse()?; // what the clock showed, as if it were UTC
/// assert_eq!(berlin.to_utc(shown).to_string(), "2026-07-01T10:00:00.000000Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WallClock {
    zone: TimeZone,
    name: String,
}

impl WallClock {
    /// By `UTC`, an IANA name such as `Europe/Berlin`, or an offset such as `+02:00`.
    ///
    /// # Errors
    /// Refuses what is neither.
    pub fn new(zone: &str) -> Result<WallClock, ScheduleError> {
        let found = match offset(zone) {
            Some(offset) => TimeZone::fixed(offset),
            None => find_zone(zone)?,
        };
        Ok(WallClock {
            name: found.iana_name().unwrap_or(zone).to_owned(),
            zone: found,
        })
    }

    /// UTC.
    pub fn utc() -> WallClock {
        WallClock {
            zone: TimeZone::UTC,
            name: "UTC".to_owned(),
        }
    }

    /// How the zone is called.
    pub fn zone(&self) -> &str {
        &self.name
    }

    /// When the clock showed this, which is given as if it were UTC. Where the clocks went back it is the
    /// earlier of two times; what they jumped over counts as that much later.
    pub fn to_utc(&self, shown: Timestamp) -> Timestamp {
        if shown == Timestamp::MIN || shown == Timestamp::MAX {
            // The ends stand for what lies beyond them.
            return shown;
        }
        let civil = TimeZone::UTC.to_datetime(shown.to_jiff());
        let time = self.zone.to_ambiguous_timestamp(civil).compatible();
        time.ok().and_then(Timestamp::from_jiff).unwrap_or(shown)
    }
}

/// `+02:00` or `-05:30`.
fn offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let number = |digits: &str, most: i32| {
        let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = digits.parse::<i32>().ok().filter(|_| two)?;
        (number <= most).then_some(number)
    };
    Offset::from_seconds(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(zone: &str, shown: &str) -> String {
        let clock = WallClock::new(zone).unwrap();
        clock.to_utc(shown.parse().unwrap()).to_string()
    }

    #[test]
    fn what_a_clock_showed_becomes_a_point_in_time() {
        for (zone, shown, time) in [
            ("UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"),
            (
                "+05:30",
                "2026-01-01T00:00:00.5Z",
                "2025-12-31T18:30:00.500000Z",
            ),
            (
                "-01:00",
                "2026-01-01T00:00:00Z",
                "2026-01-01T01:00:00.000000Z",
            ),
            (
                "Europe/Berlin",
                "2026-01-01T12:00:00Z",
                "2026-01-01T11:00:00.000000Z",
            ),
            // Twice on the night of 25 October, never on that of 29 March.
            (
                "Europe/Berlin",
                "2026-10-25T02:30:00Z",
                "2026-10-25T00:30:00.000000Z",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:30:00Z",
                "2026-03-29T01:30:00.000000Z",
            ),
        ] {
            assert_eq!(utc(zone, shown), time, "{zone} {shown}");
        }
    }

    #[test]
    fn times_at_the_ends_stay_there() {
        let clock = WallClock::new("+02:00").unwrap();
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(clock.to_utc(end), end);
        }
        assert_eq!(WallClock::utc().to_utc(Timestamp::MIN), Timestamp::MIN);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for zone in [
            "",
            "Mars/Olympus",
            "+2:00",
            "+24:00",
            "+02:60",
            "+0a:00",
            "+é2:00",
            "-",
        ] {
            assert!(WallClock::new(zone).is_err(), "{zone}");
        }
        assert_eq!(
            WallClock::new("europe/berlin").unwrap().zone(),
            "Europe/Berlin"
        );
    }
}
