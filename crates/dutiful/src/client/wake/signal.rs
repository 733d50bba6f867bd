//! What the claimer of a worker in this process waits for.

use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// More levels than this at once are just "anything".
const LEVELS_MAX: usize = 64;

/// Collects what was heard since it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    notify: Notify,
    heard: Mutex<Heard>,
}

/// Reasons to claim.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Something may have become due, nobody knows what.
    pub(crate) anything: bool,
    /// The names and priorities of tasks that were submitted and are due.
    pub(crate) levels: Vec<(String, i64)>,
}

impl Signal {
    /// Something may have become due.
    pub(crate) fn anything(&self) {
        self.update(|heard| heard.anything = true);
    }

    /// A task of this name and priority is due.
    pub(crate) fn due(&self, task_name: &str, priority: i64) {
        self.update(|heard| {
            let known = |level: &(String, i64)| level.0 == task_name && level.1 == priority;
            if heard.levels.iter().any(known) {
                return;
            }
            if heard.levels.len() < LEVELS_MAX {
                heard.levels.push((task_name.to_owned(), priority));
            } else {
                heard.anything = true;
            }
        });
    }

    /// A slot is free.
    pub(crate) fn room(&self) {
        self.notify.notify_one();
    }

    /// What was heard since the last call.
    pub(crate) fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something is heard or a slot is free.
    pub(crate) async fn heard(&self) {
        self.notify.notified().await;
    }

    fn update(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.notify.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_heard_once_and_too_many_are_anything() {
        let signal = Signal::default();
        signal.due("A", 0);
        signal.due("A", 0);
        signal.due("A", 1);
        let heard = signal.take();
        assert_eq!((heard.levels.len(), heard.anything), (2, false));
        for priority in 0..100 {
            signal.due("A", priority);
        }
        let heard = signal.take();
        assert_eq!((heard.levels.len(), heard.anything), (LEVELS_MAX, true));
        assert!(signal.take().levels.is_empty());
    }
}
