//! Chance that can be repeated: `DUTIFUL_TEST_SEED` gives the seed, which is printed.

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Random numbers (splitmix64).
pub(crate) struct Seed(u64);

impl Seed {
    /// A new sequence; its seed is printed.
    pub(crate) fn new() -> Seed {
        let given = env::var("DUTIFUL_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(1, |time| time.as_nanos() as u64)
        });
        eprintln!("DUTIFUL_TEST_SEED={seed}");
        Seed(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }
}
