//! A transaction: one connection, held from `BEGIN` to `COMMIT`.

use super::connect::Lease;
use super::execute;
use super::rows::{self, Param};
use super::{Lending, Postgres, errors};
use crate::db::{DbError, DbErrorKind, DbResult, Reply, Rows, Sql, Value};
use tokio::runtime::Handle;

/// The settings go with the transaction, because behind a pooler nothing else lasts.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL lock_timeout = '20s'";

/// Begins a look, which the server ends after five seconds.
pub(super) const LOOK: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL statement_timeout = '5s'";

/// A connection in an open transaction. Wherever it is dropped, the transaction is rolled back before anybody
/// else meets the connection.
#[derive(Debug)]
struct Open {
    lease: Option<Lease>,
    /// The loop that the connection lives on.
    home: Handle,
}

impl Open {
    fn new(lease: Lease) -> Open {
        Open {
            lease: Some(lease),
            home: Handle::current(),
        }
    }

    fn lease(&self) -> DbResult<&Lease> {
        self.lease.as_ref().ok_or_else(gone)
    }

    async fn end(mut self, text: &'static str) -> DbResult<()> {
        let lease = self.lease.take().ok_or_else(gone)?;
        end(lease, text).await
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            // Not `Open::end`: when the loop has stopped, what is spawned is dropped at once, here.
            self.home.spawn(end(lease, "ROLLBACK"));
        }
    }
}

/// Ends the transaction: its connection goes back when it still serves, and is closed otherwise.
async fn end(lease: Lease, text: &'static str) -> DbResult<()> {
    let result = execute::command(lease.client()?, text).await;
    lease.settle(&result);
    result
}

fn gone() -> DbError {
    DbError::new(
        DbErrorKind::LinkLost,
        "the transaction's connection is gone",
    )
}

/// A transaction that callers hold. Dropping it rolls it back.
#[derive(Debug)]
pub(crate) struct PostgresTx {
    db: Postgres,
    /// Away while a statement runs; gone when the link broke.
    open: Option<Open>,
    /// A statement failed: the server takes nothing but the end of the transaction, and would answer
    /// `COMMIT` with a rollback that looks like success.
    failed: Option<DbError>,
}

impl PostgresTx {
    /// A link that breaks here took nothing with it, so another one is tried.
    pub(super) async fn begin(db: Postgres) -> DbResult<PostgresTx> {
        let begin = || {
            db.lent(|lease: Lease, _: Lending| async move {
                execute::command(lease.client()?, BEGIN).await?;
                Ok(Open::new(lease))
            })
        };
        let open = match begin().await {
            Err(error) if error.kind == DbErrorKind::LinkLost => begin().await?,
            open => open?,
        };
        Ok(PostgresTx {
            db,
            open: Some(open),
            failed: None,
        })
    }

    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        self.execute(sql, vec![params.into_iter().map(Param::One).collect()])
            .await
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        self.execute(sql, rows::statements(rows)?).await
    }

    /// Runs a script of fixed text inside the transaction: the statements of a migration.
    pub(crate) async fn script(&mut self, text: &'static str) -> DbResult<()> {
        let text = self.db.prefix.apply(text);
        self.step(|open| async move {
            let result = match open.lease().and_then(Lease::client) {
                Ok(client) => execute::migration(client, &text).await,
                Err(error) => Err(error),
            };
            (open, result)
        })
        .await
    }

    pub(super) async fn execute(
        &mut self,
        sql: &'static Sql,
        parts: Vec<Vec<Param>>,
    ) -> DbResult<Reply> {
        let text = self.db.text(sql);
        let lending = self.db.lending.clone();
        self.step(|open| async move {
            let result = match open.lease() {
                Ok(lease) => lending.in_transaction(lease, &text, &parts).await,
                Err(error) => Err(error),
            };
            (open, result)
        })
        .await
    }

    /// The connection travels with the work: when the caller goes away, it is rolled back there.
    async fn step<T, F>(&mut self, work: impl FnOnce(Open) -> F) -> DbResult<T>
    where
        T: Send + 'static,
        F: Future<Output = (Open, DbResult<T>)> + Send + 'static,
    {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let work = work(self.open.take().ok_or_else(gone)?);
        let (mut open, result) = self.db.io.run(async move { Ok(work.await) }).await?;
        let failed = result.as_ref().err();
        if failed.is_some_and(|error| !errors::keeps_connection(error)) {
            open.lease = None;
        }
        self.open = Some(open);
        self.failed = failed.map(after);
        result
    }

    /// Asks something when a statement has failed: in a transaction that has been given up nothing can be
    /// asked, so it is rolled back first.
    pub(crate) async fn ask_after_failure(&mut self, sql: &'static Sql) -> DbResult<Reply> {
        if let Some(open) = self.open.take() {
            self.db.io.run(open.end("ROLLBACK")).await?;
        }
        self.db.run(sql, Vec::new()).await
    }

    /// An error of kind `LinkLost` means that nobody knows whether it was committed.
    pub(crate) async fn commit(mut self) -> DbResult<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let open = self.open.take().ok_or_else(gone)?;
        self.db.io.run(open.end("COMMIT")).await
    }

    /// Nothing of the transaction is left afterwards, even when the link broke.
    pub(crate) async fn rollback(mut self) -> DbResult<()> {
        match self.open.take() {
            Some(open) => self.db.io.run(open.end("ROLLBACK")).await.or(Ok(())),
            None => Ok(()),
        }
    }
}

/// What a transaction says to everything after its first error: the same kind, so that a whole that can be
/// run again is run again.
fn after(error: &DbError) -> DbError {
    let mut after = error.clone();
    after.message = format!("the transaction had failed before: {}", error.message);
    after
}

#[cfg(test)]
mod tests {
    use crate::db::postgres::Postgres;
    use crate::db::{DatabaseUrl, DbOptions, Prefix};

    /// Where a server is named; everywhere else there is nothing that could hold a transaction.
    #[tokio::test]
    async fn transaction_dropped_after_its_clients_last_handle_does_not_end_the_process() {
        let Ok(url) = std::env::var("DUTIFUL_TEST_POSTGRES_URL") else {
            return;
        };
        let options = DbOptions {
            pool_size: 1,
            prefix: Prefix::default(),
            away: None,
        };
        let url = DatabaseUrl::parse(&url).unwrap();
        for _ in 0..10 {
            let db = Postgres::open(&url, &options).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            tx.script("SELECT 1").await.unwrap();
            let open = tx.open.take();
            drop((db, tx));
            drop(open);
        }
    }
}
