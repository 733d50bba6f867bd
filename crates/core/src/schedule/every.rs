//! Ticks at whole multiples of an interval since 1970 UTC.

use std::time::Duration;

use super::ScheduleError;
use crate::limits::{EVERY_MAX, EVERY_MIN};
use crate::time::Timestamp;

/// The interval in microseconds, if it is one.
pub(super) fn check(interval: Duration) -> Result<i64, ScheduleError> {
    let whole = interval.subsec_nanos().is_multiple_of(1_000);
    i64::try_from(interval.as_micros())
        .ok()
        .filter(|_| whole && (EVERY_MIN..=EVERY_MAX).contains(&interval))
        .ok_or(ScheduleError::Interval(interval))
}

pub(super) fn next_after(interval: i64, after: Timestamp) -> Option<Timestamp> {
    let multiple = after.as_micros() / interval + 1;
    Timestamp::try_from_micros(multiple.checked_mul(interval)?)
}

/// Multiples after `after` and before `end`.
pub(super) fn count_between(interval: i64, after: Timestamp, end: Timestamp) -> u64 {
    let up_to_end = (end.as_micros() - 1).div_euclid(interval);
    u64::try_from(up_to_end - after.as_micros() / interval).unwrap_or(0)
}
