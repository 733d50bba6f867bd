//! What has been seen of tasks, so that a change is known as one. It remembers a bounded number.

use dutiful::{State, TaskId, TaskInfo, Timestamp};
use std::collections::BTreeMap;

/// Most tasks that are remembered.
const MOST: usize = 10_000;
/// Most running tasks that are looked at one by one in a look...
const RUNNING_MAX: usize = 50;
/// ...and most tasks in all.
const ALONE_MAX: usize = 100;

/// A task that is not as it was seen last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The state that it was seen in before; `None` when it is met for the first time.
    pub(super) before: Option<State>,
    pub(super) task: TaskInfo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    state: State,
    attempt: i64,
    /// The look in which it was seen last.
    look: u64,
}

/// The tasks that were seen, by their ids.
#[derive(Debug, Default)]
pub(super) struct Seen {
    tasks: BTreeMap<TaskId, Sight>,
    look: u64,
}

impl Seen {
    /// Begins the next look.
    pub(super) fn begin(&mut self) {
        self.look += 1;
    }

    /// Remembers how a task is; a change if it is not as it was. A new attempt is one, too.
    pub(super) fn note(&mut self, task: TaskInfo) -> Option<Change> {
        let now = Sight {
            state: task.state,
            attempt: task.attempt,
            look: self.look,
        };
        let before = self.tasks.insert(task.id, now);
        let same = before.is_some_and(|old| (old.state, old.attempt) == (now.state, now.attempt));
        let before = before.map(|old| old.state);
        (!same).then_some(Change { before, task })
    }

    /// The task is there no more.
    pub(super) fn gone(&mut self, id: TaskId) {
        self.tasks.remove(&id);
    }

    /// Tasks that have not ended and were not seen in this look, to be looked at one by one: those that
    /// run go first, then those that were seen longest ago.
    pub(super) fn to_look_at(&self) -> Vec<TaskId> {
        let open = self
            .tasks
            .iter()
            .filter(|(_, sight)| !sight.state.is_ended() && sight.look < self.look);
        let (mut running, mut waiting): (Vec<_>, Vec<_>) =
            open.partition(|(_, sight)| sight.state == State::Running);
        running.sort_by_key(|(_, sight)| sight.look);
        waiting.sort_by_key(|(_, sight)| sight.look);
        running
            .into_iter()
            .take(RUNNING_MAX)
            .chain(waiting)
            .take(ALONE_MAX)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Forgets the oldest tasks above the bound, first those that have ended.
    pub(super) fn forget(&mut self) {
        let mut too_many = self.tasks.len().saturating_sub(MOST);
        self.tasks.retain(|_, sight| {
            let goes = too_many > 0 && sight.state.is_ended();
            too_many -= usize::from(goes);
            !goes
        });
        for _ in 0..too_many {
            self.tasks.pop_first();
        }
    }
}

/// When what is told of a task happened, as far as its row says.
pub(super) fn happened_at(task: &TaskInfo) -> Timestamp {
    let at = match task.state {
        State::Running | State::Retrying => task.last_run_at,
        State::Queued => task.due_at,
        State::Held | State::Scheduled => None,
        _ => task.finished_at,
    };
    at.unwrap_or(task.created_at)
}

#[cfg(test)]
mod tests;
