//! How durations are spread: their number, their sum, and how many there are of each size.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Durations in microseconds, counted by size. Each doubling is cut into four sizes, so that a quantile is off by
/// an eighth at most, and there are no more than 250 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spread {
    count: i64,
    micros: i64,
    sizes: BTreeMap<u8, i64>,
}

impl Spread {
    /// Counts one more.
    pub fn record(&mut self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.count += 1;
        self.micros = self.micros.saturating_add(micros);
        *self.sizes.entry(size(micros)).or_default() += 1;
    }

    /// Adds those of another span.
    pub fn add(&mut self, other: &Spread) {
        self.change(other, 1);
    }

    /// Takes those of another span away.
    pub fn take_away(&mut self, other: &Spread) {
        self.change(other, -1);
    }

    fn change(&mut self, other: &Spread, sign: i64) {
        self.count = self.count.saturating_add(sign * other.count);
        self.micros = self
            .micros
            .saturating_add(sign.saturating_mul(other.micros));
        for (size, number) in &other.sizes {
            let sum = self.sizes.entry(*size).or_default();
            *sum = sum.saturating_add(sign * number);
            if *sum == 0 {
                self.sizes.remove(size);
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        u64::try_from(self.count).unwrap_or(0)
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros).unwrap_or(0))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.micros == 0 && self.sizes.is_empty()
    }

    /// The mean. `None` when there is none.
    pub fn mean(&self) -> Option<Duration> {
        let micros = self.micros.checked_div(self.count)?;
        Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
    }

    /// The duration that a share of them, 0 to 1, does not exceed. `None` when there is none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let counted: i64 = self.sizes.values().sum();
        if counted <= 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * counted as f64;
        let mut below = 0.0;
        for (size, number) in &self.sizes {
            let upto = below + *number as f64;
            if upto >= rank {
                let part = ((rank - below) / *number as f64).clamp(0.0, 1.0);
                let (low, high) = (lowest(*size) as f64, lowest(size.saturating_add(1)) as f64);
                return Some(Duration::from_micros((low + part * (high - low)) as u64));
            }
            below = upto;
        }
        None
    }

    /// How many did not take longer than this, as exactly as sizes tell: for a histogram with bounds of its own.
    pub fn at_most(&self, bound: Duration) -> u64 {
        let bound = i64::try_from(bound.as_micros()).unwrap_or(i64::MAX);
        let within = self.sizes.range(..=size(bound)).map(|(_, number)| *number);
        u64::try_from(within.sum::<i64>()).unwrap_or(0)
    }
}

/// Which size a duration is of: exact up to 3 µs, then four to each doubling.
fn size(micros: i64) -> u8 {
    let micros = micros.max(0).unsigned_abs();
    if micros < 4 {
        return u8::try_from(micros).unwrap_or(0);
    }
    let doubling = micros.ilog2();
    let quarter = (micros >> (doubling - 2)) & 3;
    u8::try_from(u64::from(doubling - 1) * 4 + quarter).unwrap_or(u8::MAX)
}

/// The least that is of this size, in microseconds.
fn lowest(size: u8) -> u64 {
    let size = u64::from(size);
    if size < 4 {
        return size;
    }
    let (doubling, quarter) = (size / 4 + 1, size % 4);
    (4 + quarter)
        .checked_shl(u32::try_from(doubling - 2).unwrap_or(u32::MAX))
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(millis: impl IntoIterator<Item = u64>) -> Spread {
        let mut spread = Spread::default();
        for millis in millis {
            spread.record(Duration::from_millis(millis));
        }
        spread
    }

    #[test]
    fn each_size_begins_where_the_one_before_ends() {
        for size_of in 0..240_u8 {
            let least = i64::try_from(lowest(size_of)).unwrap();
            assert_eq!(size(least), size_of);
            assert_eq!(size(least - 1), size_of.saturating_sub(1));
        }
        assert!(size(i64::MAX) < 250);
    }

    #[test]
    fn quantiles_are_off_by_an_eighth_at_most() {
        let spread = spread(1..=1_000);
        for (share, exact) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = spread.quantile(share).unwrap().as_secs_f64() * 1_000.0;
            assert!((found / exact - 1.0_f64).abs() < 0.125, "{share}: {found}");
        }
        assert_eq!(spread.mean(), Some(Duration::from_micros(500_500)));
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn what_is_added_can_be_taken_away() {
        let (one, other) = (spread([5, 70]), spread([70, 900]));
        let mut sum = one.clone();
        sum.add(&other);
        assert_eq!(sum.count(), 4);
        assert_eq!(sum.at_most(Duration::from_millis(100)), 3);
        sum.take_away(&other);
        assert_eq!(sum, one);
    }
}
