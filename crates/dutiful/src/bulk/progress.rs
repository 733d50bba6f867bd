//! How far an operation is, as it is stored with each batch.

use crate::store::bulk::Acted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of the tasks of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationCounts {
    /// Tasks that fitted when they were looked for.
    pub matched: u64,
    /// Those that it was done to.
    pub done: u64,
    /// Those that were passed over, by why: `changed` when they fitted no more, `gone` when they were removed,
    /// `unreadable`, or what about their state stood in the way, such as `running`, `ended` or `not_ended`.
    pub skipped: BTreeMap<String, u64>,
}

/// Where an operation is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Tasks with this number or a higher one have been looked at.
    pub(crate) below: Option<i64>,
    /// Nothing is left to look at.
    pub(crate) finished: bool,
    pub(crate) counts: OperationCounts,
}

impl Progress {
    /// After a batch of so many tasks; `below` is where the next one begins.
    pub(super) fn after(&self, matched: usize, acted: &Acted, below: Option<i64>) -> Progress {
        let mut counts = self.counts.clone();
        counts.matched += u64::try_from(matched).unwrap_or(u64::MAX);
        counts.done += acted.done;
        for (why, tasks) in &acted.skipped {
            *counts.skipped.entry((*why).to_owned()).or_default() += tasks;
        }
        Progress {
            below: below.or(self.below),
            finished: below.is_none(),
            counts,
        }
    }

    pub(crate) fn read(text: &str) -> Option<Progress> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn to_text(&self) -> String {
        // It holds nothing that cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// About how much of it is done: by what the preview has counted, or else by numbers of tasks.
    pub(crate) fn percent(&self, expected: Option<u64>, up_to: i64) -> u8 {
        if self.finished {
            return 100;
        }
        let (part, whole) = match (expected, self.below) {
            (Some(expected), _) => (self.counts.matched, expected),
            (None, Some(below)) => {
                let part = up_to.saturating_sub(below);
                (
                    u64::try_from(part).unwrap_or(0),
                    u64::try_from(up_to).unwrap_or(0),
                )
            }
            (None, None) => (0, 1),
        };
        let percent = part.saturating_mul(100) / whole.max(1);
        u8::try_from(percent.min(99)).unwrap_or(99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_added_up_and_the_last_one_finishes() {
        let acted = Acted {
            done: 3,
            skipped: BTreeMap::from([("changed", 2)]),
            ..Acted::default()
        };
        let first = Progress::default().after(5, &acted, Some(40));
        assert_eq!((first.below, first.finished), (Some(40), false));
        let second = first.after(5, &acted, None);
        assert_eq!((second.below, second.finished), (Some(40), true));
        assert_eq!((second.counts.matched, second.counts.done), (10, 6));
        assert_eq!(second.counts.skipped["changed"], 4);
        assert_eq!(Progress::read(&second.to_text()), Some(second));
    }

    #[test]
    fn the_share_that_is_done_is_reckoned_from_what_is_known() {
        let counted = |matched| Progress {
            counts: OperationCounts {
                matched,
                ..OperationCounts::default()
            },
            below: Some(75),
            finished: false,
        };
        assert_eq!(counted(50).percent(Some(200), 100), 25);
        assert_eq!(counted(500).percent(Some(200), 100), 99);
        assert_eq!(counted(50).percent(None, 100), 25);
        assert_eq!(counted(0).percent(Some(0), 0), 0);
        let finished = Progress {
            finished: true,
            ..Progress::default()
        };
        assert_eq!(finished.percent(Some(0), 0), 100);
    }
}
