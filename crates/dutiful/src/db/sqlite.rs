//! SQLite: one thread writes, a few read.
//!
//! All writes of a process go through one connection on one thread, which gathers what has queued up
//! into one transaction (one fsync for many callers) and answers each caller after the commit. So
//! callers never meet `SQLITE_BUSY` from their own process; other processes are waited for.

mod checkpoint;
mod convert;
mod errors;
pub(crate) mod guest;
mod open;
mod reader;
mod session;
mod tx;
mod watch;
mod writer;

use super::{
    Away, DatabaseUrl, DbError, DbErrorKind, DbOptions, DbResult, Prefix, Reply, Row, Rows, Sql,
    Value,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub(crate) use session::Session;
pub(crate) use tx::SqliteTx;
pub(crate) use watch::Watcher;

/// A SQLite database: the handle to its threads.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: writer::Writer,
    /// `None` in memory, where only the writer's connection sees the data.
    readers: Option<reader::Readers>,
    prefix: Prefix,
    away: Option<Away>,
    clock: Clock,
    file: Option<String>,
}

/// The clock behind `dutiful_now()` in our statements: the host's, plus what a test has moved it by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn now_micros(&self) -> i64 {
        let now = dutiful_core::Timestamp::from_system_time(std::time::SystemTime::now());
        now.as_micros()
            .saturating_add(self.0.load(Ordering::SeqCst))
    }
}

impl Sqlite {
    pub(crate) async fn open(url: &DatabaseUrl, options: &DbOptions) -> DbResult<Sqlite> {
        let file = url.sqlite_file().map(str::to_owned);
        let clock = Clock::default();
        let writer =
            writer::Writer::start(file.clone(), clock.clone(), options.prefix.clone()).await?;
        let readers = match &file {
            Some(file) => {
                let threads = options.pool_size.clamp(1, 4);
                Some(reader::Readers::start(
                    file,
                    threads,
                    &clock,
                    &options.prefix,
                )?)
            }
            None => None,
        };
        let prefix = options.prefix.clone();
        Ok(Sqlite {
            inner: Arc::new(Inner {
                writer,
                readers,
                prefix,
                away: options.away.filter(|_| file.is_some()),
                clock,
                file,
            }),
        })
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.inner.prefix
    }

    pub(crate) fn away(&self) -> Option<Away> {
        self.inner.away
    }

    /// The file; `None` for a database in memory.
    pub(crate) fn file(&self) -> Option<&str> {
        self.inner.file.as_deref()
    }

    pub(crate) async fn read(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        match &self.inner.readers {
            Some(readers) => {
                readers
                    .run(move |session| session.query(sql, &params))
                    .await
            }
            None => self.job(move |session| session.query(sql, &params)).await,
        }
    }

    /// Reads, and ends the statement when it goes on for longer than this. In memory it is not bounded.
    pub(crate) async fn look(
        &self,
        sql: &'static Sql,
        params: Vec<Value>,
        limit: Duration,
    ) -> DbResult<Vec<Row>> {
        match &self.inner.readers {
            Some(readers) => {
                readers
                    .run_within(limit, move |session| session.query(sql, &params))
                    .await
            }
            None => self.read(sql, params).await,
        }
    }

    pub(crate) async fn write(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        self.job(move |session| session.run(sql, &params)).await
    }

    pub(crate) async fn write_rows(&self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        self.job(move |session| session.run_rows(sql, rows)).await
    }

    /// Runs `work` on the writer's thread, all of it or nothing; it is committed, perhaps together
    /// with the work of others, when this returns. `work` must not wait for anything.
    pub(crate) async fn job<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> DbResult<T> + Send + 'static,
    {
        self.inner.writer.run(work).await
    }

    pub(crate) async fn begin(&self) -> DbResult<SqliteTx> {
        self.inner.writer.begin().await
    }

    /// Tells of commits by others; `None` in memory, where there are none. Needs an event loop.
    pub(crate) fn watcher(&self) -> DbResult<Option<Watcher>> {
        let Some(file) = self.file() else {
            return Ok(None);
        };
        let connection = open::connection(Some(file), &self.inner.clock)?;
        Ok(Some(Watcher::new(connection, file)))
    }
}

/// The error of a thread that is gone.
fn closed() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the database was closed")
}
