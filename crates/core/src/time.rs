//! Points in time: microseconds since 1970 in UTC, written as RFC 3339.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time between the years 1970 and 9999, in microseconds.
///
/// ```
/// use dutiful_core::Timestamp;
/// let at: Timestamp = "2026-03-29T03:30:00+02:00".parse()?;
/// assert_eq!(at.to_string(), "2026-03-29T01:30:00.000000Z");
/// # Ok::<(), dutiful_core::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text has another form.
    #[error("{0:?} is no RFC 3339 time; write it like 2026-01-31T09:00:00Z")]
    Form(String),
    /// The text names no time zone.
    #[error("{0:?} names no time zone; end it with Z or an offset such as +02:00")]
    NoZone(String),
    /// Year, month, day, hour, minute, second or offset does not exist.
    #[error("{0:?} does not exist in the calendar; leap seconds (:60) are not taken either")]
    NoSuchTime(String),
    /// The time is too early or too late.
    #[error("{0:?} is outside the years 1970 to 9999 (UTC)")]
    OutOfRange(String),
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-30T22:00:00Z, the last second that every engine and every zone can express.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// From microseconds since 1970 UTC; what lies outside [`Self::MIN`] to [`Self::MAX`] becomes
    /// the nearer end.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// From microseconds since 1970 UTC; `None` outside [`Self::MIN`] to [`Self::MAX`].
    pub const fn try_from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// Microseconds since 1970 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This much later; `None` beyond [`Self::MAX`]. Parts of a microsecond are dropped.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        Self::try_from_micros(self.0.checked_add(micros)?)
    }

    /// This much later, at most [`Self::MAX`].
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// This much earlier, at least [`Self::MIN`].
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The same point as the standard library's type.
    pub fn to_system_time(self) -> SystemTime {
        UNIX_EPOCH + self.since(Self::MIN)
    }

    /// From the standard library's type; what lies outside the range becomes the nearer end.
    pub fn from_system_time(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::MIN.saturating_add(since)
    }

    pub(crate) fn from_jiff(time: jiff::Timestamp) -> Option<Self> {
        Self::try_from_micros(time.as_microsecond())
    }

    /// The bounds of this type lie inside jiff's, so the fallback is never taken.
    pub(crate) fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let zone = check_form(text)?;
        if zone.is_empty() {
            return Err(TimestampError::NoZone(text.into()));
        }
        let leap_second = text.as_bytes()[17..19] == *b"60";
        if leap_second || text[..19].parse::<jiff::civil::DateTime>().is_err() || !exists(zone) {
            return Err(TimestampError::NoSuchTime(text.into()));
        }
        // The calendar has it, so whatever fails now is a matter of range.
        let time = text.parse().ok().and_then(Self::from_jiff);
        time.ok_or_else(|| TimestampError::OutOfRange(text.into()))
    }
}

/// Whether an offset of the right form has an hour up to 23 and a minute up to 59.
fn exists(zone: &str) -> bool {
    zone.len() == 1 || (zone[1..3] <= *"23" && zone[4..6] <= *"59")
}

/// Checks `YYYY-MM-DDThh:mm:ss[.digits]` and returns what follows it, which is a zone or nothing.
/// jiff alone would take more forms than RFC 3339 has.
fn check_form(text: &str) -> Result<&str, TimestampError> {
    let fail = || TimestampError::Form(text.chars().take(64).collect());
    let (head, rest) = text.split_at_checked(19).ok_or_else(fail)?;
    if !fits(head, "dddd-dd-ddTdd:dd:dd") {
        return Err(fail());
    }
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if !(1..=9).contains(&(fraction.len() - zone.len())) {
                return Err(fail());
            }
            zone
        }
    };
    let known = matches!(zone, "" | "Z" | "z") || fits(zone, "+dd:dd") || fits(zone, "-dd:dd");
    if known { Ok(zone) } else { Err(fail()) }
}

/// Whether the text has the pattern's form: `d` is a digit, `T` also `t` or a space.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(c, p)| match p {
            b'd' => c.is_ascii_digit(),
            b'T' => matches!(c, b'T' | b't' | b' '),
            _ => c == p,
        })
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_micros_agree_both_ways() {
        for (text, micros) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("2026-03-29T01:30:00.000001Z", 1_774_747_800_000_001),
            ("9999-12-30T22:00:00.000000Z", 253_402_207_200_000_000),
        ] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!((at.as_micros(), at.to_string()), (micros, text.to_owned()));
            assert_eq!(serde_json::to_string(&at).unwrap(), format!("\"{text}\""));
            assert_eq!(
                serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap(),
                at
            );
        }
    }

    #[test]
    fn offsets_and_rfc_3339_spellings_are_read() {
        let at: Timestamp = "2026-03-29T01:30:00Z".parse().unwrap();
        for text in [
            "2026-03-29T03:30:00+02:00",
            "2026-03-29 01:30:00z",
            "2026-03-28t20:30:00.0-05:00",
            "2026-03-29T01:30:00.000000999Z",
        ] {
            assert_eq!(text.parse(), Ok(at), "{text}");
        }
    }

    #[test]
    fn a_time_without_zone_is_refused() {
        for text in ["2026-03-29T01:30:00", "2026-03-29 01:30:00.5"] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(TimestampError::NoZone(text.into()))
            );
        }
    }

    #[test]
    fn times_outside_calendar_form_or_range_are_refused() {
        let refused = |text: &str| text.parse::<Timestamp>().unwrap_err();
        for text in [
            "",
            "now",
            "2026-03-29",
            "2026-03-29T01:30Z",
            "2026-03-29T01:30:00+02",
        ] {
            assert!(matches!(refused(text), TimestampError::Form(_)), "{text}");
        }
        for text in [
            "10000-01-01T00:00:00Z",
            "2026-03-29T01:30:00.Z",
            "2026-03-29T01:30:00é",
        ] {
            assert!(matches!(refused(text), TimestampError::Form(_)), "{text}");
        }
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2016-12-31T23:59:60Z",
        ] {
            assert!(
                matches!(refused(text), TimestampError::NoSuchTime(_)),
                "{text}"
            );
        }
        for text in [
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T00:00:00Z",
        ] {
            assert!(
                matches!(refused(text), TimestampError::OutOfRange(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn arithmetic_stays_in_range() {
        assert_eq!(Timestamp::from_micros(-5), Timestamp::MIN);
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.checked_add(Duration::from_micros(1)), None);
        assert_eq!(Timestamp::MIN.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.saturating_sub(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
        let at = Timestamp::from_micros(1_774_747_800_000_001);
        assert_eq!(Timestamp::from_system_time(at.to_system_time()), at);
        assert_eq!(
            Timestamp::from_system_time(UNIX_EPOCH - Duration::from_secs(1)),
            Timestamp::MIN
        );
    }
}
