//! Why an event does not apply to a task.

use crate::task::State;

/// An event that the task cannot take as it is; nothing is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No worker holds the task, so that there is nothing to settle.
    #[error("no worker holds the task: its lease was lost, given back or never taken")]
    NotLeased,
    /// A worker holds the task under a valid lease.
    #[error("a worker is running the task; wait until it ends, or cancel it")]
    StillLeased,
    /// A lease ran out. [`Event::LeaseLost`](super::Event::LeaseLost) comes before the next claim,
    /// so that the crash is counted.
    #[error("the task's last lease ran out and has not been counted as a crash yet")]
    LeaseRanOut,
    /// The task is over.
    #[error("the task has ended as {0}; retry it by hand or submit it again")]
    AlreadyEnded(State),
    /// The task succeeded, which is final.
    #[error("the task has succeeded, which is final; submit it again to run it again")]
    AlreadySucceeded,
    /// The task is not due yet, or it is held.
    #[error("the task is not due yet; run it now by hand, or wait")]
    StillWaiting,
    /// The task does not hold its dedup slot, so that a resubmission is a new task.
    #[error("the task's dedup slot is free, so that the submission makes a new task")]
    SlotFree,
}
