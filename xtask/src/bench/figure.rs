//! What is measured, and what it is called on each side.

use serde::{Deserialize, Serialize};

/// A figure of `dutiful bench`; the names are its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    SubmitOne,
    SubmitBulk,
    SubmitBulkWithoutDedup,
    Drain,
    PickUpP50,
    PickUpP99,
}

impl Figure {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Figure::SubmitOne => "submit_one",
            Figure::SubmitBulk => "submit_bulk",
            Figure::SubmitBulkWithoutDedup => "submit_bulk_without_dedup",
            Figure::Drain => "drain",
            Figure::PickUpP50 => "pick_up_p50",
            Figure::PickUpP99 => "pick_up_p99",
        }
    }

    /// For people.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Figure::SubmitOne => "submit, one by one",
            Figure::SubmitBulk => "submit, 1,000 a call",
            Figure::SubmitBulkWithoutDedup => "submit, 1,000 a call, Dutiful's dedup off",
            Figure::Drain => "drain",
            Figure::PickUpP50 => "pick-up, p50",
            Figure::PickUpP99 => "pick-up, p99",
        }
    }

    /// Whether more is better: a rate and not a wait.
    pub(crate) fn is_rate(self) -> bool {
        !matches!(self, Figure::PickUpP50 | Figure::PickUpP99)
    }

    /// How many times better the first value is.
    pub(crate) fn advantage(self, first: f64, second: f64) -> f64 {
        let (more, less) = if self.is_rate() {
            (first, second)
        } else {
            (second, first)
        };
        more / less.max(f64::MIN_POSITIVE)
    }
}

/// One piece of work that both sides do.
pub(crate) struct Measure {
    /// What the rival's program calls it.
    pub(crate) rival: &'static str,
    /// What `dutiful bench --only` calls it.
    pub(crate) dutiful: &'static str,
    /// Which value of the rival's line is held against which figure of Dutiful's.
    pub(crate) figures: &'static [(&'static str, Figure)],
}

pub(crate) const RATE: &str = "per_second";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advantage_above_one_is_a_higher_rate_or_a_shorter_wait() {
        assert_eq!(Figure::Drain.advantage(30.0, 10.0), 3.0);
        assert_eq!(Figure::PickUpP99.advantage(2.0, 10.0), 5.0);
    }

    #[test]
    fn ids_are_those_that_are_written() {
        for figure in [Figure::SubmitBulkWithoutDedup, Figure::PickUpP50] {
            let written = serde_json::to_string(&figure).unwrap();
            assert_eq!(written, format!("\"{}\"", figure.id()));
        }
    }
}
