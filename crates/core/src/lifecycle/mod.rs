//! The life of a task: `(task, event, now) -> transition`. Nothing else decides a next state.
//!
//! [`Event`] is what happened, [`decide`] the decision, [`Transition`] what to write, [`Refusal`] why
//! nothing is written. Applying a transition, and doing it only if the row is still the one that was
//! decided on, is the store's work.

mod decide;
mod event;
mod refusal;
mod slot;
#[cfg(test)]
mod tests;
mod transition;

pub use decide::decide;
pub use event::{Event, FailureKind};
pub use refusal::Refusal;
pub use slot::holds_slot;
pub use transition::{Due, LeaseChange, Outcome, Transition};
