//! The lock for MySQL and MariaDB: a row with a holder and an end, by the database's clock.
//!
//! It is taken by compare-and-swap and needs no session, so that poolers and clusters keep it (rule 9). Its
//! holder renews it; a holder that was killed is waited for until the lock has run out.

use super::lock::lost;
use crate::db::mysql::Mysql;
use crate::db::{DbResult, Value};
use crate::store::migrations::{CREATE_LOCK, FILL_LOCK, RELEASE_LOCK, RENEW_LOCK, TAKE_LOCK};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the lock outlives its last renewal.
const LIFETIME: Duration = Duration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often a run that waits asks again.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// The lock, held. Clones are the same lock.
#[derive(Debug, Clone)]
pub(super) struct RowLock {
    db: Mysql,
    /// A connection of its own, because the others may be busy for as long as a statement takes.
    own: Mysql,
    token: String,
}

impl RowLock {
    pub(super) async fn create_table(db: &Mysql) -> DbResult<()> {
        db.run(&CREATE_LOCK, Vec::new()).await?;
        db.run(&FILL_LOCK, Vec::new()).await?;
        Ok(())
    }

    /// Waits at most `wait`; `None` when another run has the lock even then.
    pub(super) async fn take(db: &Mysql, wait: Duration) -> DbResult<Option<RowLock>> {
        let token = uuid::Uuid::new_v4().to_string();
        let lock = RowLock {
            db: db.clone(),
            own: db.dedicated(),
            token,
        };
        let deadline = Instant::now() + wait;
        let mut told = false;
        while !lock.try_take().await? {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            if !told {
                tracing::info!("waiting for another process that migrates this database");
                told = true;
            }
            sleep(ASK_EVERY).await;
        }
        Ok(Some(lock))
    }

    async fn try_take(&self) -> DbResult<bool> {
        let process = i64::from(std::process::id());
        let token = Value::from(self.token.as_str());
        let params = vec![token.clone(), process.into(), lifetime(), token];
        Ok(self.own.run(&TAKE_LOCK, params).await?.affected == 1)
    }

    /// Puts the end off again; fails when the lock is another's.
    pub(super) async fn renew(&self) -> DbResult<()> {
        let params = vec![lifetime(), self.token.as_str().into()];
        match self.own.run(&RENEW_LOCK, params).await?.affected {
            0 => Err(lost()),
            _ => Ok(()),
        }
    }

    /// Renews the lock for as long as `work` runs.
    pub(super) async fn renewed_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = sleep(RENEW_EVERY) => {}
            }
            if let Err(error) = self.renew().await {
                // The work finds out by itself before its next statement.
                tracing::warn!(%error, "the migration lock could not be renewed");
            }
        }
    }

    /// Gives the lock back. When that fails it runs out.
    pub(super) async fn release(self) {
        let params = vec![self.token.as_str().into()];
        if let Err(error) = self.own.run(&RELEASE_LOCK, params).await {
            tracing::debug!(%error, "the migration lock is left to run out");
        }
    }

    pub(super) fn db(&self) -> &Mysql {
        &self.db
    }
}

fn lifetime() -> Value {
    i64::try_from(LIFETIME.as_micros())
        .unwrap_or(i64::MAX)
        .into()
}
