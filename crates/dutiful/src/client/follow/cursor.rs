//! Where a follower is in the tables, as a text that stays good on another machine and after a restart.

use crate::{Error, ErrorKind, Result};
use dutiful_core::Timestamp;
use std::fmt;
use std::str::FromStr;

/// A place in what happens to tasks: everything before it has been told.
///
/// As a text it is passed on without being read: `c1.` and six numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last task that was told of as new.
    pub(super) created: i64,
    /// The last end of a task, and the task.
    pub(super) ended: (Timestamp, i64),
    /// The last end of an attempt, its task and its number.
    pub(super) attempt: (Timestamp, i64, i64),
}

impl Cursor {
    /// The place of a moment at which this was the highest id.
    pub(super) fn at(now: Timestamp, highest: i64) -> Cursor {
        Cursor {
            created: highest,
            ended: (now, 0),
            attempt: (now, 0, 0),
        }
    }

    /// The time up to which all ends are told, by the database's clock.
    pub fn time(&self) -> Timestamp {
        self.ended.0.min(self.attempt.0)
    }
}

const BEGINNING: &str = "c1.";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ended, attempt) = (self.ended, self.attempt);
        write!(
            f,
            "{BEGINNING}{:x}.{:x}.{:x}.{:x}.{:x}.{:x}",
            self.created,
            ended.0.as_micros(),
            ended.1,
            attempt.0.as_micros(),
            attempt.1,
            attempt.2
        )
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Cursor> {
        read(text).ok_or_else(|| {
            let start: String = text.chars().take(40).collect();
            Error::new(
                ErrorKind::Config,
                format!("`{start}` is no cursor of a follower; give one back as it was, or none"),
            )
        })
    }
}

fn read(text: &str) -> Option<Cursor> {
    let mut numbers = text.strip_prefix(BEGINNING)?.split('.').map(|digits| {
        let number = i64::from_str_radix(digits, 16).ok()?;
        (number >= 0).then_some(number)
    });
    let mut next = || numbers.next().flatten();
    let cursor = Cursor {
        created: next()?,
        ended: (Timestamp::try_from_micros(next()?)?, next()?),
        attempt: (Timestamp::try_from_micros(next()?)?, next()?, next()?),
    };
    // Other spellings of the same place were not made here.
    (cursor.to_string() == text).then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        for (created, micros, id, attempt) in [(0, 0, 0, 0), (i64::MAX, 1 << 50, i64::MAX, 7)] {
            let time = Timestamp::from_micros(micros);
            let cursor = Cursor {
                created,
                ended: (time, id),
                attempt: (time, id, attempt),
            };
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let far = format!("c1.1.{:x}.1.1.1.1", i64::MAX);
        let texts = [
            "",
            "c1.",
            "c1.1.2.3.4.5",
            "c1.1.2.3.4.5.6.7",
            "c2.1.2.3.4.5.6",
            "c1.-1.2.3.4.5.6",
            "c1.01.2.3.4.5.6",
            "c1.A.2.3.4.5.6",
            "c1.+1.2.3.4.5.6",
            " c1.1.2.3.4.5.6",
            &far,
        ];
        for text in texts {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
