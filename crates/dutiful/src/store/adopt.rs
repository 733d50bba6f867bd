//! Copies tasks of another queue in the same database, on MySQL and MariaDB.
//!
//! The other table is only read, and without locks: its own programs go on writing to it. What each of its rows
//! becomes is decided elsewhere. A copied row carries a mark (`mark`) that tells from which row it was made,
//! and by which a later run sees what has changed, there or here.

mod head_room;
mod mark;
mod plan;
mod source;
mod table;
mod write;

pub(crate) use head_room::{highest, leave, needed};
pub(crate) use plan::Slots;
pub(crate) use source::{OldRow, rows, sizes};
#[cfg(test)]
pub(crate) use table::Key;
pub(crate) use table::{Column, Table, names_of_tables, table};
pub(crate) use write::{Fate, NewRow, foresee, write};
