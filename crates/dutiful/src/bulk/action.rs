//! What a bulk operation does to each of its tasks.

use crate::store::bulk::Verb;
use crate::text::CANCELLED;
use crate::{Error, ErrorKind, Result};
use dutiful_core::{Event, Priority};
use std::fmt;

/// What a bulk operation does to each of its tasks: what the call of that name does to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkAction {
    /// [`Client::retry`](crate::Client::retry).
    Retry,
    /// [`Client::cancel`](crate::Client::cancel).
    Cancel,
    /// [`Client::delete`](crate::Client::delete).
    Delete,
    /// [`Client::run_now`](crate::Client::run_now).
    RunNow,
    /// [`Edit::priority`](crate::Edit::priority).
    EditPriority(Priority),
}

impl BulkAction {
    /// The action of this name: `retry`, `cancel`, `delete`, `run-now`, or `edit-priority` with the priority.
    ///
    /// ```
    /// use dutiful::BulkAction;
    /// assert_eq!(BulkAction::new("cancel", None)?, BulkAction::Cancel);
    /// assert!(BulkAction::new("edit-priority", None).is_err());
    /// # Ok::<(), dutiful::Error>(())
    /// ```
    ///
    /// # Errors
    /// `config` for other names, for a priority outside its limits, for one that is missing, and for one that
    /// means nothing.
    pub fn new(name: &str, priority: Option<i64>) -> Result<BulkAction> {
        let refused = |text: String| Err(Error::new(ErrorKind::Config, text));
        let action = match (name, priority) {
            ("retry", _) => BulkAction::Retry,
            ("cancel", _) => BulkAction::Cancel,
            ("delete", _) => BulkAction::Delete,
            ("run-now", _) => BulkAction::RunNow,
            ("edit-priority", Some(priority)) => match Priority::new(priority) {
                Ok(priority) => return Ok(BulkAction::EditPriority(priority)),
                Err(error) => return refused(error.to_string()),
            },
            ("edit-priority", None) => {
                return refused("`edit-priority` needs the priority".to_owned());
            }
            _ => {
                let name: String = name.chars().take(64).collect();
                return refused(format!(
                    "`{name}` is no action; use retry, cancel, delete, run-now or edit-priority"
                ));
            }
        };
        match priority {
            None => Ok(action),
            Some(_) => refused(format!("`{name}` takes no priority")),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            BulkAction::Retry => "retry",
            BulkAction::Cancel => "cancel",
            BulkAction::Delete => "delete",
            BulkAction::RunNow => "run-now",
            BulkAction::EditPriority(_) => "edit-priority",
        }
    }

    /// The priority that it gives.
    pub fn priority(self) -> Option<i64> {
        match self {
            BulkAction::EditPriority(priority) => Some(priority.get().into()),
            _ => None,
        }
    }

    /// Whether tasks may be due afterwards that were not before.
    pub(super) fn makes_due(self) -> bool {
        !matches!(self, BulkAction::Cancel | BulkAction::Delete)
    }

    pub(super) fn verb(self) -> Verb {
        match self {
            BulkAction::Retry => Verb::Event(Event::RetriedByHand, None),
            BulkAction::Cancel => Verb::Event(Event::Cancelled, Some(CANCELLED)),
            BulkAction::Delete => Verb::Delete,
            BulkAction::RunNow => Verb::Event(Event::RunNow, None),
            BulkAction::EditPriority(priority) => Verb::Priority(priority.get().into()),
        }
    }
}

impl fmt::Display for BulkAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_by_its_name_and_others_are_refused() {
        for name in ["retry", "cancel", "delete", "run-now"] {
            assert_eq!(BulkAction::new(name, None).unwrap().name(), name);
            assert!(BulkAction::new(name, Some(1)).is_err(), "{name}");
        }
        let edit = BulkAction::new("edit-priority", Some(-9)).unwrap();
        assert_eq!((edit.name(), edit.priority()), ("edit-priority", Some(-9)));
        for (name, priority) in [
            ("edit-priority", None),
            ("edit-priority", Some(10)),
            ("Retry", None),
            ("", None),
        ] {
            let error = BulkAction::new(name, priority).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
}
