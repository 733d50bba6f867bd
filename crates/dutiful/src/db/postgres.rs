//! PostgreSQL, through tokio-postgres and a pool.
//!
//! Nothing here relies on the session that a statement meets, so that a pooler in transaction mode may stand
//! between: isolation and timeouts go with each transaction, and statements are not kept there.

mod connect;
mod convert;
mod errors;
mod execute;
pub(crate) mod guest;
mod listen;
mod parameters;
mod pooler;
mod rows;
mod settings;
mod tx;

pub(crate) use listen::Listener;
pub(crate) use tx::PostgresTx;

use super::gate::PATIENCE;
use super::io::Io;
use super::{
    Away, DatabaseUrl, DbError, DbErrorKind, DbOptions, DbResult, Dialect, Prefix, Reply, Rows,
    Sql, Value,
};
use connect::{Connector, Lease};
use deadpool_postgres::Pool;
use execute::Place;
use rows::Param;
use settings::Settings;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_postgres::Config;

/// The first version with all that is used, and that its makers still repaired in 2024.
const LOWEST_VERSION: i64 = 12;

/// A pool of connections to one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    io: Io,
    prefix: Prefix,
    away: Option<Away>,
    settings: Arc<Settings>,
    lending: Lending,
}

/// What an operation on the loop needs: it must not hold the loop itself.
#[derive(Debug, Clone)]
struct Lending {
    connector: Connector,
    pool: Pool,
    /// Whether statements are prepared and kept.
    caching: Arc<AtomicBool>,
    /// Whether a pooler answered instead of the server.
    pooled: Arc<AtomicBool>,
}

impl Postgres {
    /// Connects once, checks the version, and finds out what stands between.
    pub(crate) async fn open(url: &DatabaseUrl, options: &DbOptions) -> DbResult<Postgres> {
        let settings = Arc::new(Settings::parse(url)?);
        let connector = Connector::new(&settings)?;
        let pool = connector.pool(&settings, settings.pool.unwrap_or(options.pool_size.max(1)))?;
        let caching = Arc::new(AtomicBool::new(settings.statement_cache == Some(true)));
        let lending = Lending {
            connector,
            pool,
            caching,
            pooled: Arc::default(),
        };
        let io = Io::start()?;
        let (proving, asked) = (lending.clone(), settings.statement_cache);
        io.run(async move { proving.prove(asked).await }).await?;
        Ok(Postgres {
            io,
            prefix: options.prefix.clone(),
            away: options.away,
            settings,
            lending,
        })
    }

    /// A handle with one connection of its own, opened when first used, for the statements of a worker.
    pub(crate) fn dedicated(&self) -> Postgres {
        let mut own = self.clone();
        own.lending.connector = self.lending.connector.of_worker();
        // It fails only without a runtime to time by, and one is named.
        if let Ok(pool) = own.lending.connector.pool(&self.settings, 1) {
            own.lending.pool = pool;
        }
        own
    }

    /// Runs one statement in a transaction of its own: one round trip, no `BEGIN` around it.
    pub(crate) async fn run(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let params = params.into_iter().map(Param::One).collect();
        self.alone(self.text(sql), params).await
    }

    /// Runs one statement that reads, and has the server end it when it goes on for long. The limit goes with the
    /// transaction, since behind a pooler nothing else lasts.
    pub(crate) async fn look(&self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let text = self.text(sql);
        let params = [params.into_iter().map(Param::One).collect()];
        let work = move |lease: Lease, lending: Lending| async move {
            let looked = async {
                execute::command(lease.client()?, tx::LOOK).await?;
                let reply = lending.in_transaction(&lease, &text, &params).await;
                execute::command(lease.client()?, "ROLLBACK").await?;
                reply
            };
            let result = looked.await;
            lease.settle(&result);
            result
        };
        self.lent(work).await
    }

    /// Runs one statement over many rows; very large sets are cut, in one transaction.
    pub(crate) async fn run_rows(&self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        let mut parts = rows::statements(rows)?;
        if parts.len() == 1 {
            let only = parts.pop().unwrap_or_default();
            return self.alone(self.text(sql), only).await;
        }
        let mut tx = self.begin().await?;
        let reply = tx.execute(sql, parts).await?;
        tx.commit().await?;
        Ok(reply)
    }

    pub(crate) async fn begin(&self) -> DbResult<PostgresTx> {
        PostgresTx::begin(self.clone()).await
    }

    /// Listens on a connection of its own. An error of kind `Unsupported` means: poll instead.
    pub(crate) async fn listen(&self, channel: &str) -> DbResult<Listener> {
        Listener::open(self.clone(), channel).await
    }

    async fn alone(&self, text: Cow<'static, str>, params: Vec<Param>) -> DbResult<Reply> {
        let work = move |lease: Lease, lending: Lending| async move {
            let client = lease.client()?;
            let result =
                execute::execute(client, &text, &params, &lending.caching, Place::Alone).await;
            lease.settle(&result);
            result
        };
        self.lent(work).await
    }

    /// Runs work on the loop with a connection out of the pool. A caller that goes away while still
    /// waiting for one leaves the queue; from then on the work runs to its end.
    async fn lent<T, W, F>(&self, work: W) -> DbResult<T>
    where
        T: Send + 'static,
        W: FnOnce(Lease, Lending) -> F + Send + 'static,
        F: Future<Output = DbResult<T>> + Send,
    {
        let (_here, gone) = oneshot::channel::<()>();
        let lending = self.lending.clone();
        let work = async move {
            let lease = tokio::select! {
                lease = lending.lend() => lease?,
                _ = gone => return Err(DbError::new(DbErrorKind::Unavailable, "the caller went away")),
            };
            work(lease, lending).await
        };
        self.io.run(work).await
    }

    fn text(&self, sql: &'static Sql) -> Cow<'static, str> {
        self.prefix.apply(sql.text(Dialect::Postgres))
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

    fn listening(&self) -> DbResult<(Connector, Config, Duration)> {
        let settings = &self.settings;
        let pooled = self.lending.pooled.load(Ordering::Relaxed);
        listen::refuse(settings.listen, pooled, settings.listen_url.is_some())?;
        let (connector, settings) = match &settings.listen_url {
            Some(url) => {
                let direct = Settings::parse(url)?;
                (Connector::new(&direct)?, Arc::new(direct))
            }
            None => (self.lending.connector.clone(), Arc::clone(settings)),
        };
        Ok((
            connector,
            listen::named(&settings.config),
            settings.connect_timeout(),
        ))
    }
}

impl Lending {
    /// A connection out of the pool. Waits while the server is away, up to a bound.
    async fn lend(&self) -> DbResult<Lease> {
        self.connector.lend(&self.pool, PATIENCE).await
    }

    async fn in_transaction(
        &self,
        lease: &Lease,
        text: &str,
        parts: &[Vec<Param>],
    ) -> DbResult<Reply> {
        let mut all = Reply::default();
        for params in parts {
            let client = lease.client()?;
            let place = Place::InTransaction;
            all.join(execute::execute(client, text, params, &self.caching, place).await?);
        }
        Ok(all)
    }

    /// Asks the server who it is; what is wrong is told at once. `asked`: what the URL says about keeping statements.
    async fn prove(&self, asked: Option<bool>) -> DbResult<()> {
        const WHO: &str = "SELECT pg_backend_pid(), current_setting('server_version_num')::int8, \
                           current_setting('server_version'), current_setting('default_transaction_isolation')";
        let lease = self.connector.lend(&self.pool, Duration::ZERO).await?;
        let client = lease.client()?;
        let reply =
            execute::execute(client, WHO, &[], &AtomicBool::new(false), Place::Alone).await?;
        let row = reply.rows.first();
        let row = row
            .ok_or_else(|| DbError::new(DbErrorKind::Other, "the server said nothing of itself"))?;
        let pooled = pooler::greeted_as(client).await.map(i64::from) != Some(row.int(0)?);
        check_version(row.int(1)?, row.text(2)?)?;
        check_isolation(row.text(3)?)?;
        self.pooled.store(pooled, Ordering::Relaxed);
        self.caching
            .store(asked.unwrap_or(!pooled), Ordering::Relaxed);
        if pooled && asked.is_none() {
            tracing::info!(
                server = self.connector.server(),
                "a pooler stands before the database; statements are not prepared \
                 (statement_cache=on in the database URL when it keeps track of them)"
            );
        }
        lease.give_back();
        Ok(())
    }
}

fn check_version(number: i64, text: &str) -> DbResult<()> {
    if number / 10_000 >= LOWEST_VERSION {
        return Ok(());
    }
    let message = format!(
        "the server is PostgreSQL {text}; {LOWEST_VERSION} is the lowest that is supported, so update the server"
    );
    Err(DbError::new(DbErrorKind::Unsupported, message))
}

/// Single statements run at the session's level, which a pooler may keep us from setting.
fn check_isolation(level: &str) -> DbResult<()> {
    if level == "read committed" {
        return Ok(());
    }
    let message = format!(
        "the server's default_transaction_isolation is `{level}` and a pooler keeps us from changing it; \
         run: ALTER ROLE the_user SET default_transaction_isolation = 'read committed'"
    );
    Err(DbError::new(DbErrorKind::Unsupported, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_refused_with_both_versions() {
        assert!(check_version(120_000, "12.0").is_ok());
        let error = check_version(110_022, "11.22").unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Unsupported);
        assert!(
            error.message.contains("11.22") && error.message.contains("12"),
            "{error}"
        );
    }

    #[test]
    fn another_isolation_level_is_refused_with_the_cure() {
        assert!(check_isolation("read committed").is_ok());
        assert!(
            check_isolation("serializable")
                .unwrap_err()
                .message
                .contains("ALTER ROLE")
        );
    }
}
