//! Why an event does not apply to a task.

use crate::task::{State, TaskId};

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
    #[error(
        "the task's last lease ran out and has not been counted as a crash yet; wait for the next claim"
    )]
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
    /// The task has not ended, and only what has ended may be removed.
    #[error("the task is {0} and has not ended; cancel it first")]
    NotEnded(State),
    /// As many runs have failed as the edit allows, so that the task could not be tried again.
    #[error("{0} runs of the task have failed already; allow more than that, or cancel it")]
    TooFewRetries(i64),
    /// The task is not what it was when its version was read.
    #[error("the task has changed since its version was read; look at it again")]
    Changed,
    /// Nobody can tell from the row whether the new payload is still the same task.
    #[error(
        "the task's dedup key was not made of its whole payload; say that the key is kept if the new payload \
         is still the same task, otherwise cancel the task and submit it again"
    )]
    OwnDedupKey,
    /// Another task is already what this one would become.
    #[error("task {0} holds the dedup slot of the new payload; edit or cancel that one")]
    SlotTaken(TaskId),
}

impl Refusal {
    /// A stable word for programs that count refusals: what about the task stood in the way.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotLeased => "not_leased",
            Self::StillLeased => "running",
            Self::LeaseRanOut => "lease_ran_out",
            Self::AlreadyEnded(_) => "ended",
            Self::AlreadySucceeded => "succeeded",
            Self::StillWaiting => "waiting",
            Self::SlotFree => "slot_free",
            Self::NotEnded(_) => "not_ended",
            Self::TooFewRetries(_) => "too_few_retries",
            Self::Changed => "changed",
            Self::OwnDedupKey => "own_dedup_key",
            Self::SlotTaken(_) => "slot_taken",
        }
    }
}
