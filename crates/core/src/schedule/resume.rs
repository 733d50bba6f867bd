//! The tick that a periodic waits for when somebody lets it go on.

use super::{Missed, Schedule};
use crate::time::Timestamp;

/// The tick to wait for once a periodic that was paused goes on at `now`, when it waited for `next_at`.
///
/// Ticks that passed during the pause were missed like those that no worker was there for. Where `missed`
/// makes up for such ticks the oldest of them stays, so that [`plan()`](super::plan()) decides about all;
/// where it drops them the schedule begins afresh.
///
/// ```
/// use std::time::Duration;
/// use dutiful_core::{Missed, Schedule, Timestamp, resume};
/// let hourly = Schedule::every(Duration::from_secs(3600))?;
/// let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
/// assert_eq!(resume(&hourly, Some(at(1)), Missed::None, at(9)), Some(at(10)));
/// assert_eq!(resume(&hourly, Some(at(1)), Missed::Once, at(9)), Some(at(1)));
/// # Ok::<(), dutiful_core::ScheduleError>(())
/// ```
pub fn resume(
    schedule: &Schedule,
    next_at: Option<Timestamp>,
    missed: Missed,
    now: Timestamp,
) -> Option<Timestamp> {
    match (next_at, missed) {
        (Some(next_at), _) if next_at > now => Some(next_at),
        (Some(next_at), Missed::Once | Missed::All) => Some(next_at),
        _ => schedule.next_after(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros(hour * 3_600_000_000)
    }

    #[test]
    fn a_tick_that_has_not_passed_stays_whatever_the_rule() {
        let hourly = Schedule::every(Duration::from_secs(3_600)).unwrap();
        for missed in Missed::ALL {
            assert_eq!(resume(&hourly, Some(at(10)), *missed, at(9)), Some(at(10)));
            assert_eq!(resume(&hourly, None, *missed, at(9)), Some(at(10)));
        }
    }

    #[test]
    fn ticks_that_passed_are_dropped_or_left_to_the_plan() {
        let hourly = Schedule::every(Duration::from_secs(3_600)).unwrap();
        for (missed, next) in [(Missed::None, 10), (Missed::Once, 2), (Missed::All, 2)] {
            let resumed = resume(&hourly, Some(at(2)), missed, at(9));
            assert_eq!(resumed, Some(at(next)), "{missed}");
        }
    }
}
