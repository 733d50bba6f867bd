//! For how long a provider wants to be left alone, by what its headers say.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use hyper::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::limits::BACKOFF_MAX;

/// What is left and when it is more, for requests and for tokens.
const ALLOWANCES: [(&str, &str); 2] = [
    (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];
/// How often a provider wanted to be left alone before, where nobody counts: waits of up to 8 s.
pub(super) const UNKNOWN: u32 = 3;
/// The first wait of those that nobody has named.
const FIRST: Duration = Duration::from_secs(1);

/// The time that the provider names, if it does.
pub(super) fn named(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(ms) = text("retry-after-ms").and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    if let Some(time) = text(RETRY_AFTER.as_str()) {
        let time = time.trim();
        let date = || since(headers, httpdate::parse_http_date(time).ok()?);
        return seconds(time).or_else(date);
    }
    let mut resets = Vec::new();
    for (left, reset) in ALLOWANCES {
        // What is not used up is not what it waits for.
        let used_up = text(left).is_none_or(|left| left.trim() == "0");
        resets.extend(text(reset).and_then(duration).filter(|_| used_up));
    }
    resets.into_iter().max()
}

/// A wait that grows with how often in a row there was one, by chance between none and all of it, so that not all
/// workers come back together.
pub(super) fn backoff(times_before: u32) -> Duration {
    let most = FIRST
        .saturating_mul(1 << times_before.min(16))
        .min(BACKOFF_MAX);
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    let chance = RandomState::new().hash_one(times_before);
    Duration::from_millis(chance % (millis + 1))
}

/// From the answer's own date if it has one: the clocks need not agree.
fn since(headers: &HeaderMap, then: SystemTime) -> Option<Duration> {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let now = date.unwrap_or_else(SystemTime::now);
    Some(then.duration_since(now).unwrap_or_default())
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// `1s`, `6m0s`, `120ms`, `1h2m3s`, `1.5s`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(plain) = seconds(text) {
        return Some(plain);
    }
    let mut sum = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let length = unit
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit.len());
        let one: f64 = match &unit[..length] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * one).ok()?;
        sum = sum.checked_add(part)?;
        rest = &unit[length..];
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(headers: &[(&'static str, &str)]) -> Option<u128> {
        let pairs = headers.iter().map(|(name, value)| {
            let name = hyper::header::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        named(&pairs.collect()).map(|time| time.as_millis())
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        assert_eq!(held(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(held(&[("retry-after", " 1.5 ")]), Some(1_500));
        assert_eq!(
            held(&[("retry-after-ms", "250"), ("retry-after", "7")]),
            Some(250)
        );
        let date = ("date", "Sun, 06 Nov 1994 08:49:30 GMT");
        let then = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(held(&[date, then]), Some(7_000));
        // By our own clock it is long past.
        assert_eq!(held(&[then]), Some(0));
        for rubbish in ["", "soon", "-3", "NaN", "1e99"] {
            assert_eq!(held(&[("retry-after", rubbish)]), None, "{rubbish}");
        }
    }

    #[test]
    fn what_is_used_up_says_when_there_is_more() {
        let requests = ("x-ratelimit-reset-requests", "120ms");
        let tokens = ("x-ratelimit-reset-tokens", "6m0s");
        assert_eq!(held(&[requests, tokens]), Some(360_000));
        let left = ("x-ratelimit-remaining-tokens", "149984");
        assert_eq!(held(&[requests, tokens, left]), Some(120));
        assert_eq!(held(&[tokens, left]), None);
        assert_eq!(held(&[]), None);
        for (text, millis) in [("1h2m3s", 3_723_000), ("1.5s", 1_500), ("2d", 172_800_000)] {
            assert_eq!(
                held(&[("x-ratelimit-reset-tokens", text)]),
                Some(millis),
                "{text}"
            );
        }
        for rubbish in ["s", "1x", "5ms3", "1..s", "m5"] {
            assert_eq!(
                held(&[("x-ratelimit-reset-tokens", rubbish)]),
                None,
                "{rubbish}"
            );
        }
    }

    #[test]
    fn a_wait_that_nobody_names_grows_to_its_cap() {
        for times in [0, 3, 40, u32::MAX] {
            let most = Duration::from_secs(1 << times.min(6)).min(BACKOFF_MAX);
            let waits: Vec<Duration> = (0..200).map(|_| backoff(times)).collect();
            assert!(waits.iter().all(|wait| *wait <= most));
            assert!(waits.iter().max() > Some(&(most / 2)));
            assert!(waits.iter().min() < Some(&(most / 2)));
        }
    }
}
