//! What becomes of missed ticks, and of a tick whose predecessor has not ended.

use crate::task::words;

/// What becomes of ticks that nobody was there to fire, within a window of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Missed {
    /// They are dropped.
    None,
    /// The newest one within the window fires.
    #[default]
    Once,
    /// Every one within the window fires, oldest first.
    All,
}

words!(Missed, "missed-run policy", {
    None = "none",
    Once = "once",
    All = "all",
});

/// What becomes of a tick while the task of an earlier tick has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// It is dropped.
    #[default]
    Skip,
    /// Its task waits until the earlier one has ended.
    Queue,
    /// Its task runs beside the earlier one.
    Allow,
}

words!(Overlap, "overlap policy", {
    Skip = "skip",
    Queue = "queue",
    Allow = "allow",
});
