//! The dedup slot: which tasks hold theirs, and which transitions free it.

use crate::dedup::StoredScope;
use crate::task::{Status, TaskFacts};

use super::event::Event;

/// Whether the task can still hold its dedup slot, going by its scope and what became of it.
///
/// A row whose slot was freed earlier (retried by hand after a cancellation, for example) may hold
/// none even so: the stored key has the last word.
pub fn holds_slot(task: &TaskFacts) -> bool {
    match task.dedup_scope {
        StoredScope::None => false,
        StoredScope::Waiting => task.attempt == 0 && !task.is_ended(),
        StoredScope::Active => !task.is_ended(),
        StoredScope::UntilSuccess => !task.is_ended() || failed_for_good(task),
        StoredScope::Always | StoredScope::Window => true,
    }
}

/// Whether this event frees the slot, given that it ends the task or not.
pub(super) fn frees_slot(scope: StoredScope, event: &Event, ends: bool) -> bool {
    match scope {
        // Cancelled while it waits, a task must not keep the slot either: it would swallow the
        // next submission.
        StoredScope::None | StoredScope::Waiting => ends || matches!(event, Event::Claimed { .. }),
        StoredScope::Active => ends,
        StoredScope::UntilSuccess => ends && !charges(event),
        StoredScope::Always | StoredScope::Window => false,
    }
}

/// Whether the task ended because it failed as often as it may.
pub(super) fn failed_for_good(task: &TaskFacts) -> bool {
    use crate::task::ErrorKind::{Failed, Panicked, TimedOut};
    task.is_ended()
        && task.status == Status::Error
        && matches!(task.error_kind, None | Some(Failed | TimedOut | Panicked))
}

/// Whether the event is a failed run.
fn charges(event: &Event) -> bool {
    matches!(
        event,
        Event::Failed { .. } | Event::RetryAfter { charge: true, .. }
    )
}
