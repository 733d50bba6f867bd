//! Transactions: one connection each, which is never shared again while a transaction is open on it.

use super::pool::Lease;
use super::{DbError, DbErrorKind, DbResult, Mysql, Reply, Rows, Sql, Statement, Value};
use super::{expand, run_all};
use std::fmt;

const COMMIT: &str = "COMMIT";

/// An open transaction. Dropping it drops its connection, which is rolled back then (see `pool`).
pub(crate) struct MysqlTx {
    db: Mysql,
    /// The connection; away while a statement runs, and gone when the transaction has ended.
    lease: Option<Lease>,
    /// Why the transaction ended before its time.
    undone: Option<DbError>,
}

impl MysqlTx {
    pub(super) fn new(db: Mysql, lease: Lease) -> MysqlTx {
        MysqlTx {
            db,
            lease: Some(lease),
            undone: None,
        }
    }

    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let statement = expand::single(self.db.text(sql), params)?;
        self.run_statements(vec![statement]).await
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        let limit = self.db.facts.statement_bytes();
        let statements = expand::batches(self.db.text(sql), rows, limit)?;
        self.run_statements(statements).await
    }

    /// The connection travels with the work, so a caller that goes away takes nothing with it: the
    /// work ends on the loop, and the connection, with nobody to hand it back to, is rolled back.
    async fn run_statements(&mut self, statements: Vec<Statement>) -> DbResult<Reply> {
        let mut lease = self.take()?;
        let outcome = self.db.io.run(async move {
            let result = run_all(&mut lease, statements).await;
            match &result {
                Err(error) if ends_transaction(error) => {
                    lease.roll_back().await;
                    lease.give_back();
                    Ok((None, result))
                }
                _ => Ok((Some(lease), result)),
            }
        });
        let (lease, result) = outcome.await.unwrap_or_else(|error| (None, Err(error)));
        if let (None, Err(error)) = (&lease, &result) {
            self.undone = Some(error.clone());
        }
        self.lease = lease;
        result
    }

    /// An error does not mean that nothing was committed, unless its kind is `Transient`.
    pub(crate) async fn commit(mut self) -> DbResult<()> {
        let mut lease = self.take()?;
        let work = async move {
            let result = commit(&mut lease).await;
            lease.give_back();
            result
        };
        self.db.io.run(work).await
    }

    pub(crate) async fn rollback(mut self) -> DbResult<()> {
        // A transaction that ended by an error has been rolled back already.
        let Some(mut lease) = self.lease.take() else {
            return Ok(());
        };
        let work = async move {
            lease.roll_back().await;
            lease.give_back();
            Ok(())
        };
        self.db.io.run(work).await
    }

    fn take(&mut self) -> DbResult<Lease> {
        self.lease.take().ok_or_else(|| match &self.undone {
            Some(error) => error.clone(),
            None => DbError::new(
                DbErrorKind::Transient,
                "the transaction was undone, because a statement of it was not waited for",
            ),
        })
    }
}

impl fmt::Debug for MysqlTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlTx")
            .field("undone", &self.undone)
            .finish_non_exhaustive()
    }
}

/// Commits; what the server did not clearly refuse may have happened.
pub(super) async fn commit(lease: &mut Lease) -> DbResult<()> {
    let result = lease.command(COMMIT).await;
    result.map_err(|error| match super::errors::refuses_commit(&error) {
        true => error,
        false => DbError {
            kind: DbErrorKind::LinkLost,
            ..error
        },
    })
}

/// A deadlock undoes the whole transaction and a lock wait one statement only. Either way the caller must
/// begin again, and until then a further statement would commit by itself.
fn ends_transaction(error: &DbError) -> bool {
    error.is_transient() || super::errors::breaks_link(error)
}
