//! Transactions and connections of sqlx 0.9, all three engines.

mod mysql;
mod postgres;
mod sqlite;

use super::{Answer, Enlist, Failure, Speaks, Statement};
use crate::db::{DbError, DbErrorKind, DbResult, Dialect, Reply, Row, Value};
use futures_util::TryStreamExt;
use sqlx::database::HasStatementCache;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::{AssertSqlSafe, ColumnIndex, Database, Either, Error, Executor, IntoArguments};
use sqlx::{MySqlConnection, PgConnection, Row as _, SqliteConnection, Transaction};
use std::fmt::Display;

macro_rules! enlist {
    ($dialect:expr, $run:path, $database:ty, $connection:ty) => {
        impl Enlist for $connection {
            fn speaks(&self) -> Speaks {
                Speaks($dialect)
            }

            async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
                Answer::of($run(self, statement).await)
            }
        }

        impl Enlist for Transaction<'_, $database> {
            fn speaks(&self) -> Speaks {
                Speaks($dialect)
            }

            async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
                Answer::of($run(self, statement).await)
            }
        }
    };
}

enlist!(Dialect::Sqlite, sqlite::run, sqlx::Sqlite, SqliteConnection);
enlist!(Dialect::Mysql, mysql::run, sqlx::MySql, MySqlConnection);
enlist!(
    Dialect::Postgres,
    postgres::run,
    sqlx::Postgres,
    PgConnection
);

/// What differs between the engines when a statement is run.
trait Engine: Database + HasStatementCache {
    /// Whether the connection keeps our statements prepared, by a name, for the next time.
    const KEEPS_PREPARED: bool = true;

    /// A column, read by its type.
    fn value(column: Self::ValueRef<'_>) -> Result<Value, BoxDynError>;

    /// Adds what the engine counted.
    fn count(result: &Self::QueryResult, reply: &mut Reply);

    /// An error of the server, or of SQLite.
    fn failure(error: &dyn DatabaseError) -> DbError;
}

/// Runs one statement to its end.
async fn execute<DB: Engine>(
    connection: &mut DB::Connection,
    text: impl Into<String>,
    arguments: DB::Arguments,
) -> DbResult<Reply>
where
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
{
    let mut reply = Reply::default();
    let query = sqlx::query_with::<DB, _>(AssertSqlSafe(text.into()), arguments);
    let query = query.persistent(DB::KEEPS_PREPARED);
    let mut answers = connection.fetch_many(query);
    while let Some(answer) = answers.try_next().await.map_err(failure::<DB>)? {
        match answer {
            Either::Left(result) => DB::count(&result, &mut reply),
            Either::Right(row) => reply.rows.push(read::<DB>(&row)?),
        }
    }
    Ok(reply)
}

fn read<DB: Engine>(row: &DB::Row) -> DbResult<Row>
where
    usize: ColumnIndex<DB::Row>,
{
    let value = |index| {
        let unread = |error: &dyn Display| DbError::decode(index, &error.to_string());
        let column = row.try_get_raw(index).map_err(|error| unread(&error))?;
        DB::value(column).map_err(|error| unread(&error))
    };
    (0..row.len()).map(value).collect::<DbResult<_>>().map(Row)
}

fn failure<DB: Engine>(error: Error) -> DbError {
    let kind = match &error {
        Error::Database(error) => return DB::failure(&**error),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
            DbErrorKind::LinkLost
        }
        Error::ColumnDecode { .. } | Error::Decode(_) => DbErrorKind::Decode,
        _ => DbErrorKind::Other,
    };
    DbError::new(kind, error.to_string())
}

/// A parameter that could not be handed over.
fn refused(error: &BoxDynError) -> DbError {
    DbError::new(DbErrorKind::Other, format!("a parameter: {error}"))
}
