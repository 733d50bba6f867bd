//! Making connections, and lending them out of the pool.

use super::errors;
use super::settings::Settings;
use crate::db::error::CHECK_SERVER;
use crate::db::gate::Gate;
use crate::db::{DbError, DbErrorKind, DbResult, tls};
use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod, Runtime, TimeoutType,
};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a caller waits for a pooled connection that others hold.
const POOL_WAIT: Duration = Duration::from_secs(30);
/// After this long unused, a connection is asked whether it lives before it is lent.
const IDLE_CHECK: Duration = Duration::from_secs(30);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// What our sessions start with. A pooler may refuse it; transactions set what they need in any case.
///
/// A connection keeps its plans. One that was made while a table was small would read all of it, and still
/// does when it is large, until the table is analysed; so reading pages in turn is made dear, and only what
/// has no index does it. Compiling a plan takes longer than any of our statements should.
const START_OPTIONS: &str = "-c TimeZone=UTC -c default_transaction_isolation=read\\ committed \
     -c idle_in_transaction_session_timeout=60s -c lock_timeout=20s -c client_min_messages=warning \
     -c seq_page_cost=100 -c jit=off";

/// How the statements of a worker's own connections are planned: by their indexes, and once. What a planner
/// makes of them by itself depends on statistics that are stale while a queue grows and shrinks: it has
/// read a whole table to settle a batch. Behind a pooler that refuses this the plans are the server's choice.
const WORKER_OPTIONS: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
     -c enable_hashjoin=off -c enable_mergejoin=off -c enable_sort=off";

pub(super) type Link = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Makes connections to one server, for the pools and for listeners.
#[derive(Clone)]
pub(super) struct Connector {
    tls: MakeRustlsConnect,
    gate: Arc<Gate>,
    options: &'static str,
    options_refused: Arc<AtomicBool>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> DbResult<Connector> {
        let tls = tls::client_config(settings.ssl_mode, settings.authorities.as_deref())?;
        Ok(Connector {
            tls: MakeRustlsConnect::new(tls),
            gate: Arc::new(Gate::new(settings.label())),
            options: "",
            options_refused: Arc::default(),
        })
    }

    /// Makes connections for the statements of a worker.
    pub(super) fn of_worker(&self) -> Connector {
        Connector {
            options: WORKER_OPTIONS,
            ..self.clone()
        }
    }

    pub(super) fn server(&self) -> &str {
        self.gate.server()
    }

    /// One connection, after waiting for its turn when the server is away.
    pub(super) async fn attempt(&self, config: &Config) -> Result<(Client, Link), Error> {
        let attempt = self.gate.enter().await;
        match self.with_options(config).await {
            Ok(made) => {
                attempt.succeeded();
                Ok(made)
            }
            Err(error) => {
                attempt.failed(&errors::chain(&error));
                Err(error)
            }
        }
    }

    async fn with_options(&self, config: &Config) -> Result<(Client, Link), Error> {
        if self.options_refused.load(Ordering::Relaxed) {
            return config.connect(self.tls.clone()).await;
        }
        let mut ours = config.clone();
        let theirs = config.get_options().unwrap_or_default();
        ours.options(format!("{START_OPTIONS} {} {theirs}", self.options));
        match ours.connect(self.tls.clone()).await {
            Err(error) if error.code().is_some_and(|code| code.code() == "08P01") => {
                let made = config.connect(self.tls.clone()).await?;
                self.options_refused.store(true, Ordering::Relaxed);
                Ok(made)
            }
            made => made,
        }
    }

    /// A pool of `size` connections, none of which is opened yet.
    pub(super) fn pool(&self, settings: &Settings, size: usize) -> DbResult<Pool> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(settings.config.clone(), self.clone(), recycling);
        Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(settings.connect_timeout()))
            .pre_recycle(Hook::async_fn(|client, metrics| {
                Box::pin(still_alive(client, metrics.last_used()))
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::new(DbErrorKind::Other, error.to_string()))
    }

    /// Lends a connection out of the pool. While the server is away new ones are tried for this long.
    pub(super) async fn lend(&self, pool: &Pool, patience: Duration) -> DbResult<Lease> {
        let deadline = Instant::now() + patience;
        loop {
            let error = match pool.get().await {
                Ok(object) => return Ok(Lease::new(object)),
                Err(error) => error,
            };
            // That others hold all connections is no matter of patience: they were waited for.
            let is_away = matches!(
                error,
                PoolError::Backend(_) | PoolError::Timeout(TimeoutType::Create)
            );
            let error = self.lend_error(error, pool);
            if !is_away || error.kind != DbErrorKind::Unavailable || Instant::now() >= deadline {
                return Err(error);
            }
        }
    }

    fn lend_error(&self, error: PoolError, pool: &Pool) -> DbError {
        let server = self.server();
        let text = match error {
            PoolError::Backend(error) => return errors::connecting(&error, server),
            PoolError::Timeout(TimeoutType::Wait) => format!(
                "all {} connections to {server} were busy for {} s; pool=N in the database URL allows more",
                pool.status().max_size,
                POOL_WAIT.as_secs()
            ),
            PoolError::Timeout(_) => format!("{}{CHECK_SERVER}", self.no_answer()),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                format!("{server}: the pool of connections is closed")
            }
        };
        DbError::new(DbErrorKind::Unavailable, text)
    }

    pub(super) fn no_answer(&self) -> String {
        format!("{}: {}", self.server(), self.gate.no_answer())
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, link) = self.attempt(&config).await?;
            let driving = tokio::spawn(async move {
                if let Err(error) = link.await {
                    tracing::debug!(error = %errors::chain(&error), "a connection ended");
                }
            });
            Ok((client, driving))
        })
    }
}

/// Drops closed connections without a word, and asks the others when they were idle for long.
async fn still_alive(client: &ClientWrapper, unused: Duration) -> Result<(), HookError> {
    if client.is_closed() {
        return Err(HookError::message("closed"));
    }
    if unused < IDLE_CHECK {
        return Ok(());
    }
    match tokio::time::timeout(CHECK_TIMEOUT, client.check_connection()).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(HookError::message("dead")),
    }
}

/// A connection lent out of the pool. It goes back only by [`Lease::give_back`]: dropping it closes it, so
/// that nothing that was cut in the middle can ever be met by somebody else.
#[derive(Debug)]
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) fn new(object: Object) -> Lease {
        Lease(Some(object))
    }

    pub(super) fn client(&self) -> DbResult<&ClientWrapper> {
        let client = self.0.as_deref();
        client.ok_or_else(|| DbError::new(DbErrorKind::LinkLost, "the connection is gone"))
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Gives it back when the error, if any, left it usable.
    pub(super) fn settle<T>(self, result: &DbResult<T>) {
        match result {
            Err(error) if !errors::keeps_connection(error) => drop(self),
            _ => self.give_back(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
