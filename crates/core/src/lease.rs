//! Leases: how often they are renewed, and how much a lane may claim ahead of its slots.

use std::time::Duration;

use crate::limits::{COUNTER_MAX, HELD_MAX};

/// Longest time that a claimed task should wait for a slot, whatever the lease.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// How often a worker renews its leases: three times per lease, so that one late or lost renewal
/// costs nothing.
pub fn renew_every(lease: Duration) -> Duration {
    lease / 3
}

/// The number of the attempt that follows. The last one there is follows itself, so it fences nothing and
/// is never run.
pub fn next_attempt(attempt: i64) -> i64 {
    attempt.min(COUNTER_MAX - 1) + 1
}

/// How many tasks a lane may hold claimed, running and queued together.
///
/// As many as its slots finish within the shorter of a third of the lease and 500 ms, going by the
/// measured mean run time; just its slots while no run has been measured. Never fewer than the slots,
/// and never more than [`HELD_MAX`] unless there are more slots than that.
///
/// ```
/// # use std::time::Duration;
/// # use dutiful_core::lease::claim_ahead;
/// let lease = Duration::from_secs(30);
/// assert_eq!(claim_ahead(16, None, lease), 16);
/// assert_eq!(claim_ahead(16, Some(Duration::from_millis(100)), lease), 96); // 16 + 5 rounds
/// ```
pub fn claim_ahead(slots: usize, mean_run: Option<Duration>, lease: Duration) -> usize {
    let Some(mean_run) = mean_run.filter(|_| slots > 0) else {
        return slots;
    };
    let wait = (lease / 3).min(WAIT_MAX).as_nanos();
    let queued = (slots as u128 * wait)
        .checked_div(mean_run.as_nanos())
        .unwrap_or(u128::MAX);
    let held = usize::try_from(queued)
        .unwrap_or(usize::MAX)
        .saturating_add(slots);
    held.min(HELD_MAX.max(slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    #[test]
    fn a_lease_is_renewed_at_a_third() {
        assert_eq!(renew_every(LEASE), Duration::from_secs(10));
    }

    #[test]
    fn attempts_are_counted_up_to_the_last_number() {
        assert_eq!((next_attempt(0), next_attempt(41)), (1, 42));
        assert_eq!(next_attempt(COUNTER_MAX - 1), COUNTER_MAX);
        assert_eq!(next_attempt(COUNTER_MAX), COUNTER_MAX);
        assert_eq!(next_attempt(i64::MAX), COUNTER_MAX);
        assert_eq!(next_attempt(i64::MIN), i64::MIN + 1);
    }

    #[test]
    fn claiming_ahead_follows_the_mean_run_time() {
        let ahead = |mean| claim_ahead(16, mean, LEASE);
        assert_eq!(ahead(None), 16);
        assert_eq!(ahead(Some(Duration::ZERO)), HELD_MAX);
        assert_eq!(ahead(Some(Duration::from_micros(50))), HELD_MAX);
        assert_eq!(ahead(Some(Duration::from_millis(100))), 96);
        assert_eq!(ahead(Some(Duration::from_millis(500))), 32);
        assert_eq!(ahead(Some(Duration::from_secs(3600))), 16);
    }

    #[test]
    fn a_short_lease_shortens_the_wait_and_slots_are_the_least() {
        let mean = Some(Duration::from_millis(100));
        assert_eq!(claim_ahead(10, mean, Duration::from_millis(600)), 30);
        assert_eq!(claim_ahead(5_000, Some(Duration::ZERO), LEASE), 5_000);
        assert_eq!(claim_ahead(0, Some(Duration::ZERO), LEASE), 0);
    }
}
