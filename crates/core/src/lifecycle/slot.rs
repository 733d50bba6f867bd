//! The dedup slot: which tasks hold theirs, which transitions free it, and where an edit moves it.

use crate::dedup::{DedupKey, StoredScope};
use crate::task::{Status, TaskFacts};

use super::event::Event;
use super::refusal::Refusal;

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

/// What becomes of the slot of a task whose payload is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotAfterEdit {
    /// The row's key stays as it is, whether it holds a slot or none.
    Stays,
    /// The task gives its slot up and takes this one, if nobody holds it.
    Moves(DedupKey),
}

/// Decides what becomes of the slot when a task's payload is replaced.
///
/// `stored` is the row's key, `None` also when its window has passed; `old` and `new` are the keys that the
/// payloads make. A key that the old payload made moves with the payload: otherwise a submission of the old
/// one would be swallowed. Any other key was made of chosen fields or by the caller, and the row does not
/// tell how; it stays only if `keep` says that the new payload is still the same task.
///
/// # Errors
/// [`Refusal::OwnDedupKey`] when nobody has said so.
pub fn slot_after_edit(
    task: &TaskFacts,
    stored: Option<&[u8]>,
    old: DedupKey,
    new: DedupKey,
    keep: bool,
) -> Result<SlotAfterEdit, Refusal> {
    let Some(stored) = stored.filter(|_| holds_slot(task)) else {
        return Ok(SlotAfterEdit::Stays);
    };
    if old == new {
        return Ok(SlotAfterEdit::Stays);
    }
    match (stored == old.as_bytes(), keep) {
        (true, _) => Ok(SlotAfterEdit::Moves(new)),
        (false, true) => Ok(SlotAfterEdit::Stays),
        (false, false) => Err(Refusal::OwnDedupKey),
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
