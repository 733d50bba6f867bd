//! Reading from a row what a decision needs.

use crate::db::{DbError, DbResult, Row};
use dutiful_core::{ErrorKind, Status, StoredScope, TaskFacts};

/// Reads the facts from `first` on, in the order `status, due_at, worker, attempt, retries, max_retries,
/// crashes, error_kind, dedup_scope`. Text that means nothing to this program is a decode error.
pub(crate) fn read(row: &Row, first: usize) -> DbResult<TaskFacts> {
    let status = row.text(first)?;
    let scope = row.text(first + 8)?;
    let error_kind = match row.opt_text(first + 7)? {
        None => None,
        Some(text) => Some(
            text.parse::<ErrorKind>()
                .map_err(|_| unknown("error_kind", text))?,
        ),
    };
    Ok(TaskFacts {
        status: status
            .parse::<Status>()
            .map_err(|_| unknown("status", status))?,
        due_at: row.opt_time(first + 1)?,
        leased: row.opt_text(first + 2)?.is_some(),
        attempt: row.int(first + 3)?,
        retries: row.int(first + 4)?,
        max_retries: row.int(first + 5)?,
        crashes: row.int(first + 6)?,
        error_kind,
        dedup_scope: scope
            .parse::<StoredScope>()
            .map_err(|_| unknown("dedup_scope", scope))?,
    })
}

fn unknown(column: &str, text: &str) -> DbError {
    DbError::new(
        crate::db::DbErrorKind::Decode,
        format!("column {column} holds `{text}`, which means nothing"),
    )
}

/// Facts that stand in for a row that cannot be read, just enough to end its attempt.
pub(crate) fn unreadable(attempt: i64) -> TaskFacts {
    TaskFacts {
        status: Status::Error,
        due_at: Some(dutiful_core::Timestamp::from_micros(i64::MAX / 2)),
        leased: true,
        attempt,
        retries: 0,
        max_retries: 0,
        crashes: 0,
        error_kind: None,
        dedup_scope: StoredScope::None,
    }
}
