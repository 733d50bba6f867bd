//! The right to migrate, which one run at a time has, and through which its statements go.
//!
//! SQLite and PostgreSQL undo a schema change with its transaction: the run is one transaction, and the
//! lock is that transaction's. MySQL commits each statement by itself: see `row_lock`.

use super::row_lock::RowLock;
use crate::db::postgres::PostgresTx;
use crate::db::sqlite::SqliteTx;
use crate::db::{Db, DbError, DbErrorKind, DbResult, Reply, Sql, Value};
use crate::store::migrations::{CREATE, HOLDER, LOCK_ON_POSTGRES};
use dutiful_core::limits::OWN_RETRIES_MAX;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// How long a run waits for another one. PostgreSQL's is in its statement.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(60);

/// The lock, held. Dropping it undoes the run on SQLite and PostgreSQL; on MySQL it runs out.
#[derive(Debug)]
pub(super) enum Lock {
    Sqlite(SqliteTx),
    Postgres(Box<PostgresTx>),
    Mysql(RowLock),
}

impl Lock {
    /// Waits for the lock; `None` when another run still had it after [`WAIT_MAX`].
    pub(super) async fn take(db: &Db) -> DbResult<Option<Lock>> {
        match db {
            Db::Sqlite(db) => {
                let deadline = Instant::now() + WAIT_MAX;
                loop {
                    match db.begin().await {
                        Ok(tx) => return Ok(Some(Lock::Sqlite(tx))),
                        Err(error) if error.kind != DbErrorKind::Transient => return Err(error),
                        Err(_) if Instant::now() >= deadline => return Ok(None),
                        Err(_) => {}
                    }
                }
            }
            Db::Postgres(db) => {
                let mut tx = db.begin().await?;
                match tx.script(LOCK_ON_POSTGRES).await {
                    Ok(()) => Ok(Some(Lock::Postgres(Box::new(tx)))),
                    Err(error) if error.code.as_deref() == Some("55P03") => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Db::Mysql(db) => Ok(RowLock::take(db, WAIT_MAX).await?.map(Lock::Mysql)),
        }
    }

    /// A statement about the records.
    pub(super) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        match self {
            Lock::Sqlite(tx) => tx.run(sql, params).await,
            Lock::Postgres(tx) => tx.run(sql, params).await,
            Lock::Mysql(lock) => lock.db().run(sql, params).await,
        }
    }

    /// A statement of a migration.
    pub(super) async fn script(&mut self, text: &'static str) -> DbResult<()> {
        match self {
            Lock::Sqlite(tx) => tx.script(text).await,
            Lock::Postgres(tx) => tx.script(text).await,
            Lock::Mysql(lock) => lock.db().script(text).await,
        }
    }

    /// Fails when the lock has been lost, so that nothing more is changed.
    pub(super) async fn confirm(&self) -> DbResult<()> {
        match self {
            Lock::Sqlite(_) | Lock::Postgres(_) => Ok(()),
            Lock::Mysql(lock) => lock.renew().await,
        }
    }

    /// What keeps the lock alive while work is done under it, where that needs doing.
    pub(super) fn keeper(&self) -> Keeper {
        match self {
            Lock::Sqlite(_) | Lock::Postgres(_) => Keeper(None),
            Lock::Mysql(lock) => Keeper(Some(lock.clone())),
        }
    }

    /// Whether nothing of a run is left when it fails.
    pub(super) fn undoes(&self) -> bool {
        !matches!(self, Lock::Mysql(_))
    }

    /// Ends the run: commits what worked, undoes what did not where that is possible.
    pub(super) async fn end(self, worked: bool) -> DbResult<()> {
        match (self, worked) {
            (Lock::Sqlite(tx), true) => tx.commit().await,
            (Lock::Sqlite(tx), false) => tx.rollback().await,
            (Lock::Postgres(tx), true) => tx.commit().await,
            (Lock::Postgres(tx), false) => tx.rollback().await,
            (Lock::Mysql(lock), _) => {
                lock.release().await;
                Ok(())
            }
        }
    }
}

/// See [`Lock::keeper`].
pub(super) struct Keeper(Option<RowLock>);

impl Keeper {
    pub(super) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        match self.0 {
            Some(lock) => lock.renewed_during(work).await,
            None => work.await,
        }
    }
}

/// Makes the tables that lock and records need.
pub(super) async fn create_tables(db: &Db) -> DbResult<()> {
    let mut tries = 0;
    loop {
        match db.write(&CREATE, Vec::new()).await {
            // PostgreSQL: another run is making the same table, and its row type, at the same moment.
            Err(error) if is_race(&error) && tries < OWN_RETRIES_MAX => tries += 1,
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    match db {
        Db::Mysql(db) => RowLock::create_table(db).await,
        Db::Sqlite(_) | Db::Postgres(_) => Ok(()),
    }
}

fn is_race(error: &DbError) -> bool {
    matches!(error.code.as_deref(), Some("23505" | "42P07" | "42710"))
}

/// Who has the lock, in words for a person.
pub(super) async fn holder(db: &Db) -> DbResult<String> {
    if matches!(db, Db::Sqlite(_)) {
        return Ok("another process (SQLite does not tell which)".to_owned());
    }
    let rows = db.read(&HOLDER, Vec::new()).await?;
    let holder = rows
        .first()
        .map(|row| row.opt_text(0))
        .transpose()?
        .flatten();
    Ok(holder
        .unwrap_or("a process that has just ended")
        .trim()
        .to_owned())
}

/// The error of a run that another one has taken over from.
pub(super) fn lost() -> DbError {
    DbError::new(
        DbErrorKind::Transient,
        "this run was held up for so long that another process took the migration over",
    )
}
