//! Retry policies: how long a failed task waits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::lifecycle::FailureKind;
use crate::limits::{COOLDOWN, DELAY_MAX};

/// A failed run, as a retry policy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Failed runs including this one; 1 after the first.
    pub retries: i64,
    /// How it failed.
    pub kind: FailureKind,
    /// The error's text.
    pub message: String,
}

/// How long a failed task waits before it runs again. Never longer than [`DELAY_MAX`].
#[derive(Clone)]
pub enum RetryPolicy {
    /// The same wait after every failure.
    Cooldown(Duration),
    /// A random wait between zero and a bound that doubles with every failure ("full jitter"), so
    /// that tasks which failed together do not come back together.
    Exponential {
        /// The bound after the first failure.
        base: Duration,
        /// The bound never grows beyond this.
        cap: Duration,
    },
    /// The program's own rule. It must not block: it runs where outcomes are settled.
    Custom(Arc<dyn Fn(Failure) -> Duration + Send + Sync>),
}

impl RetryPolicy {
    /// A policy from a function.
    pub fn custom(rule: impl Fn(Failure) -> Duration + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(rule))
    }

    /// The wait after this failure. The seed decides the jitter; other policies ignore it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dutiful_core::{Failure, FailureKind, RetryPolicy};
    /// let failure = Failure { retries: 1, kind: FailureKind::Failed, message: "no route".into() };
    /// assert_eq!(RetryPolicy::default().delay(&failure, 7), Duration::from_secs(600));
    /// ```
    pub fn delay(&self, failure: &Failure, seed: u64) -> Duration {
        let delay = match self {
            Self::Cooldown(delay) => *delay,
            Self::Exponential { base, cap } => jitter(bound(*base, *cap, failure.retries), seed),
            Self::Custom(rule) => rule(failure.clone()),
        };
        delay.min(DELAY_MAX)
    }
}

impl Default for RetryPolicy {
    /// A cooldown of ten minutes.
    fn default() -> Self {
        Self::Cooldown(COOLDOWN)
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cooldown(delay) => f.debug_tuple("Cooldown").field(delay).finish(),
            Self::Exponential { base, cap } => f
                .debug_struct("Exponential")
                .field("base", base)
                .field("cap", cap)
                .finish(),
            Self::Custom(_) => f.write_str("Custom(..)"),
        }
    }
}

/// `base * 2^(retries - 1)`, at most `cap` and [`DELAY_MAX`].
fn bound(base: Duration, cap: Duration, retries: i64) -> Duration {
    let doublings = u32::try_from(retries.saturating_sub(1).clamp(0, 31)).unwrap_or(31);
    base.saturating_mul(1 << doublings).min(cap).min(DELAY_MAX)
}

/// An even share of `0..=bound`, in microseconds, from the seed.
fn jitter(bound: Duration, seed: u64) -> Duration {
    let steps = bound.as_micros() + 1;
    let share = (u128::from(splitmix64(seed)) * steps) >> 64;
    Duration::from_micros(u64::try_from(share).unwrap_or(u64::MAX))
}

/// One step of the splitmix64 generator: spreads even neighbouring seeds over all 64 bits.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(retries: i64) -> Failure {
        Failure {
            retries,
            kind: FailureKind::Failed,
            message: "no".into(),
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_default_waits_ten_minutes_every_time() {
        for retries in [1, 2, 1_000_000] {
            let delay = RetryPolicy::default().delay(&failure(retries), 9);
            assert_eq!(delay, Duration::from_secs(600));
        }
    }

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let bounds: Vec<u64> = (1..=6)
            .map(|n| bound(SECOND, 20 * SECOND, n).as_secs())
            .collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 20]);
        assert_eq!(bound(Duration::MAX, Duration::MAX, i64::MAX), DELAY_MAX);
        assert_eq!(bound(SECOND, 20 * SECOND, i64::MIN), SECOND);
    }

    #[test]
    fn jitter_spreads_neighbouring_seeds_over_the_whole_range() {
        let mut quarters = [0_u32; 4];
        for seed in 0..1_000 {
            let micros = jitter(SECOND, seed).as_micros();
            quarters[usize::try_from(micros / 250_001).unwrap()] += 1;
        }
        assert!(
            quarters.iter().all(|n| (200..=300).contains(n)),
            "{quarters:?}"
        );
    }

    #[test]
    fn a_rule_of_the_program_sees_the_failure_and_is_bounded() {
        let rule = RetryPolicy::custom(|f| if f.retries > 1 { Duration::MAX } else { SECOND });
        assert_eq!(rule.delay(&failure(1), 0), SECOND);
        assert_eq!(rule.delay(&failure(2), 0), DELAY_MAX);
        assert_eq!(format!("{rule:?}"), "Custom(..)");
    }

    proptest! {
        #[test]
        fn an_exponential_wait_stays_within_its_bound(
            base in 0_u64..1 << 50, cap in 0_u64..1 << 50, retries: i64, seed: u64,
        ) {
            let (base, cap) = (Duration::from_micros(base), Duration::from_micros(cap));
            let policy = RetryPolicy::Exponential { base, cap };
            let delay = policy.delay(&failure(retries), seed);
            prop_assert!(delay <= cap && delay <= DELAY_MAX);
            prop_assert!(retries > 1 || delay <= base);
            prop_assert_eq!(delay, policy.delay(&failure(retries), seed));
        }
    }
}
