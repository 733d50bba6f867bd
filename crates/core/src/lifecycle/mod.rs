//! The life of a task: `(task, event, now) -> transition`. Nothing else decides a next state.
//!
//! [`Event`] is what happened, [`decide`] the decision, [`Transition`] what to write, [`Refusal`] why
//! nothing is written. What an edit does to the slot is decided by [`slot_after_edit`], and whether a task may
//! be removed by [`check_delete`]. Applying a transition, and doing it only if the row is still the one that was
//! decided on, is the store's work.

mod decide;
mod delete;
mod event;
mod refusal;
mod slot;
#[cfg(test)]
mod tests;
mod transition;

pub use decide::decide;
pub use delete::check_delete;
pub use event::{Event, FailureKind};
pub use refusal::Refusal;
pub use slot::{SlotAfterEdit, holds_slot, slot_after_edit};
pub use transition::{Due, LeaseChange, Outcome, Transition};
