//! Submitting inside a caller's own transaction.
//!
//! A transaction of a driver becomes something that our statements run on. Nothing here begins,
//! commits, rolls back or retries: the transaction stays the caller's.

mod mysql_async;
mod rusqlite;
#[cfg(feature = "sqlx")]
mod sqlx;
mod tokio_postgres;

use crate::db::{Db, DbError, DbResult, Dialect, Prefix, Reply, Rows, Sql, Value};
use crate::store::Session;
use std::borrow::Cow;
use std::future::Future;

/// A transaction of a driver that tasks can be submitted in, and that a handler can settle in.
///
/// | crate | types |
/// |---|---|
/// | rusqlite, as this crate was resolved to | `Transaction`, `Savepoint`, `Connection`, `&Connection` |
/// | mysql_async 0.37 | `Transaction`, `Conn` |
/// | tokio-postgres 0.7 | `Transaction`, `Client` |
/// | deadpool-postgres 0.14 | `Transaction` |
/// | sqlx 0.9, with the feature `sqlx` | `Transaction<Sqlite \| MySql \| Postgres>` and their connections |
///
/// A connection is for callers who begin their transaction by hand. Where none is open each statement
/// commits by itself.
///
/// Nothing is begun, committed, rolled back, retried or set on it. After an error the transaction is the
/// caller's to roll back; one of kind `database_busy` (a deadlock, a lock that was waited for too long)
/// means that all of it may be tried again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("shop.db");
/// let client = dutiful::Client::connect(&format!("sqlite:{}", file.display())).await?;
/// client.migrate().await?;
///
/// let mut connection = rusqlite::Connection::open(&file)?;
/// connection.execute_batch("CREATE TABLE orders (item TEXT)")?;
/// let mut tx = connection.transaction()?;
/// tx.execute("INSERT INTO orders (item) VALUES ('tea')", [])?;
/// let mail = serde_json::json!({ "item": "tea" });
/// let submitted = client.submit_json("SendMail", mail).within(&mut tx).await?;
/// tx.commit()?; // the order and the task, or neither
///
/// assert_eq!(client.get(submitted.id).await?.task_name, "SendMail");
/// # Ok(()) }
/// ```
///
/// It cannot be implemented outside this crate: what it passes on is opaque.
pub trait Enlist {
    /// The dialect that the connection speaks.
    #[doc(hidden)]
    fn speaks(&self) -> Speaks;

    /// Runs one statement in the transaction.
    #[doc(hidden)]
    fn run(&mut self, statement: Statement) -> impl Future<Output = Result<Answer, Failure>>;
}

/// Which engine an [`Enlist`] is for.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Speaks(pub(crate) Dialect);

/// A statement on its way into a caller's transaction.
#[doc(hidden)]
#[derive(Debug)]
pub struct Statement {
    pub(crate) sql: &'static Sql,
    pub(crate) prefix: Prefix,
    pub(crate) input: Input,
}

impl Statement {
    /// What the connection gets to see, and what goes into it.
    fn in_dialect(self, dialect: Dialect) -> (Cow<'static, str>, Input) {
        (self.prefix.apply(self.sql.text(dialect)), self.input)
    }
}

/// One set of parameters, or many rows.
#[derive(Debug)]
pub(crate) enum Input {
    Params(Vec<Value>),
    Rows(Rows),
}

/// What a statement gave back.
#[doc(hidden)]
#[derive(Debug)]
pub struct Answer(pub(crate) Reply);

impl Answer {
    fn of(result: DbResult<Reply>) -> Result<Answer, Failure> {
        result.map(Answer).map_err(Failure)
    }
}

/// Why a statement failed.
#[doc(hidden)]
#[derive(Debug)]
pub struct Failure(pub(crate) DbError);

/// A caller's transaction as a session of ours.
pub(crate) struct Within<'t, E> {
    tx: &'t mut E,
    /// Whose tables are meant, and who is asked when they are not there.
    db: Db,
}

impl<'t, E: Enlist> Within<'t, E> {
    pub(crate) fn new(tx: &'t mut E, db: &Db) -> Self {
        Within { tx, db: db.clone() }
    }

    async fn statement(&mut self, sql: &'static Sql, input: Input) -> DbResult<Reply> {
        let statement = Statement {
            sql,
            prefix: self.db.prefix().clone(),
            input,
        };
        match self.tx.run(statement).await {
            Ok(answer) => Ok(answer.0),
            Err(failure) => Err(self.db.explained(failure.0).await),
        }
    }
}

impl<E: Enlist> Session for Within<'_, E> {
    fn dialect(&self) -> Dialect {
        self.tx.speaks().0
    }

    fn run(
        &mut self,
        sql: &'static Sql,
        params: Vec<Value>,
    ) -> impl Future<Output = DbResult<Reply>> {
        self.statement(sql, Input::Params(params))
    }

    fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> impl Future<Output = DbResult<Reply>> {
        self.statement(sql, Input::Rows(rows))
    }
}
