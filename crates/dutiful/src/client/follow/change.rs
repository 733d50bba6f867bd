//! What a row tells of what has happened. Pure.

use crate::store::changes::{AttemptSight, Sight};
use dutiful_core::{ChangeKind, State, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that has happened to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// What it was.
    pub event: ChangeKind,
    /// The task.
    pub id: TaskId,
    /// Its type.
    pub task_name: String,
    /// Where the task was in its life when it was looked at; that may be further than the event.
    pub state: State,
    /// The attempt that began or ended; for another event the number of attempts so far.
    pub attempt: i64,
    /// When, by the database's clock; for `changed` when it was seen.
    pub at: Timestamp,
}

impl Change {
    fn new(task: &Sight, event: ChangeKind, attempt: i64, at: Timestamp) -> Change {
        Change {
            event,
            id: TaskId(task.id),
            task_name: task.task_name.clone(),
            state: task.state,
            attempt,
            at,
        }
    }

    pub(super) fn submitted(task: &Sight) -> Change {
        Change::new(task, ChangeKind::Submitted, task.attempt, task.created_at)
    }

    /// It waits in another way.
    pub(super) fn changed(task: &Sight) -> Change {
        Change::new(task, ChangeKind::Changed, task.attempt, task.now)
    }

    /// The beginning of its last attempt, if it had one.
    pub(super) fn started(task: &Sight) -> Option<Change> {
        let at = task.last_run_at.filter(|_| task.attempt > 0)?;
        Some(Change::new(task, ChangeKind::Started, task.attempt, at))
    }

    /// Its end, if it has ended.
    pub(super) fn ended(task: &Sight) -> Option<Change> {
        let event = ChangeKind::of_end(task.state)?;
        Some(Change::new(task, event, task.attempt, task.finished_at?))
    }

    /// The beginning and the end of an attempt that did not succeed. If it was the end of the task, the task's own
    /// row tells that.
    pub(super) fn of_attempt(one: &AttemptSight) -> [Option<Change>; 2] {
        let AttemptSight { task, attempt, .. } = one;
        let started = Change::new(task, ChangeKind::Started, *attempt, one.started_at);
        let was_the_end = task.finished_at.is_some() && task.attempt == *attempt;
        let event = ChangeKind::of_attempt(&one.outcome);
        let ended = Change::new(task, event, *attempt, one.ended_at);
        [Some(started), (!was_the_end).then_some(ended)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(state: State, attempt: i64, finished: bool) -> Sight {
        let at = |micros| Timestamp::from_micros(micros);
        Sight {
            id: 7,
            task_name: "A".to_owned(),
            created_at: at(1),
            last_run_at: (attempt > 0).then(|| at(2)),
            finished_at: finished.then(|| at(3)),
            attempt,
            state,
            now: at(4),
        }
    }

    fn attempt(task: Sight, attempt: i64, outcome: &str) -> AttemptSight {
        AttemptSight {
            task,
            attempt,
            started_at: Timestamp::from_micros(2),
            ended_at: Timestamp::from_micros(3),
            outcome: outcome.to_owned(),
        }
    }

    fn events(found: [Option<Change>; 2]) -> Vec<ChangeKind> {
        found
            .into_iter()
            .flatten()
            .map(|change| change.event)
            .collect()
    }

    #[test]
    fn a_row_tells_its_beginning_and_its_end() {
        let waiting = sight(State::Queued, 0, false);
        assert_eq!(Change::submitted(&waiting).at.as_micros(), 1);
        assert!(Change::started(&waiting).is_none() && Change::ended(&waiting).is_none());
        let done = sight(State::Succeeded, 2, true);
        let started = Change::started(&done).unwrap();
        assert_eq!((started.attempt, started.at.as_micros()), (2, 2));
        let ended = Change::ended(&done).unwrap();
        assert_eq!(
            (ended.event, ended.at.as_micros()),
            (ChangeKind::Succeeded, 3)
        );
        assert!(Change::started(&sight(State::Cancelled, 0, true)).is_none());
    }

    #[test]
    fn the_last_attempt_of_a_task_that_has_ended_leaves_its_end_to_the_task() {
        use ChangeKind::{Retrying, Snoozed, Started};
        let failed = || sight(State::Failed, 2, true);
        assert_eq!(
            events(Change::of_attempt(&attempt(failed(), 2, "failed"))),
            [Started]
        );
        let earlier = attempt(failed(), 1, "failed");
        assert_eq!(events(Change::of_attempt(&earlier)), [Started, Retrying]);
        let snoozed = attempt(sight(State::Scheduled, 1, false), 1, "snoozed");
        assert_eq!(events(Change::of_attempt(&snoozed)), [Started, Snoozed]);
    }
}
