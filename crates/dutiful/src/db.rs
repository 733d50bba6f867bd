//! The narrow port to the three databases: statements in, rows out.
//!
//! Everything above this module speaks [`Sql`], [`Value`] and [`Row`]; driver crates are named only
//! below it. What lives here: connecting, transactions, the tables of transient errors, and what a
//! driver needs to know about its engine. What does not: any statement about tasks (see `store`).

pub(crate) mod error;
mod gate;
pub(crate) mod io;
pub(crate) mod mysql;
mod names;
pub(crate) mod postgres;
pub(crate) mod row;
pub(crate) mod sql;
pub(crate) mod sqlite;
pub(crate) mod tls;
pub(crate) mod url;
pub(crate) mod value;

pub(crate) use error::{DbError, DbErrorKind, DbResult};
pub(crate) use names::Names;
pub(crate) use row::{Inserted, Reply, Row};
pub(crate) use sql::{Dialect, Prefix, Sql};
pub(crate) use url::DatabaseUrl;
pub(crate) use value::{Rows, Value};

use dutiful_core::limits;
use std::time::Instant;

/// How often a read is tried at most.
const READS_MAX: u32 = 4;

/// How a [`Db`] is opened.
#[derive(Debug, Clone)]
pub(crate) struct DbOptions {
    /// Connections that callers share; the worker's own are apart.
    pub(crate) pool_size: usize,
    /// What table names begin with.
    pub(crate) prefix: Prefix,
}

/// One database, whichever engine it is. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Sqlite(sqlite::Sqlite),
    Mysql(mysql::Mysql),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Connects once, to prove that it can be done, and checks the version of the server.
    pub(crate) async fn open(url: &DatabaseUrl, options: &DbOptions) -> DbResult<Db> {
        Ok(match url.dialect() {
            Dialect::Sqlite => Db::Sqlite(sqlite::Sqlite::open(url, options).await?),
            Dialect::Mysql => Db::Mysql(mysql::Mysql::open(url, options).await?),
            Dialect::Postgres => Db::Postgres(postgres::Postgres::open(url, options).await?),
        })
    }

    /// A handle with one connection of its own, opened when first used, so that its user never
    /// waits for others. On SQLite it is the same handle: one thread writes there in any case.
    pub(crate) fn dedicated(&self) -> Db {
        match self {
            Db::Sqlite(db) => Db::Sqlite(db.clone()),
            Db::Mysql(db) => Db::Mysql(db.dedicated()),
            Db::Postgres(db) => Db::Postgres(db.dedicated()),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Db::Sqlite(_) => Dialect::Sqlite,
            Db::Mysql(_) => Dialect::Mysql,
            Db::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The loop that the connections live on; SQLite has none.
    pub(crate) fn io(&self) -> Option<&io::Io> {
        match self {
            Db::Sqlite(_) => None,
            Db::Mysql(db) => Some(db.io()),
            Db::Postgres(db) => Some(db.io()),
        }
    }

    /// What table names begin with.
    pub(crate) fn prefix(&self) -> &Prefix {
        match self {
            Db::Sqlite(db) => db.prefix(),
            Db::Mysql(db) => db.prefix(),
            Db::Postgres(db) => db.prefix(),
        }
    }

    /// Bytes of payload that can be written: MySQL takes no packet above `max_allowed_packet`, and half
    /// of one is left to the other parameters.
    pub(crate) fn payload_bytes_max(&self) -> usize {
        self.at_most_half_a_packet(limits::PAYLOAD_BYTES_MAX)
    }

    /// Bytes of a result that can be written; see [`Db::payload_bytes_max`].
    pub(crate) fn result_bytes_max(&self) -> usize {
        self.at_most_half_a_packet(limits::RESULT_BYTES_MAX)
    }

    fn at_most_half_a_packet(&self, bytes: usize) -> usize {
        match self {
            Db::Mysql(db) => half_a_packet(db.max_packet(), bytes),
            Db::Sqlite(_) | Db::Postgres(_) => bytes,
        }
    }

    /// Runs a statement that only reads. Reading twice does no harm, so it is read again when the link
    /// breaks or the engine gives it up; but not when the server has already kept us waiting.
    pub(crate) async fn read(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        read_again(|| self.read_once(sql, params.clone())).await
    }

    /// As [`Db::read`], from a table that is not ours: the statement names it by words in braces. Only MySQL's
    /// dialect has such statements.
    pub(crate) async fn read_elsewhere(
        &self,
        sql: &'static Sql,
        names: &Names,
        params: Vec<Value>,
    ) -> DbResult<Vec<Row>> {
        let Db::Mysql(db) = self else {
            let text = "tables of others are read on MySQL and MariaDB only";
            return Err(DbError::new(DbErrorKind::Unsupported, text));
        };
        let read = || db.run_named(sql, names, params.clone());
        Ok(read_again(read).await?.rows)
    }

    async fn read_once(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        match self {
            Db::Sqlite(db) => db.read(sql, params).await,
            Db::Mysql(db) => Ok(db.run(sql, params).await?.rows),
            Db::Postgres(db) => Ok(db.run(sql, params).await?.rows),
        }
    }

    /// Runs one statement in a transaction of its own. It is committed when this returns.
    pub(crate) async fn write(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        match self {
            Db::Sqlite(db) => db.write(sql, params).await,
            Db::Mysql(db) => db.run(sql, params).await,
            Db::Postgres(db) => db.run(sql, params).await,
        }
    }

    /// Runs one statement over many rows in a transaction of its own (see [`Rows`]).
    pub(crate) async fn write_rows(&self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        if rows.is_empty() {
            return Ok(Reply::default());
        }
        match self {
            Db::Sqlite(db) => db.write_rows(sql, rows).await,
            Db::Mysql(db) => db.run_rows(sql, rows).await,
            Db::Postgres(db) => db.run_rows(sql, rows).await,
        }
    }

    /// Begins a transaction: READ COMMITTED on MySQL and PostgreSQL, the write lock on SQLite.
    /// Dropping it without [`Tx::commit`] rolls it back.
    pub(crate) async fn begin(&self) -> DbResult<Tx> {
        Ok(match self {
            Db::Sqlite(db) => Tx::Sqlite(db.begin().await?),
            Db::Mysql(db) => Tx::Mysql(db.begin().await?),
            Db::Postgres(db) => Tx::Postgres(Box::new(db.begin().await?)),
        })
    }
}

/// Reads until it is answered, a few times.
async fn read_again<T, F>(read: impl Fn() -> F) -> DbResult<T>
where
    F: Future<Output = DbResult<T>>,
{
    let deadline = Instant::now() + gate::PATIENCE;
    for _ in 1..READS_MAX {
        match read().await {
            Err(error) if error.may_be_repeated() && Instant::now() < deadline => {}
            result => return result,
        }
    }
    read().await
}

fn half_a_packet(max_packet: u64, bytes: usize) -> usize {
    usize::try_from(max_packet / 2).map_or(bytes, |half| half.min(bytes))
}

/// A transaction of ours. No user code ever runs while one is open.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(sqlite::SqliteTx),
    Mysql(mysql::MysqlTx),
    Postgres(Box<postgres::PostgresTx>),
}

impl Tx {
    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        match self {
            Tx::Sqlite(tx) => tx.run(sql, params).await,
            Tx::Mysql(tx) => tx.run(sql, params).await,
            Tx::Postgres(tx) => tx.run(sql, params).await,
        }
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        if rows.is_empty() {
            return Ok(Reply::default());
        }
        match self {
            Tx::Sqlite(tx) => tx.run_rows(sql, rows).await,
            Tx::Mysql(tx) => tx.run_rows(sql, rows).await,
            Tx::Postgres(tx) => tx.run_rows(sql, rows).await,
        }
    }

    /// An error here does not mean that nothing was committed: the answer may have been lost.
    pub(crate) async fn commit(self) -> DbResult<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Mysql(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
    }

    /// Always explicit: on MySQL an error in the middle undoes one statement only.
    pub(crate) async fn rollback(self) -> DbResult<()> {
        match self {
            Tx::Sqlite(tx) => tx.rollback().await,
            Tx::Mysql(tx) => tx.rollback().await,
            Tx::Postgres(tx) => tx.rollback().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_packet_lowers_the_bound_and_a_large_one_does_not_raise_it() {
        const MIB: usize = 1024 * 1024;
        assert_eq!(half_a_packet(MIB as u64, MIB), MIB / 2);
        assert_eq!(half_a_packet(16 * MIB as u64, MIB), MIB);
        assert_eq!(half_a_packet(16 * MIB as u64, 8 * MIB), 8 * MIB);
    }
}
