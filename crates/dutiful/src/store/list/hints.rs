//! What a wanted state implies about columns, so that rows which cannot be in it are passed over early.
//!
//! | state | status | due_at |
//! |---|---|---|
//! | held | not_started | NULL |
//! | scheduled, queued, running | any | set |
//! | retrying | error | set |
//! | succeeded | success | NULL |
//! | failed, invalid, discarded, cancelled | error | NULL |
//! | quarantined | any | any; an error kind of none of the other ends, or a word that means nothing |
//!
//! Quarantined rows are looked for among those with the status `error`, as a worker leaves them. A row whose words mean
//! nothing is shown as quarantined wherever it is met; a worker that claims it ends it as invalid.
//!
//! This leaves rows out and lets none in: the core derives the state of what is left.

use dutiful_core::{State, Status};

/// What all the wanted states have in common. `None` and `false` let everything pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) status: Option<Status>,
    pub(super) has_due: Option<bool>,
    /// Only quarantined tasks are wanted.
    pub(super) quarantined: bool,
}

impl Hints {
    pub(super) fn of(states: &[State]) -> Hints {
        let common = |left: Hints, right: Hints| Hints {
            status: left.status.filter(|_| left.status == right.status),
            has_due: left.has_due.filter(|_| left.has_due == right.has_due),
            quarantined: left.quarantined && right.quarantined,
        };
        states
            .iter()
            .map(|state| of_one(*state))
            .reduce(common)
            .unwrap_or_default()
    }
}

fn of_one(state: State) -> Hints {
    let (status, has_due) = match state {
        State::Held => (Some(Status::NotStarted), Some(false)),
        State::Scheduled | State::Queued | State::Running => (None, Some(true)),
        State::Retrying => (Some(Status::Error), Some(true)),
        State::Succeeded => (Some(Status::Success), Some(false)),
        State::Failed | State::Invalid | State::Discarded | State::Cancelled => {
            (Some(Status::Error), Some(false))
        }
        State::Quarantined => (None, None),
    };
    Hints {
        status,
        has_due,
        quarantined: state == State::Quarantined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful_core::{ErrorKind, StoredScope, TaskFacts, Timestamp};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    /// Every combination of what a state is derived from.
    fn all_facts() -> Vec<TaskFacts> {
        let kinds = ErrorKind::ALL.iter().copied().map(Some).chain([None]);
        let mut all = Vec::new();
        for error_kind in kinds {
            for &status in Status::ALL {
                for due_at in [None, Some(0), Some(2_000_000)] {
                    for leased in [false, true] {
                        all.push(TaskFacts {
                            status,
                            due_at: due_at.map(Timestamp::from_micros),
                            leased,
                            attempt: 1,
                            retries: 0,
                            max_retries: 3,
                            crashes: 0,
                            error_kind,
                            dedup_scope: StoredScope::None,
                        });
                    }
                }
            }
        }
        all
    }

    /// The condition on error kinds of the statement, for words that mean something.
    fn may_be_quarantined(facts: &TaskFacts) -> bool {
        facts.error_kind.is_some_and(|kind| {
            let kind = kind.as_str();
            let words = crate::store::list::check::CHECK.sqlite;
            let listed = words
                .split("error_kind NOT IN (")
                .nth(1)
                .and_then(|rest| rest.split(')').next());
            !listed.unwrap_or_default().contains(&format!("'{kind}'"))
        })
    }

    #[test]
    fn a_row_in_a_wanted_state_is_never_passed_over() {
        for facts in all_facts() {
            let state = facts.state(NOW);
            for &other in State::ALL {
                let hints = Hints::of(&[state, other]);
                assert!(
                    hints.status.is_none_or(|status| status == facts.status),
                    "{facts:?}"
                );
                assert!(
                    hints
                        .has_due
                        .is_none_or(|due| due == facts.due_at.is_some()),
                    "{facts:?}"
                );
                assert!(
                    !hints.quarantined || may_be_quarantined(&facts),
                    "{facts:?}"
                );
            }
        }
    }

    #[test]
    fn states_with_nothing_in_common_let_everything_pass() {
        assert_eq!(Hints::of(&[]), Hints::default());
        assert_eq!(
            Hints::of(&[State::Succeeded, State::Queued]),
            Hints::default()
        );
        let both = Hints::of(&[State::Failed, State::Retrying]);
        assert_eq!(
            both,
            Hints {
                status: Some(Status::Error),
                ..Hints::default()
            }
        );
    }
}
