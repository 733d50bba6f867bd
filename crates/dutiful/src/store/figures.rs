//! Kept figures: what ended when and how, added up by task name over minutes, hours, days and all time.
//!
//! No task pays for them. What has ended is read once, by the index on the time of the end, and added up by
//! whichever worker is first; a row that says how far that has come is locked meanwhile. What takes an ended
//! task away, or back to life, leaves a line in `dutiful_figures_left` in its own transaction. So at any moment
//!
//! `kept figures + tasks that ended since - lines of what left = the ended tasks that are stored`
//!
//! and after any fault that holds again, because each step is one transaction, and because minutes are counted
//! again when the last transaction that could still have written into them is over (`check`).
//!
//! | file | what |
//! |---|---|
//! | `until` | how far the figures have come |
//! | `source` | the rows that they are made of |
//! | `kept` | the figures themselves |
//! | `left` | lines of what left |
//! | `fold` | adding up what is new |
//! | `check` | counting again, and putting right |
//! | `look` | what is shown: kept figures and what is newer |

mod check;
mod fold;
mod kept;
pub(crate) mod left;
pub(crate) mod look;
mod source;
mod until;

pub(crate) use check::{check, recount};
pub(crate) use fold::{Folded, fold};
pub(crate) use kept::forget;
