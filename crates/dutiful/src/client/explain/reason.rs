//! What an explanation is made of.

use dutiful_core::{State, TaskId};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a task is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A stable name for programs: `held`, `waits_for_items`, `scheduled`, `snoozed`, `cooldown`, `paused`,
    /// `queued_behind`, `no_worker`, `payload_newer_than_workers`, `running`, `lease_ran_out`, `succeeded`,
    /// `exhausted`, `invalid`, `discarded`, `cancelled`, `quarantined`, `undecodable_row` or `ran_again`. More may be
    /// added.
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

/// Every code that there is.
const CODES: [&str; 19] = [
    "held",
    "waits_for_items",
    "scheduled",
    "snoozed",
    "cooldown",
    "paused",
    "queued_behind",
    "no_worker",
    "payload_newer_than_workers",
    "running",
    "lease_ran_out",
    "succeeded",
    "exhausted",
    "invalid",
    "discarded",
    "cancelled",
    "quarantined",
    "undecodable_row",
    "ran_again",
];

/// A reason as it comes from another program.
#[derive(Deserialize)]
struct Written {
    code: String,
    text: String,
    fix: Option<String>,
}

impl<'de> Deserialize<'de> for Reason {
    /// A code of a newer program becomes `other`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let known = CODES.into_iter().find(|code| *code == written.code);
        Ok(Reason {
            code: known.unwrap_or("other"),
            text: written.text,
            fix: written.fix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_back_and_one_of_a_newer_program_has_a_name_too() {
        for code in CODES {
            let reason = Reason::new(code, "why".to_owned());
            let text = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason);
        }
        let newer = r#"{"code": "new", "text": "why", "fix": null}"#;
        let newer: Reason = serde_json::from_str(newer).unwrap();
        assert_eq!((newer.code, newer.text.as_str()), ("other", "why"));
    }
}
