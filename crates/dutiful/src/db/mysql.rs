//! MySQL and MariaDB.
//!
//! What lives here: the handle that the rest of the crate holds, and what one call of it does. Below:
//! the URL (`settings`), making connections (`connect`), sharing them (`pool`), running one statement
//! (`exec`), transactions (`tx`), many rows in few texts (`expand`), callers' own connections
//! (`guest`), values (`convert`), what the server's errors mean (`errors`) and which servers will do
//! (`version`).

mod connect;
mod convert;
mod errors;
mod exec;
mod expand;
pub(crate) mod guest;
mod pool;
mod settings;
mod tx;
mod version;

use super::io::Io;
use super::{
    Away, DatabaseUrl, DbError, DbErrorKind, DbOptions, DbResult, Dialect, Inserted, Names, Prefix,
    Reply, Rows, Sql, Value,
};
use connect::{Connector, Facts};
use expand::Statement;
use pool::{Lease, Pool};
use settings::Settings;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use tx::MysqlTx;

/// A client of one server. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Mysql {
    io: Io,
    connector: Arc<Connector>,
    pool: Arc<Pool>,
    facts: Facts,
    prefix: Prefix,
    away: Option<Away>,
}

impl Mysql {
    /// Connects once and checks that the server is new enough.
    pub(crate) async fn open(url: &DatabaseUrl, options: &DbOptions) -> DbResult<Mysql> {
        let settings = Settings::parse(url, options.pool_size)?;
        let size = settings.pool_size;
        let connector = Arc::new(Connector::new(settings));
        let pool = Pool::new(Arc::clone(&connector), size);
        let io = Io::start()?;
        let (prover, first) = (Arc::clone(&connector), Arc::clone(&pool));
        let facts = io
            .run(async move {
                let (conn, facts) = prover.prove().await?;
                first.keep(conn);
                Ok(facts)
            })
            .await?;
        Ok(Mysql {
            io,
            connector,
            pool,
            facts,
            prefix: options.prefix.clone(),
            away: options.away,
        })
    }

    /// A handle with one connection of its own, opened when it is first used.
    pub(crate) fn dedicated(&self) -> Mysql {
        Mysql {
            pool: Pool::new(Arc::clone(&self.connector), 1),
            ..self.clone()
        }
    }

    /// Runs one statement, which is committed when this returns.
    pub(crate) async fn run(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let statement = expand::single(self.text(sql), params)?;
        self.alone(statement).await
    }

    /// Runs one statement that reads, and has the server end it when it goes on for longer than this.
    pub(crate) async fn look(
        &self,
        sql: &'static Sql,
        params: Vec<Value>,
        limit: Duration,
    ) -> DbResult<Reply> {
        let text = expand::limited(&self.text(sql), limit, self.facts.is_mariadb);
        let statement = expand::single(Cow::Owned(text), params)?;
        self.alone(statement).await
    }

    /// Runs one statement about a table that is not ours.
    pub(crate) async fn run_named(
        &self,
        sql: &'static Sql,
        names: &Names,
        params: Vec<Value>,
    ) -> DbResult<Reply> {
        let text = names.apply(&self.text(sql));
        self.alone(expand::single(text.into(), params)?).await
    }

    /// Runs one statement of fixed text: a change of the schema, which commits by itself.
    pub(crate) async fn script(&self, text: &'static str) -> DbResult<()> {
        let statement = expand::single(self.prefix.apply(text), Vec::new())?;
        self.alone(statement).await.map(|_| ())
    }

    async fn alone(&self, statement: Statement) -> DbResult<Reply> {
        let pool = Arc::clone(&self.pool);
        self.io
            .run(async move {
                let mut lease = pool.take().await?;
                let result = lease.run(statement).await;
                lease.give_back();
                result
            })
            .await
    }

    /// Runs a statement over many rows, in one transaction when it takes more than one part.
    pub(crate) async fn run_rows(&self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        let statements = expand::batches(self.text(sql), rows, self.facts.statement_bytes())?;
        let pool = Arc::clone(&self.pool);
        self.io
            .run(async move {
                if statements.len() > 1 {
                    return in_transaction(&pool, statements).await;
                }
                let mut lease = pool.take().await?;
                let result = run_all(&mut lease, statements).await;
                lease.give_back();
                result
            })
            .await
    }

    /// Begins a transaction at READ COMMITTED.
    pub(crate) async fn begin(&self) -> DbResult<MysqlTx> {
        let pool = Arc::clone(&self.pool);
        let lease = self.io.run(async move { pool.begin().await }).await?;
        Ok(MysqlTx::new(self.clone(), lease))
    }

    /// The largest packet that the server takes, in bytes, as it was when the client was opened.
    pub(crate) fn max_packet(&self) -> u64 {
        self.facts.max_packet
    }

    /// Where the server listens; `None` for a Unix socket.
    pub(crate) fn host_and_port(&self) -> Option<(String, u16)> {
        self.connector.host_and_port()
    }

    pub(crate) fn io(&self) -> &Io {
        &self.io
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    pub(crate) fn away(&self) -> Option<Away> {
        self.away
    }

    fn text(&self, sql: &'static Sql) -> Cow<'static, str> {
        self.prefix.apply(sql.text(Dialect::Mysql))
    }
}

/// All parts or none.
async fn in_transaction(pool: &Arc<Pool>, statements: Vec<Statement>) -> DbResult<Reply> {
    let mut lease = pool.begin().await?;
    let result = match run_all(&mut lease, statements).await {
        Ok(reply) => tx::commit(&mut lease).await.map(|()| reply),
        Err(error) => Err(error),
    };
    if result.is_err() {
        lease.roll_back().await;
    }
    lease.give_back();
    result
}

/// Runs the parts of one statement and joins their answers.
async fn run_all(lease: &mut Lease, statements: Vec<Statement>) -> DbResult<Reply> {
    let mut whole = Reply::default();
    for statement in statements {
        whole.join(lease.run(statement).await?);
    }
    Ok(whole)
}
