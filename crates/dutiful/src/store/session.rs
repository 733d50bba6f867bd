//! Where a verb's statements run: on the database, in a transaction of ours, or in a caller's own.

use crate::db::{Db, DbResult, Dialect, Reply, Rows, Sql, Tx, Value};
use std::future::Future;

/// Something that runs statements. A verb that takes one never begins or ends a transaction.
pub(crate) trait Session {
    fn dialect(&self) -> Dialect;

    /// Whether each statement is a transaction of its own.
    fn is_autocommit(&self) -> bool {
        false
    }

    fn run(
        &mut self,
        sql: &'static Sql,
        params: Vec<Value>,
    ) -> impl Future<Output = DbResult<Reply>>;

    fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> impl Future<Output = DbResult<Reply>>;
}

/// A transaction together with the dialect it speaks.
#[derive(Debug)]
pub(crate) struct OwnTx {
    pub(crate) tx: Tx,
    pub(crate) dialect: Dialect,
}

impl OwnTx {
    pub(crate) async fn begin(db: &Db) -> DbResult<OwnTx> {
        Ok(OwnTx {
            tx: db.begin().await?,
            dialect: db.dialect(),
        })
    }

    pub(crate) async fn commit(self) -> DbResult<()> {
        self.tx.commit().await
    }

    pub(crate) async fn rollback(self) -> DbResult<()> {
        self.tx.rollback().await
    }
}

impl Session for OwnTx {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn run(
        &mut self,
        sql: &'static Sql,
        params: Vec<Value>,
    ) -> impl Future<Output = DbResult<Reply>> {
        self.tx.run(sql, params)
    }

    fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> impl Future<Output = DbResult<Reply>> {
        self.tx.run_rows(sql, rows)
    }
}

/// The database itself: each statement is a transaction of its own.
#[derive(Debug)]
pub(crate) struct Autocommit<'a>(pub(crate) &'a Db);

impl Session for Autocommit<'_> {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn is_autocommit(&self) -> bool {
        true
    }

    fn run(
        &mut self,
        sql: &'static Sql,
        params: Vec<Value>,
    ) -> impl Future<Output = DbResult<Reply>> {
        self.0.write(sql, params)
    }

    fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> impl Future<Output = DbResult<Reply>> {
        self.0.write_rows(sql, rows)
    }
}
