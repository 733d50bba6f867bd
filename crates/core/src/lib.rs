//! The pure rules of Dutiful: what a task is, what may happen to it, when it runs next.
//!
//! Nothing here reads a clock, a file, the network or a source of randomness: every function is
//! given the time and the seed it needs. The library stores and runs tasks; this crate decides.
//!
//! - [`task`] and [`lifecycle`]: a row's facts, its derived state, and the one function that
//!   decides what an event does to it.
//! - [`retry`], [`lease`], [`priority`], [`dedup`], [`name`], [`limits`]: the rules around it.
//! - [`json`]: the canonical text in which payloads and results are stored.
//! - [`schedule`]: when periodic tasks fire.
//! - [`figures`]: counts, rates, durations and their quantiles over spans of time.
//! - [`version`]: a short text that changes when a task does.
//! - [`change`]: what those who follow tasks are told.
//! - [`access`]: what a token lets its bearer do.
//! - [`mod@adopt`], [`wall_clock`]: what a task of another queue becomes, and when its clock showed a time.

pub mod access;
pub mod adopt;
pub mod change;
pub mod dedup;
pub mod figures;
pub mod json;
pub mod lease;
pub mod lifecycle;
pub mod limits;
pub mod name;
pub mod priority;
pub mod retry;
pub mod schedule;
pub mod task;
pub mod time;
pub mod version;
pub mod wall_clock;

pub use access::{Scope, check_task_pattern, task_pattern_fits};
pub use adopt::{Adopted, OldTask, adopt};
pub use change::ChangeKind;
pub use dedup::{DedupError, DedupKey, DedupScope, StoredScope};
pub use figures::{Figures, Spread, Step};
pub use json::JsonError;
pub use lifecycle::{
    Due, Event, FailureKind, LeaseChange, Outcome, Refusal, SlotAfterEdit, Transition,
    check_delete, decide, holds_slot, slot_after_edit,
};
pub use name::{NameError, check_name, short_type_name};
pub use priority::{Priority, PriorityError};
pub use retry::{Failure, RetryPolicy};
pub use schedule::{Missed, Overlap, Plan, Schedule, ScheduleError, plan, resume};
pub use task::{ErrorKind, State, Status, TaskFacts, TaskId, UnknownWord};
pub use time::{Timestamp, TimestampError};
pub use version::Versioned;
pub use wall_clock::WallClock;
