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
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted,
        ) => DbErrorKind::Transient,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            DbErrorKind::Unavailable
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => DbErrorKind::Unavailable,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_has_its_kind() {
        use DbErrorKind::*;
        for (code, kind) in [
            (ffi::SQLITE_BUSY, Transient),
            (ffi::SQLITE_BUSY_SNAPSHOT, Transient),
            (ffi::SQLITE_LOCKED, Transient),
            (ffi::SQLITE_PROTOCOL, Transient),
            (ffi::SQLITE_FULL, Unavailable),
            (ffi::SQLITE_IOERR_WRITE, Unavailable),
            (ffi::SQLITE_READONLY, Unavailable),
            (ffi::SQLITE_CANTOPEN, Unavailable),
            (ffi::SQLITE_NOMEM, Unavailable),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, Duplicate),
            (ffi::SQLITE_CONSTRAINT_CHECK, Other),
            (ffi::SQLITE_CORRUPT, Other),
        ] {
            assert_eq!(of_code(Some(code), "x".to_owned()).kind, kind, "{code}");
        }
        let missing = "no such table: dutiful_tasks".to_owned();
        assert_eq!(of_code(Some(1), missing).kind, SchemaMissing);
    }
}
