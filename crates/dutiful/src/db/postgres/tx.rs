//! A transaction: one connection, held from `BEGIN` to `COMMIT`.

use super::connect::Lease;
use super::execute::{self, Place};
use super::rows::{self, Param};
use super::{Postgres, errors};
use crate::db::{DbError, DbErrorKind, DbResult, Reply, Rows, Sql, Value};
use tokio::runtime::Handle;

/// The settings go with the transaction, because behind a pooler nothing else lasts.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL lock_timeout = '20s'";

/// An open transaction. Dropping it rolls it back.
#[derive(Debug)]
pub(crate) struct PostgresTx {
    db: Postgres,
    /// Away while a statement runs; gone when the link broke.
    lease: Option<Lease>,
    /// A statement failed: the server takes nothing but the end of the transaction, and would answer
    /// `COMMIT` with a rollback that looks like success.
    failed: Option<DbError>,
    /// The loop that the connection lives on.
    home: Handle,
}

impl PostgresTx {
    pub(super) async fn begin(db: Postgres) -> DbResult<PostgresTx> {
        let lending = db.lending();
        let (lease, home) = db
            .io()
            .run(async move {
                let lease = lending.lend().await?;
                execute::command(lease.client()?, BEGIN).await?;
                Ok((lease, Handle::current()))
            })
            .await?;
        Ok(PostgresTx {
            db,
            lease: Some(lease),
            failed: None,
            home,
        })
    }

    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        self.execute(sql, vec![params.into_iter().map(Param::One).collect()])
            .await
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        self.execute(sql, rows::statements(rows)?).await
    }

    async fn execute(&mut self, sql: &'static Sql, parts: Vec<Vec<Param>>) -> DbResult<Reply> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let text = self.db.text(sql);
        let lending = self.db.lending();
        let lease = self.lease()?;
        // The connection travels with the work: when the caller goes away, it is dropped there and closes.
        let (lease, result) = self
            .db
            .io()
            .run(async move {
                let result = lending.in_transaction(&lease, &text, &parts).await;
                Ok((lease, result))
            })
            .await?;
        if let Err(error) = &result {
            self.failed = Some(after(error));
        }
        if result.as_ref().err().is_none_or(errors::keeps_connection) {
            self.lease = Some(lease);
        }
        result
    }

    /// An error of kind `LinkLost` means that nobody knows whether it was committed.
    pub(crate) async fn commit(mut self) -> DbResult<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let lease = self.lease()?;
        self.end(lease, "COMMIT").await
    }

    /// Nothing of the transaction is left afterwards, even when the link broke.
    pub(crate) async fn rollback(mut self) -> DbResult<()> {
        match self.lease.take() {
            Some(lease) => self.end(lease, "ROLLBACK").await.or(Ok(())),
            None => Ok(()),
        }
    }

    async fn end(&self, lease: Lease, text: &'static str) -> DbResult<()> {
        let work = async move {
            let result = execute::command(lease.client()?, text).await;
            lease.settle(&result);
            result
        };
        self.db.io().run(work).await
    }

    fn lease(&mut self) -> DbResult<Lease> {
        let lost = || {
            DbError::new(
                DbErrorKind::LinkLost,
                "the transaction's connection is gone",
            )
        };
        self.lease.take().ok_or_else(lost)
    }
}

impl Drop for PostgresTx {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.home.spawn(async move {
                let result = match lease.client() {
                    Ok(client) => execute::command(client, "ROLLBACK").await,
                    Err(error) => Err(error),
                };
                if result.is_ok() {
                    lease.give_back();
                }
            });
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
