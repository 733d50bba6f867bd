//! Removing a task: whether it may go.

use crate::task::TaskFacts;
use crate::time::Timestamp;

use super::refusal::Refusal;

/// Whether a task may be removed: only when it has ended. What still waits would never be done, and what runs
/// would run on without a row to settle; both are cancelled first.
///
/// # Errors
/// [`Refusal::NotEnded`] names the state that the task is in.
pub fn check_delete(task: &TaskFacts, now: Timestamp) -> Result<(), Refusal> {
    if task.is_ended() {
        return Ok(());
    }
    Err(Refusal::NotEnded(task.state(now)))
}
