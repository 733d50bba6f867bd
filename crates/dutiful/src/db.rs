//! The narrow port to the three databases: statements in, rows out.
//!
//! Everything above this module speaks [`Sql`], [`Value`] and [`Row`]; driver crates are named only
//! below it. What lives here: connecting, transactions, the tables of transient errors, and what a
//! driver needs to know about its engine. What does not: any statement about tasks (see `store`).

pub(crate) mod away;
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

pub(crate) use away::Away;
pub(crate) use error::{DbError, DbErrorKind, DbResult};
pub(crate) use names::Names;
pub(crate) use row::{Inserted, Reply, Row};
pub(crate) use sql::{Dialect, Prefix, Sql};
pub(crate) use url::DatabaseUrl;
pub(crate) use value::{Rows, Value};

use dutiful_core::limits::{self, MOVE_PATIENCE};
use std::time::{Duration, Instant};

/// How often a read is tried at most.
const READS_MAX: u32 = 4;

/// How long one statement of a look goes on. PostgreSQL has the same in `postgres::LOOK`.
pub(crate) const LOOK_MAX: Duration = Duration::from_secs(5);
const TOO_SLOW: &str = "the database did not answer a look within 5 s: it is busy, or the rows are large; try again, \
     or narrow what is asked for";

/// How a [`Db`] is opened.
#[derive(Debug, Clone)]
pub(crate) struct DbOptions {
    /// Connections that callers share; the worker's own are apart.
    pub(crate) pool_size: usize,
    /// What table names begin with.
    pub(crate) prefix: Prefix,
    /// How to find out why a table is missing; `None` believes the database.
    pub(crate) away: Option<Away>,
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

    fn away(&self) -> Option<Away> {
        match self {
            Db::Sqlite(db) => db.away(),
            Db::Mysql(db) => db.away(),
            Db::Postgres(db) => db.away(),
        }
    }

    /// What an error about a missing table means: the queue may be away, or be in another database now.
    pub(crate) async fn explained(&self, error: DbError) -> DbError {
        let Some(away) = self.away().filter(|_| Away::concerns(&error)) else {
            return error;
        };
        match self.read_once(away.ask, Vec::new()).await {
            Ok(rows) => (away.judge)(&rows).unwrap_or(error),
            Err(_) => error,
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
    /// breaks or the engine gives it up; but not when the server has already kept us waiting. While the
    /// queue is being moved it waits for it.
    pub(crate) async fn read(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.read_once(sql, params.clone()).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.explained(error).await,
            };
            match error.kind {
                DbErrorKind::Moving if began.elapsed() < MOVE_PATIENCE => {
                    away::pause().await;
                    tries -= 1;
                }
                _ if error.may_be_repeated()
                    && tries < READS_MAX
                    && began.elapsed() < gate::PATIENCE => {}
                _ => return Err(error),
            }
        }
    }

    /// Reads like [`Db::read`], for people who look: a statement that goes on for five seconds is ended, so that
    /// no look at a large table holds up what works. It takes two more round trips on PostgreSQL: what an index and
    /// a number of rows bound needs no such limit. Time in which the queue is being moved does not count.
    pub(crate) async fn look(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        let began = Instant::now();
        let (mut tries, mut deadline) = (0, began + LOOK_MAX);
        loop {
            tries += 1;
            let error = match self.look_once(sql, params.clone()).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.explained(error).await,
            };
            let is_late = Instant::now() >= deadline;
            match error.kind {
                DbErrorKind::Moving if began.elapsed() < MOVE_PATIENCE => {
                    away::pause().await;
                    (tries, deadline) = (0, Instant::now() + LOOK_MAX);
                }
                _ if is_late && error.is_ended_statement() => {
                    return Err(DbError::new(DbErrorKind::TooSlow, TOO_SLOW));
                }
                _ if !is_late && tries < READS_MAX && error.may_be_repeated() => {}
                _ => return Err(error),
            }
        }
    }

    async fn look_once(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Vec<Row>> {
        match self {
            Db::Sqlite(db) => db.look(sql, params, LOOK_MAX).await,
            Db::Mysql(db) => Ok(db.look(sql, params, LOOK_MAX).await?.rows),
            Db::Postgres(db) => Ok(db.look(sql, params).await?.rows),
        }
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
        let done = match self {
            Db::Sqlite(db) => db.write(sql, params).await,
            Db::Mysql(db) => db.run(sql, params).await,
            Db::Postgres(db) => db.run(sql, params).await,
        };
        match done {
            Err(error) => Err(self.explained(error).await),
            done => done,
        }
    }

    /// Runs one statement over many rows in a transaction of its own (see [`Rows`]).
    pub(crate) async fn write_rows(&self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        if rows.is_empty() {
            return Ok(Reply::default());
        }
        let done = match self {
            Db::Sqlite(db) => db.write_rows(sql, rows).await,
            Db::Mysql(db) => db.run_rows(sql, rows).await,
            Db::Postgres(db) => db.run_rows(sql, rows).await,
        };
        match done {
            Err(error) => Err(self.explained(error).await),
            done => done,
        }
    }

    /// Begins a transaction: READ COMMITTED on MySQL and PostgreSQL, the write lock on SQLite.
    /// Dropping it without [`Tx::commit`] rolls it back.
    pub(crate) async fn begin(&self) -> DbResult<Tx> {
        let way = match self {
            Db::Sqlite(db) => Way::Sqlite(db.begin().await?),
            Db::Mysql(db) => Way::Mysql(db.begin().await?),
            Db::Postgres(db) => Way::Postgres(Box::new(db.begin().await?)),
        };
        Ok(Tx {
            way,
            away: self.away(),
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
pub(crate) struct Tx {
    way: Way,
    away: Option<Away>,
}

#[derive(Debug)]
enum Way {
    Sqlite(sqlite::SqliteTx),
    Mysql(mysql::MysqlTx),
    Postgres(Box<postgres::PostgresTx>),
}

impl Tx {
    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let done = match &mut self.way {
            Way::Sqlite(tx) => tx.run(sql, params).await,
            Way::Mysql(tx) => tx.run(sql, params).await,
            Way::Postgres(tx) => tx.run(sql, params).await,
        };
        self.explained(done).await
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        if rows.is_empty() {
            return Ok(Reply::default());
        }
        let done = match &mut self.way {
            Way::Sqlite(tx) => tx.run_rows(sql, rows).await,
            Way::Mysql(tx) => tx.run_rows(sql, rows).await,
            Way::Postgres(tx) => tx.run_rows(sql, rows).await,
        };
        self.explained(done).await
    }

    /// Statements of fixed text that belong to the transaction: changes of the schema, where the engine can
    /// undo them.
    pub(crate) async fn script(&mut self, text: &'static str) -> DbResult<()> {
        match &mut self.way {
            Way::Sqlite(tx) => tx.script(text).await,
            Way::Postgres(tx) => tx.script(text).await,
            Way::Mysql(_) => Err(DbError::new(
                DbErrorKind::Other,
                "a change of the schema commits by itself on MySQL",
            )),
        }
    }

    /// See [`Db::explained`]. The answer is read in the transaction itself, which no other connection can
    /// be waited for in; PostgreSQL has given the transaction up, so it is rolled back first.
    async fn explained(&mut self, done: DbResult<Reply>) -> DbResult<Reply> {
        let Err(error) = done else {
            return done;
        };
        let Some(away) = self.away.filter(|_| Away::concerns(&error)) else {
            return Err(error);
        };
        let asked = match &mut self.way {
            Way::Sqlite(tx) => tx.run(away.ask, Vec::new()).await,
            Way::Mysql(tx) => tx.run(away.ask, Vec::new()).await,
            Way::Postgres(tx) => tx.ask_after_failure(away.ask).await,
        };
        let judged = asked.ok().and_then(|reply| (away.judge)(&reply.rows));
        Err(judged.unwrap_or(error))
    }

    /// An error here does not mean that nothing was committed: the answer may have been lost.
    pub(crate) async fn commit(self) -> DbResult<()> {
        match self.way {
            Way::Sqlite(tx) => tx.commit().await,
            Way::Mysql(tx) => tx.commit().await,
            Way::Postgres(tx) => tx.commit().await,
        }
    }

    /// Always explicit: on MySQL an error in the middle undoes one statement only.
    pub(crate) async fn rollback(self) -> DbResult<()> {
        match self.way {
            Way::Sqlite(tx) => tx.rollback().await,
            Way::Mysql(tx) => tx.rollback().await,
            Way::Postgres(tx) => tx.rollback().await,
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
