//! The states that tasks were last told in, so that a change is told with the state before. It remembers a bounded
//! number.

use dutiful::{Change, State, TaskId, TaskInfo};
use std::collections::BTreeMap;

/// Most tasks that are remembered.
const MOST: usize = 10_000;

/// A task that is not as it was told last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// The state that it was told in before; `None` when it is met for the first time.
    pub(super) before: Option<State>,
    pub(super) task: TaskInfo,
}

/// How tasks were told.
#[derive(Debug, Default)]
pub(super) struct Memory {
    tasks: BTreeMap<TaskId, (State, i64)>,
    /// Those that have changed since, in the order of their last changes.
    changed: Vec<TaskId>,
}

impl Memory {
    /// Takes note of what has changed, each task once, in the order of the last of its changes.
    pub(super) fn take(&mut self, changes: &[Change]) {
        let before = std::mem::take(&mut self.changed).into_iter();
        let ids = before.chain(changes.iter().map(|change| change.id));
        let mut last = BTreeMap::new();
        for (place, id) in ids.enumerate() {
            last.insert(id, place);
        }
        let mut ordered: Vec<(usize, TaskId)> =
            last.into_iter().map(|(id, place)| (place, id)).collect();
        ordered.sort_unstable();
        self.changed = ordered.into_iter().map(|(_, id)| id).collect();
    }

    /// The tasks that have changed and are not told yet.
    pub(super) fn changed(&self) -> Vec<TaskId> {
        self.changed.clone()
    }

    /// The task was removed.
    pub(super) fn gone(&mut self, id: TaskId) -> Option<Seen> {
        self.tasks.remove(&id);
        self.changed.retain(|changed| *changed != id);
        None
    }

    /// The task with its state before, unless it was told just so.
    pub(super) fn note(&mut self, task: TaskInfo) -> Option<Seen> {
        let now = (task.state, task.attempt);
        self.changed.retain(|changed| *changed != task.id);
        let before = self.tasks.insert(task.id, now);
        if self.tasks.len() > MOST {
            self.tasks.pop_first();
        }
        (before != Some(now)).then(|| Seen {
            before: before.map(|(state, _)| state),
            task,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn task(id: i64, state: &str, attempt: i64) -> TaskInfo {
        let task = json!({
            "id": id, "task_name": "A", "state": state, "status": "not_started", "task_payload": null,
            "payload_version": 1, "priority": 0, "created_at": "2026-01-31T09:00:00Z", "due_at": null,
            "last_run_at": null, "finished_at": null, "worker": null, "attempt": attempt, "retries": 0,
            "max_retries": 3, "crashes": 0, "error_kind": null, "error_message": null,
            "result_data": null, "progress": null, "progress_note": null, "dedup_scope": "none",
        });
        serde_json::from_value(task).unwrap()
    }

    #[test]
    fn a_change_is_told_once_with_the_state_before() {
        let mut memory = Memory::default();
        let mut note = |id, state, attempt| {
            let seen = memory.note(task(id, state, attempt));
            seen.map(|seen| seen.before)
        };
        assert_eq!(note(1, "queued", 0), Some(None));
        assert_eq!(note(1, "queued", 0), None);
        assert_eq!(note(1, "running", 1), Some(Some(State::Queued)));
        assert_eq!(
            note(1, "running", 2),
            Some(Some(State::Running)),
            "another attempt"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memory = Memory::default();
        for id in 1..=20_000 {
            memory.note(task(id, "queued", 0));
        }
        assert_eq!(memory.tasks.len(), MOST);
    }
}
