//! What SQLite's error codes mean for the caller.

use crate::db::{DbError, DbErrorKind};
use rusqlite::ErrorCode;

/// Sorts an error of the driver into our kinds.
pub(crate) fn from_rusqlite(error: &rusqlite::Error) -> DbError {
    let message = error.to_string();
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbErrorKind::Transient,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            DbErrorKind::Unavailable
        }
        Some(ErrorCode::SystemIoFailure) => DbErrorKind::Unavailable,
        Some(ErrorCode::ConstraintViolation) if is_unique(error) => DbErrorKind::Duplicate,
        _ if message.starts_with("no such table") || message.starts_with("no such column") => {
            DbErrorKind::SchemaMissing
        }
        _ => DbErrorKind::Other,
    };
    let new = DbError::new(kind, message);
    match error.sqlite_error() {
        Some(code) => new.with_code(format!("SQLITE {}", code.extended_code)),
        None => new,
    }
}

fn is_unique(error: &rusqlite::Error) -> bool {
    let unique = [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    error.sqlite_error().is_some_and(|error| unique.contains(&error.extended_code))
}
