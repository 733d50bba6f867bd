//! The checks, and what one of them has found.

use crate::failure::Failure;
use serde::Serialize;

/// What is looked at, in the order in which it is told. The words stay: scripts ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Database,
    Server,
    Tls,
    Schema,
    Indexes,
    Isolation,
    Durability,
    Transactions,
    Connections,
    Clock,
    Workers,
    TaskNames,
    Leases,
    OldestDue,
    Quarantined,
}

impl Check {
    pub(super) const ALL: [Check; 15] = [
        Check::Database,
        Check::Server,
        Check::Tls,
        Check::Schema,
        Check::Indexes,
        Check::Isolation,
        Check::Durability,
        Check::Transactions,
        Check::Connections,
        Check::Clock,
        Check::Workers,
        Check::TaskNames,
        Check::Leases,
        Check::OldestDue,
        Check::Quarantined,
    ];

    /// The same word as in JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Check::Database => "database",
            Check::Server => "server",
            Check::Tls => "tls",
            Check::Schema => "schema",
            Check::Indexes => "indexes",
            Check::Isolation => "isolation",
            Check::Durability => "durability",
            Check::Transactions => "transactions",
            Check::Connections => "connections",
            Check::Clock => "clock",
            Check::Workers => "workers",
            Check::TaskNames => "task_names",
            Check::Leases => "leases",
            Check::OldestDue => "oldest_due",
            Check::Quarantined => "quarantined",
        }
    }
}

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    /// Worth a look.
    Warn,
    /// Tasks do not run as they should, or will not.
    Bad,
    /// What it needs is missing, which another check tells.
    Skipped,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Bad => "bad",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The answer of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    #[serde(rename = "result")]
    pub(super) verdict: Verdict,
    pub(super) found: String,
    /// What helps; there is one for each finding that warns or is bad, and where more rights would tell more.
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: Check, found: impl Into<String>) -> Finding {
        Finding {
            check,
            verdict: Verdict::Ok,
            found: found.into(),
            fix: None,
        }
    }

    pub(super) fn warn(check: Check, found: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Warn,
            fix: Some(fix.into()),
            ..Finding::ok(check, found)
        }
    }

    pub(super) fn bad(check: Check, found: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Bad,
            ..Finding::warn(check, found, fix)
        }
    }

    pub(super) fn skipped(check: Check) -> Finding {
        Finding {
            verdict: Verdict::Skipped,
            ..Finding::ok(check, "not looked at: see what is bad")
        }
    }

    /// The account may not look.
    pub(super) fn hidden(check: Check, fix: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Skipped,
            fix: Some(fix.into()),
            ..Finding::ok(check, "the account may not look at what others do")
        }
    }

    /// The question itself failed.
    pub(super) fn failed(check: Check, error: dutiful::Error) -> Finding {
        let failure = Failure::from(error);
        let fix = failure
            .fix
            .unwrap_or_else(|| "look at the database's own log".to_owned());
        Finding::bad(check, failure.cause, fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_table_are_those_of_the_json() {
        for check in Check::ALL {
            assert_eq!(serde_json::to_value(check).unwrap(), check.word());
        }
        for verdict in [Verdict::Ok, Verdict::Warn, Verdict::Bad, Verdict::Skipped] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }
}
