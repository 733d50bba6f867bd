//! What an explanation is made of.

use dutiful_core::{State, TaskId};
use serde::Serialize;

/// Why a task is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its number.
    pub id: TaskId,
    /// Its type.
    pub task_name: String,
    /// Where it is in its life, at the time of the reading.
    pub state: State,
    /// Why: first what keeps it from running or has ended it, then the earlier attempts. Never empty.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A stable name for programs: `held`, `scheduled`, `snoozed`, `cooldown`, `paused`, `queued_behind`,
    /// `no_worker`, `payload_newer_than_workers`, `running`, `lease_ran_out`, `succeeded`, `exhausted`, `invalid`,
    /// `discarded`, `cancelled`, `quarantined`, `undecodable_row` or `ran_again`. More may be added.
    pub code: &'static str,
    /// The reason as a sentence.
    pub text: String,
    /// What can be done about it, as a sentence; `None` when there is nothing to be done.
    pub fix: Option<String>,
}

impl Reason {
    pub(super) fn new(code: &'static str, text: String) -> Reason {
        Reason {
            code,
            text,
            fix: None,
        }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Reason {
        Reason {
            fix: Some(fix.into()),
            ..self
        }
    }
}
