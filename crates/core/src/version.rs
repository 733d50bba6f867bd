//! A short text that changes when a task does, for those who change only what they have seen.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::task::Status;
use crate::time::Timestamp;

/// What an edit, a claim or the end of an attempt can change about a task.
#[derive(Debug, Clone, Copy)]
pub struct Versioned<'a> {
    /// The column `status`.
    pub status: Status,
    /// The column `due_at`.
    pub due_at: Option<Timestamp>,
    /// How often it has been claimed.
    pub attempt: i64,
    /// Failed runs so far.
    pub retries: i64,
    /// Failed runs allowed.
    pub max_retries: i64,
    /// -9 to 9.
    pub priority: i64,
    /// How often a worker died while holding it.
    pub crashes: i64,
    /// The version of the payload's form.
    pub payload_version: i64,
    /// The payload; text that is no JSON as a string.
    pub payload: &'a Value,
}

impl Versioned<'_> {
    /// Sixteen hexadecimal digits, the same on every engine and for every program that reads the row. It
    /// also changes with each renewal of a lease.
    ///
    /// ```
    /// use dutiful_core::{Status, Versioned};
    /// let payload = serde_json::json!({ "count": 2 });
    /// let task = Versioned {
    ///     status: Status::NotStarted,
    ///     due_at: None,
    ///     attempt: 0,
    ///     retries: 0,
    ///     max_retries: 3,
    ///     priority: 0,
    ///     crashes: 0,
    ///     payload_version: 1,
    ///     payload: &payload,
    /// };
    /// assert_eq!(task.text().len(), 16);
    /// assert_ne!(task.text(), Versioned { priority: 1, ..task }.text());
    /// ```
    pub fn text(&self) -> String {
        let due_at = self.due_at.map_or(-1, Timestamp::as_micros);
        let mut hash = Sha256::new();
        for number in [
            due_at,
            self.attempt,
            self.retries,
            self.max_retries,
            self.priority,
            self.crashes,
            self.payload_version,
        ] {
            hash.update(number.to_be_bytes());
        }
        hash.update(self.status.as_str());
        hash.update([0]);
        hash.update(self.payload.to_string());
        let digest: [u8; 32] = hash.finalize().into();
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_part_changes_the_text_and_nothing_else_does() {
        let (payload, other) = (json!({ "a": 1 }), json!({ "a": 2 }));
        let task = Versioned {
            status: Status::NotStarted,
            due_at: Some(Timestamp::from_micros(7)),
            attempt: 1,
            retries: 2,
            max_retries: 3,
            priority: 4,
            crashes: 5,
            payload_version: 6,
            payload: &payload,
        };
        let changed = [
            Versioned {
                status: Status::Error,
                ..task
            },
            Versioned {
                due_at: None,
                ..task
            },
            Versioned {
                due_at: Some(Timestamp::from_micros(8)),
                ..task
            },
            Versioned { attempt: 2, ..task },
            Versioned { retries: 3, ..task },
            Versioned {
                max_retries: 4,
                ..task
            },
            Versioned {
                priority: 5,
                ..task
            },
            Versioned { crashes: 6, ..task },
            Versioned {
                payload_version: 7,
                ..task
            },
            Versioned {
                payload: &other,
                ..task
            },
        ];
        let mut texts: Vec<String> = changed.iter().map(Versioned::text).collect();
        texts.push(task.text());
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), changed.len() + 1);
        let same = json!({ "a": 1 });
        assert_eq!(
            task.text(),
            Versioned {
                payload: &same,
                ..task
            }
            .text()
        );
    }
}
