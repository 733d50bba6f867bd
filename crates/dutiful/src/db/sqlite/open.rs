//! How a connection to a SQLite file is set up.

use super::{Clock, errors::from_rusqlite};
use crate::db::{DbError, DbErrorKind, DbResult};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::time::{Duration, Instant};

/// The oldest SQLite that has all we use (`RETURNING` 3.35, `STRICT` 3.37).
const VERSION_MIN: (i32, &str) = (3_037_000, "3.37");

/// How long a locked database is tried again before `SQLITE_BUSY` is believed.
const BUSY_MAX: Duration = Duration::from_secs(10);
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// The same as a number of pauses, which is what the busy handler is told.
const BUSY_TRIES: i32 = 5_000;

pub(super) fn connection(file: Option<&str>, clock: &Clock) -> DbResult<Connection> {
    let mut connection = match file {
        Some(file) => Connection::open(file),
        None => Connection::open_in_memory(),
    }
    .map_err(|error| cannot_open(file.unwrap_or(":memory:"), &error))?;
    set_up(&mut connection, clock).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::ReadOnly) => {
            cannot_open(file.unwrap_or(":memory:"), &error)
        }
        _ => from_rusqlite(&error),
    })?;
    if rusqlite::version_number() < VERSION_MIN.0 {
        return Err(DbError::new(
            DbErrorKind::Unsupported,
            format!(
                "SQLite {} is too old; {} or newer is needed",
                rusqlite::version(),
                VERSION_MIN.1
            ),
        ));
    }
    Ok(connection)
}

fn set_up(connection: &mut Connection, clock: &Clock) -> rusqlite::Result<()> {
    // Other processes hold the lock for about a millisecond at a time: short, even waits serve better
    // than the growing ones of `busy_timeout`.
    connection.busy_handler(Some(|tries| {
        std::thread::sleep(if tries < 20 {
            BUSY_PAUSE / 10
        } else {
            BUSY_PAUSE
        });
        tries < BUSY_TRIES
    }))?;
    connection.set_prepared_statement_cache_capacity(128);
    write_ahead(connection)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA cache_size = -8000;
         PRAGMA wal_autocheckpoint = 64000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    let clock = clock.clone();
    connection.create_scalar_function(
        "dutiful_now",
        0,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
        move |_| Ok(clock.now_micros()),
    )
}

/// Makes the file one with a write-ahead log, which is lasting. While several connections do so at once with
/// a new file SQLite calls it locked without asking the busy handler, as each may wait for another one.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY_MAX;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            done => return done,
        }
    }
}

fn cannot_open(file: &str, error: &rusqlite::Error) -> DbError {
    DbError::new(
        DbErrorKind::Config,
        format!(
            "cannot use the SQLite file `{file}`: {error}; check that its folder exists, that it may \
                 be written, and that it is a database"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// Fails with "database is locked" in most runs when the change to a write-ahead log is tried once.
    #[test]
    fn a_new_file_may_be_opened_by_many_at_once() {
        const MANY: usize = 8;
        let folder = tempfile::tempdir().unwrap();
        for round in 0..40 {
            let file = folder.path().join(format!("{round}.db"));
            let file = file.to_str().unwrap();
            let barrier = Barrier::new(MANY);
            std::thread::scope(|scope| {
                for _ in 0..MANY {
                    scope.spawn(|| {
                        let clock = Clock::default();
                        barrier.wait();
                        connection(Some(file), &clock).unwrap();
                    });
                }
            });
        }
    }
}
