//! A row of a periodic: what its program says of it, what an operator has changed, where it is.

use crate::db::{DbResult, Row};
use crate::store::submit::{NewTask, Slot, Start};
use crate::store::task_row::take_text;
use dutiful_core::{DedupScope, Timestamp};
use std::time::Duration;

/// How many columns [`read`] reads.
pub(crate) const COLUMNS: usize = 21;

/// What a program says of a periodic, in the words that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Defined {
    pub(crate) name: String,
    pub(crate) task_name: String,
    pub(crate) payload: String,
    pub(crate) schedule: String,
    pub(crate) missed: String,
    /// In microseconds.
    pub(crate) missed_window: i64,
    pub(crate) overlap: String,
    pub(crate) payload_version: i64,
    pub(crate) priority: i64,
    pub(crate) max_retries: i64,
}

/// What an operator has changed. It goes before what the program says, whatever that says later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) schedule: Option<String>,
    /// Canonical JSON, and the version of its form.
    pub(crate) payload: Option<(String, i64)>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) by: Option<String>,
}

/// A whole row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeriodicRow {
    pub(crate) defined: Defined,
    pub(crate) changed: Changed,
    pub(crate) paused: bool,
    /// `None` when the schedule has no further tick.
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) last_task_id: Option<i64>,
    pub(crate) fired: i64,
    pub(crate) skipped: i64,
}

impl PeriodicRow {
    /// The schedule by which it ticks.
    pub(crate) fn schedule(&self) -> &str {
        let changed = self.changed.schedule.as_deref();
        changed.unwrap_or(&self.defined.schedule)
    }

    /// The payload that its tasks get, and its version.
    pub(crate) fn payload(&self) -> (&str, i64) {
        match &self.changed.payload {
            Some((payload, version)) => (payload, *version),
            None => (&self.defined.payload, self.defined.payload_version),
        }
    }

    /// A task of it, due now. What submits it guards against a second one, so it needs no dedup.
    pub(crate) fn task(&self) -> NewTask {
        let submission_key = uuid::Uuid::now_v7().into_bytes();
        let (payload, payload_version) = self.payload();
        NewTask {
            task_name: self.defined.task_name.clone(),
            payload: payload.to_owned(),
            payload_version,
            priority: self.defined.priority,
            max_retries: self.defined.max_retries,
            start: Start::After(Duration::ZERO),
            slot: Slot {
                key: submission_key.to_vec(),
                scope: DedupScope::None.stored(),
                window: None,
            },
            submission_key,
            replace_payload: false,
        }
    }
}

/// Reads the columns that every statement about whole rows begins with.
pub(crate) fn read(row: &mut Row) -> DbResult<PeriodicRow> {
    let changed_payload = match (take_text(row, 11)?, row.opt_int(12)?) {
        (Some(payload), version) => Some((payload, version.unwrap_or(1))),
        (None, _) => None,
    };
    Ok(PeriodicRow {
        defined: Defined {
            name: take_text(row, 0)?.unwrap_or_default(),
            task_name: take_text(row, 1)?.unwrap_or_default(),
            payload: take_text(row, 2)?.unwrap_or_default(),
            schedule: take_text(row, 3)?.unwrap_or_default(),
            missed: take_text(row, 4)?.unwrap_or_default(),
            missed_window: row.int(5)?,
            overlap: take_text(row, 6)?.unwrap_or_default(),
            payload_version: row.int(7)?,
            priority: row.int(8)?,
            max_retries: row.int(9)?,
        },
        changed: Changed {
            schedule: take_text(row, 10)?,
            payload: changed_payload,
            at: row.opt_time(13)?,
            by: take_text(row, 14)?,
        },
        paused: row.int(15)? != 0,
        next_at: row.opt_time(16)?,
        last_at: row.opt_time(17)?,
        last_task_id: row.opt_int(18)?,
        fired: row.int(19)?,
        skipped: row.int(20)?,
    })
}
