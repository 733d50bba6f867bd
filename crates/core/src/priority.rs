//! Priorities: which of two due tasks of one name runs first.

use serde::{Deserialize, Serialize};

use crate::limits::{PRIORITY_MAX, PRIORITY_MIN};

/// A task's priority, -9 to 9; higher runs first; 0 unless told otherwise.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Priority(i16);

/// A number that is no priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no priority; use a whole number from -9 to 9, where higher runs first")]
pub struct PriorityError(pub i64);

impl Priority {
    /// The lowest priority.
    pub const MIN: Self = Self(PRIORITY_MIN);
    /// The highest priority.
    pub const MAX: Self = Self(PRIORITY_MAX);

    /// Makes a priority.
    ///
    /// # Errors
    /// Refuses numbers outside -9 to 9.
    pub fn new(value: i64) -> Result<Self, PriorityError> {
        i16::try_from(value)
            .ok()
            .filter(|v| (PRIORITY_MIN..=PRIORITY_MAX).contains(v))
            .map(Self)
            .ok_or(PriorityError(value))
    }

    /// The number.
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl TryFrom<i64> for Priority {
    type Error = PriorityError;

    fn try_from(value: i64) -> Result<Self, PriorityError> {
        Self::new(value)
    }
}

impl From<Priority> for i64 {
    fn from(priority: Priority) -> Self {
        i64::from(priority.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minus_nine_to_nine_are_priorities() {
        for value in -9..=9 {
            assert_eq!(i64::from(Priority::new(value).unwrap().get()), value);
        }
        for value in [-10, 10, 1 << 31, i64::MAX, i64::MIN] {
            assert_eq!(Priority::new(value), Err(PriorityError(value)));
        }
        assert!(serde_json::from_str::<Priority>("10").is_err());
    }
}
