//! What SQLite's error codes mean for the caller.

use crate::db::{DbError, DbErrorKind};
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Sorts an error of the driver into our kinds.
pub(crate) fn from_rusqlite(error: &rusqlite::Error) -> DbError {
    of_code(
        error.sqlite_error().map(|error| error.extended_code),
        error.to_string(),
    )
}

/// Sorts an error into our kinds by its extended code, if it has one, and its text.
pub(super) fn of_code(code: Option<i32>, message: String) -> DbError {
    let kind = match code.map(|code| ffi::Error::new(code).code) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbErrorKind::Transient,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            DbErrorKind::Unavailable
        }
        Some(ErrorCode::SystemIoFailure) => DbErrorKind::Unavailable,
        Some(ErrorCode::ConstraintViolation) if code.is_some_and(is_unique) => {
            DbErrorKind::Duplicate
        }
        _ if message.starts_with("no such table") || message.starts_with("no such column") => {
            DbErrorKind::SchemaMissing
        }
        _ => DbErrorKind::Other,
    };
    let new = DbError::new(kind, message);
    match code {
        Some(code) => new.with_code(format!("SQLITE {code}")),
        None => new,
    }
}

fn is_unique(code: i32) -> bool {
    [
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    ]
    .contains(&code)
}
