//! How fast one may ask: each caller, all of them together, and whoever has no good token.
//!
//! What is remembered is bounded: of very many callers those are forgotten that asked longest ago, and begin anew.

use super::super::listen::Peer;
use lru::LruCache;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Callers that are remembered.
const CALLERS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);
/// Above this a limit is none.
const REQUESTS_MAX: u32 = 1_000_000;

/// So many requests in a time: `1000/s`, `30/m`, `10/h`; or `off`.
///
/// All of them may come at once, and then one whenever its part of the time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Rate {
    /// None is no limit.
    requests: u32,
    seconds: u32,
}

/// What `serve` asks callers to keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    /// One token, or one address where no token is asked for.
    pub(crate) caller: Rate,
    /// Everybody.
    pub(crate) total: Rate,
    /// Tokens that are not in force, from one address.
    pub(crate) failures: Rate,
}

impl Rates {
    /// A service that works keeps far below them.
    pub(crate) const USUAL: Rates = Rates {
        caller: Rate::new(1_000, 1),
        total: Rate::new(5_000, 1),
        failures: Rate::new(10, 60),
    };
}

impl Rate {
    const fn new(requests: u32, seconds: u32) -> Rate {
        Rate { requests, seconds }
    }

    fn is_off(self) -> bool {
        self.requests == 0
    }

    fn full(self) -> f64 {
        f64::from(self.requests)
    }

    fn per_second(self) -> f64 {
        f64::from(self.requests) / f64::from(self.seconds)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        if text == "off" {
            return Ok(Rate::new(0, 1));
        }
        let read = || {
            let (requests, unit) = text.split_once('/')?;
            let seconds = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                _ => return None,
            };
            let requests = requests.parse().ok()?;
            (1..=REQUESTS_MAX)
                .contains(&requests)
                .then(|| Rate::new(requests, seconds))
        };
        read().ok_or_else(|| {
            format!(
                "`{text}` is no rate; write it as 100/s, 30/m or 10/h, up to {REQUESTS_MAX}, or off"
            )
        })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Rate, String> {
        text.parse()
    }
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Bucket {
        let left = rate.full();
        Bucket { left, at: now }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * rate.per_second()).min(rate.full());
        self.at = now;
    }

    /// How long nothing is left, if nothing is.
    fn wait(&mut self, rate: Rate, now: Instant) -> Option<Duration> {
        self.fill(rate, now);
        let missing = 1.0 - self.left;
        (missing > 0.0).then(|| Duration::from_secs_f64(missing / rate.per_second()))
    }

    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), TooFast> {
        if rate.is_off() {
            return Ok(());
        }
        match self.wait(rate, now) {
            Some(wait) => Err(TooFast { wait }),
            None => {
                self.left -= 1.0;
                Ok(())
            }
        }
    }
}

/// Nothing is left; so long one has to wait.
#[derive(Debug, PartialEq)]
pub(super) struct TooFast {
    pub(super) wait: Duration,
}

/// One caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// The bearer of a secret; what is kept is its digest.
    Bearer([u8; 32]),
    /// An address, or all of one network of IPv6, which one caller can have.
    Address(IpAddr),
}

impl Who {
    pub(super) fn bearer(secret: &str) -> Who {
        Who::Bearer(Sha256::digest(secret).into())
    }

    pub(super) fn address(peer: Peer) -> Who {
        Who::Address(match peer.0.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address => address,
        })
    }
}

/// Counts requests.
pub(crate) struct Pace {
    rates: Rates,
    total: Mutex<Bucket>,
    callers: Mutex<LruCache<Who, Bucket>>,
    failures: Mutex<LruCache<Who, Bucket>>,
}

impl Pace {
    pub(crate) fn new(rates: Rates) -> Pace {
        Pace {
            rates,
            total: Mutex::new(Bucket::full(rates.total, Instant::now())),
            callers: Mutex::new(LruCache::new(CALLERS_MAX)),
            failures: Mutex::new(LruCache::new(CALLERS_MAX)),
        }
    }

    /// Counts a request of this caller.
    pub(super) fn caller(&self, who: Who, now: Instant) -> Result<(), TooFast> {
        let rate = self.rates.caller;
        let mut callers = lock(&self.callers);
        let bucket = callers.get_or_insert_mut(who, || Bucket::full(rate, now));
        bucket.take(rate, now)?;
        drop(callers);
        // Last, so that one who asks too often leaves the others theirs.
        lock(&self.total).take(self.rates.total, now)
    }

    /// Whether this caller was let in before and is remembered.
    pub(super) fn knows(&self, who: Who) -> bool {
        lock(&self.callers).contains(&who)
    }

    /// Its token is in force no more.
    pub(super) fn forget(&self, who: Who) {
        lock(&self.callers).pop(&who);
    }

    /// Whether an address may show a token that nobody knows yet.
    pub(super) fn may_try(&self, who: Who, now: Instant) -> Result<(), TooFast> {
        let rate = self.rates.failures;
        match lock(&self.failures).get_mut(&who) {
            Some(bucket) if !rate.is_off() => match bucket.wait(rate, now) {
                Some(wait) => Err(TooFast { wait }),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// It was none that is in force.
    pub(super) fn failed(&self, who: Who, now: Instant) {
        let rate = self.rates.failures;
        let mut failures = lock(&self.failures);
        let bucket = failures.get_or_insert_mut(who, || Bucket::full(rate, now));
        // Several at once may each have been the last that was allowed.
        let _ = bucket.take(rate, now);
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.rates).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Who {
        Who::address(Peer(text.parse().unwrap()))
    }

    fn pace(rate: &str) -> Pace {
        let rate = rate.parse().unwrap();
        Pace::new(Rates {
            caller: rate,
            total: "off".parse().unwrap(),
            failures: rate,
        })
    }

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        assert_eq!("1000/s".parse(), Ok(Rate::new(1_000, 1)));
        assert_eq!("30/m".parse(), Ok(Rate::new(30, 60)));
        assert_eq!("10/h".parse(), Ok(Rate::new(10, 3_600)));
        assert!("off".parse::<Rate>().unwrap().is_off());
        for text in [
            "",
            "10",
            "0/s",
            "-1/s",
            "10/d",
            "1.5/s",
            "9999999/s",
            "10/ s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_caller_may_ask_at_once_what_its_rate_says_and_then_by_and_by() {
        let (pace, now) = (pace("4/m"), Instant::now());
        let one = address("10.0.0.1");
        let ask = |seconds: u64| pace.caller(one, now + Duration::from_secs(seconds)).is_ok();
        assert!((0..4).all(|_| ask(0)));
        assert!(!ask(0) && !ask(14));
        assert!(ask(15) && !ask(15));
        assert!(
            (0..4).all(|_| ask(1_000)) && !ask(1_000),
            "no more than a full one"
        );
        assert!(
            pace.caller(address("10.0.0.2"), now).is_ok(),
            "each for itself"
        );
    }

    #[test]
    fn it_is_told_how_long_to_wait() {
        let (pace, now) = (pace("2/m"), Instant::now());
        let one = address("10.0.0.1");
        for _ in 0..2 {
            pace.caller(one, now).unwrap();
        }
        let told = pace.caller(one, now + Duration::from_secs(10)).unwrap_err();
        assert_eq!(told.wait.as_secs_f64().round(), 20.0);
    }

    #[test]
    fn no_limit_is_none() {
        let (pace, now) = (pace("off"), Instant::now());
        let one = address("10.0.0.1");
        for _ in 0..10_000 {
            assert!(pace.caller(one, now).is_ok());
            pace.failed(one, now);
            assert!(pace.may_try(one, now).is_ok());
        }
    }

    #[test]
    fn only_failures_count_against_trying() {
        let (pace, now) = (pace("3/m"), Instant::now());
        let one = address("10.0.0.1");
        for _ in 0..3 {
            assert!((0..9).all(|_| pace.may_try(one, now).is_ok()));
            pace.failed(one, now);
        }
        assert!(pace.may_try(one, now).is_err());
        assert!(pace.may_try(one, now + Duration::from_secs(20)).is_ok());
    }

    #[test]
    fn one_who_asks_too_often_leaves_the_others_theirs() {
        let now = Instant::now();
        let pace = Pace::new(Rates {
            caller: "2/m".parse().unwrap(),
            total: "3/m".parse().unwrap(),
            failures: "off".parse().unwrap(),
        });
        let asked = |text: &str| pace.caller(address(text), now).is_ok();
        assert_eq!(
            [0; 9]
                .map(|_| asked("10.0.0.1"))
                .iter()
                .filter(|ok| **ok)
                .count(),
            2
        );
        assert!(asked("10.0.0.2") && !asked("10.0.0.3"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (pace, now) = (pace("1/h"), Instant::now());
        let number = |n: u32| Who::Address(IpAddr::V4(n.into()));
        for n in 0..20_000 {
            pace.caller(number(n), now).unwrap();
        }
        assert_eq!(lock(&pace.callers).len(), CALLERS_MAX.get());
        assert!(!pace.knows(number(0)) && pace.knows(number(19_999)));
    }

    #[test]
    fn one_network_is_one_caller_however_its_address_is_written() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
    }
}
