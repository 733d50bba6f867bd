//! Which ticks of a schedule fire now.

use std::time::Duration;

use super::{Missed, Schedule, Ticks};
use crate::limits::{SKIPPED_TICKS_COUNTED_MAX, TICK_GRACE};
use crate::time::Timestamp;

/// What a periodic task does now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The ticks that fire, oldest first.
    pub fire: Vec<Timestamp>,
    /// Ticks that were missed and are dropped. Of cron schedules no more than
    /// [`SKIPPED_TICKS_COUNTED_MAX`] are counted.
    pub skipped: u64,
    /// The tick to wait for, which is in the past when `most` left some unfired; `None` when the
    /// schedule has no further tick.
    pub next: Option<Timestamp>,
}

const MICROSECOND: Duration = Duration::from_micros(1);

/// Decides which ticks from `next_at` up to `now` fire, at most `most` of them.
///
/// `next_at` is the tick that the last plan left to wait for; it counts as a tick even if the
/// schedule has changed since. A tick that is at most [`TICK_GRACE`] late always fires. Older ones were
/// missed: `missed` says what becomes of those that are at most `window` old, and the rest are
/// dropped. What `most` leaves over comes with the next plan. The work does not grow with the time
/// since `next_at`.
///
/// ```
/// use std::time::Duration;
/// use dutiful_core::{Missed, Schedule, Timestamp, plan};
/// let hourly = Schedule::every(Duration::from_secs(3600))?;
/// let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
/// let day = Duration::from_secs(24 * 3600);
/// let plan = plan(&hourly, at(1), Missed::Once, day, at(9).saturating_add(day / 48), 100);
/// assert_eq!((plan.fire, plan.skipped, plan.next), (vec![at(9)], 8, Some(at(10))));
/// # Ok::<(), dutiful_core::ScheduleError>(())
/// ```
pub fn plan(
    schedule: &Schedule,
    next_at: Timestamp,
    missed: Missed,
    window: Duration,
    now: Timestamp,
    most: usize,
) -> Plan {
    if next_at > now {
        return Plan {
            next: Some(next_at),
            ..Plan::default()
        };
    }
    let Some(ticks) = schedule.ticks() else {
        return Plan::default();
    };
    let row = Row {
        ticks: &ticks,
        next_at,
    };
    let start = row.start(missed, window, now);
    let skipped = row.count_before(start.unwrap_or(now.saturating_add(MICROSECOND)));
    let mut plan = Plan {
        skipped,
        next: start,
        ..Plan::default()
    };
    while let Some(tick) = plan
        .next
        .filter(|&tick| tick <= now && plan.fire.len() < most)
    {
        plan.fire.push(tick);
        plan.next = ticks.next_after(tick);
    }
    plan
}

/// The ticks of one periodic task that have not been planned yet.
struct Row<'a> {
    ticks: &'a Ticks,
    next_at: Timestamp,
}

impl Row<'_> {
    /// The oldest tick that fires, or the next one after `now`. All between it and `now` fire too.
    fn start(&self, missed: Missed, window: Duration, now: Timestamp) -> Option<Timestamp> {
        let grace_start = now.saturating_sub(TICK_GRACE);
        let window_start = now.saturating_sub(window).min(grace_start);
        match missed {
            Missed::None => self.first_from(grace_start),
            Missed::All => self.first_from(window_start),
            Missed::Once => match self.last_between(window_start, grace_start) {
                Some(tick) => Some(tick),
                None => self.first_from(grace_start),
            },
        }
    }

    /// The first tick at or after this time.
    fn first_from(&self, time: Timestamp) -> Option<Timestamp> {
        if time <= self.next_at {
            return Some(self.next_at);
        }
        self.ticks.next_after(time.saturating_sub(MICROSECOND))
    }

    /// The last tick at or after `start` and before `end`: halving, because asking for a next tick
    /// is cheap and walking over all of them may not be.
    fn last_between(&self, start: Timestamp, end: Timestamp) -> Option<Timestamp> {
        let mut last = self.first_from(start).filter(|&tick| tick < end)?;
        let mut none_after = end.as_micros();
        while none_after - last.as_micros() > 1 {
            let middle = last.as_micros() + (none_after - last.as_micros()) / 2;
            match self.ticks.next_after(Timestamp::from_micros(middle)) {
                Some(tick) if tick < end => last = tick,
                _ => none_after = middle,
            }
        }
        Some(last)
    }

    /// Ticks before this time, counted from `next_at`.
    fn count_before(&self, time: Timestamp) -> u64 {
        if time <= self.next_at {
            return 0;
        }
        1 + self
            .ticks
            .count_between(self.next_at, time, SKIPPED_TICKS_COUNTED_MAX - 1)
    }
}
