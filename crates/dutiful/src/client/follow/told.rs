//! What a follower has told, and which tasks it has in sight; both bounded.

use super::Change;
use crate::store::changes::Sight;
use dutiful_core::limits::{FOLLOW_OPEN_MAX, FOLLOW_TOLD_MAX};
use dutiful_core::{ChangeKind, State, TaskId};
use std::collections::{BTreeMap, HashSet, VecDeque};

type Key = (TaskId, i64, ChangeKind);

/// Changes that have been told, so that each is told once.
#[derive(Debug, Default)]
pub(super) struct Told {
    keys: HashSet<Key>,
    /// In the order in which they came.
    order: VecDeque<Key>,
}

impl Told {
    /// Whether this is new. It is not, the next time.
    pub(super) fn is_new(&mut self, change: &Change) -> bool {
        let key = key(change);
        if !self.keys.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > FOLLOW_TOLD_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }

    pub(super) fn has(&self, change: &Change) -> bool {
        self.keys.contains(&key(change))
    }
}

fn key(change: &Change) -> Key {
    match change.event {
        // How many attempts there were when it was seen does not matter.
        ChangeKind::Submitted => (change.id, 0, change.event),
        // The same change may come again, and each is one.
        ChangeKind::Changed => (change.id, change.at.as_micros(), change.event),
        _ => (change.id, change.attempt, change.event),
    }
}

/// Tasks that have not ended, each with its state when it was last seen.
#[derive(Debug, Default)]
pub(super) struct Open(BTreeMap<i64, State>);

impl Open {
    /// Has the task in sight from now on, unless it has ended. How one was that is in sight already stays as it was:
    /// only a look at it tells that it has changed.
    pub(super) fn meet(&mut self, task: &Sight) {
        if task.state.is_ended() || !self.0.contains_key(&task.id) {
            self.note(task);
        }
    }

    /// Remembers how a task is; gives how it was.
    pub(super) fn note(&mut self, task: &Sight) -> Option<State> {
        if task.state.is_ended() {
            return self.0.remove(&task.id);
        }
        let before = self.0.insert(task.id, task.state);
        if self.0.len() > FOLLOW_OPEN_MAX {
            // The newest are those that are looked at.
            self.0.pop_first();
        }
        before
    }

    pub(super) fn ids(&self) -> Vec<i64> {
        self.0.keys().copied().collect()
    }

    /// Keeps only tasks that are there.
    pub(super) fn keep(&mut self, there: &[Sight]) {
        let ids: HashSet<i64> = there.iter().map(|task| task.id).collect();
        self.0.retain(|id, _| ids.contains(id));
    }
}
