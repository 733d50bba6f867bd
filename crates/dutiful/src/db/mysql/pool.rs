//! Connections shared by callers.
//!
//! The driver has a pool of its own, which cannot space out attempts to connect and hides which
//! connection is new; this one is a semaphore and a list. A connection comes back only when its
//! last statement ended in a known way.

use super::connect::Connector;
use super::exec;
use super::expand::Statement;
use super::{DbError, DbErrorKind, DbResult, Reply};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

const BEGIN: &str = "START TRANSACTION";
/// How long a caller waits for a connection that others hold.
const WAIT: Duration = Duration::from_secs(30);
/// What has been idle for longer is asked whether it still lives.
const DOUBTFUL: Duration = Duration::from_secs(30);
/// What has been idle for longer is closed, before the server does it (`wait_timeout`).
const STALE: Duration = Duration::from_secs(45);
const SWEEP: Duration = Duration::from_secs(10);
const PING_LIMIT: Duration = Duration::from_secs(2);
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// At most `size` connections to one server.
pub(super) struct Pool {
    connector: Arc<Connector>,
    permits: Arc<Semaphore>,
    size: usize,
    idle: Mutex<IdleList>,
}

/// The connections that nobody uses, the last used one at the end.
#[derive(Default)]
struct IdleList {
    conns: Vec<(Conn, Instant)>,
    swept: bool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) fn new(connector: Arc<Connector>, size: usize) -> Arc<Pool> {
        let permits = Arc::new(Semaphore::new(size));
        Arc::new(Pool {
            connector,
            permits,
            size,
            idle: Mutex::default(),
        })
    }

    /// A connection for one caller, new or used before. Runs on the loop, like all that follows.
    pub(super) async fn take(self: &Arc<Pool>) -> DbResult<Lease> {
        let permit = timeout(WAIT, Arc::clone(&self.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            let text = format!(
                "no database connection became free within {} s; all {} are in use (the URL \
                 parameter pool=N allows more)",
                WAIT.as_secs(),
                self.size
            );
            return Err(DbError::new(DbErrorKind::Unavailable, text));
        };
        let conn = match self.reuse().await {
            Some(conn) => conn,
            None => self.connector.connect().await?,
        };
        let pool = Arc::clone(self);
        Ok(Lease {
            conn: Some(conn),
            broken: false,
            pool,
            handle: Handle::current(),
            permit: Some(permit),
            orphan: false,
        })
    }

    /// A connection with an open transaction. A link that breaks here took nothing with it, so another
    /// one is tried.
    pub(super) async fn begin(self: &Arc<Pool>) -> DbResult<Lease> {
        let mut lease = self.take().await?;
        match lease.command(BEGIN).await {
            Err(error) if error.kind == DbErrorKind::LinkLost => {
                lease.give_back();
                let mut lease = self.take().await?;
                lease.command(BEGIN).await.map(|()| lease)
            }
            result => result.map(|()| lease),
        }
    }

    async fn reuse(&self) -> Option<Conn> {
        loop {
            let (mut conn, since) = self.idle().conns.pop()?;
            if since.elapsed() < DOUBTFUL {
                return Some(conn);
            }
            if let Ok(Ok(())) = timeout(PING_LIMIT, conn.ping()).await {
                return Some(conn);
            }
            close(&Handle::current(), conn);
        }
    }

    /// Keeps a clean connection for the next caller.
    pub(super) fn keep(self: &Arc<Pool>, conn: Conn) {
        let mut idle = self.idle();
        idle.conns.push((conn, Instant::now()));
        if !idle.swept {
            idle.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// One broken link means a server that went away, and with it most likely all links.
    fn forget_idle(&self) {
        let handle = Handle::current();
        for (conn, _) in self.idle().conns.drain(..) {
            close(&handle, conn);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, IdleList> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what nobody has used for long; ends when nothing is left.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        let fresh = idle
            .conns
            .iter()
            .position(|(_, since)| since.elapsed() < STALE);
        let stale = fresh.unwrap_or(idle.conns.len());
        for (conn, _) in idle.conns.drain(..stale) {
            close(&Handle::current(), conn);
        }
        if idle.conns.is_empty() {
            idle.swept = false;
            return;
        }
    }
}

/// Says goodbye, but not for long: a frozen server would keep the socket for ever.
fn close(handle: &Handle, conn: Conn) {
    drop(handle.spawn(timeout(CLOSE_LIMIT, conn.disconnect())));
}

/// A connection in use. Dropping it rolls back what is open on it, and then it goes to the next caller.
pub(super) struct Lease {
    conn: Option<Conn>,
    broken: bool,
    pool: Arc<Pool>,
    handle: Handle,
    permit: Option<OwnedSemaphorePermit>,
    /// Being cleaned up already.
    orphan: bool,
}

impl Lease {
    /// Runs one statement.
    pub(super) async fn run(&mut self, statement: Statement) -> DbResult<Reply> {
        let max_packet = self.pool.connector.max_packet();
        let result = match self.conn.as_mut() {
            Some(conn) => exec::run(conn, statement, max_packet).await,
            None => Err(DbError::new(
                DbErrorKind::Unavailable,
                "the connection was closed",
            )),
        };
        self.judge(result)
    }

    /// Runs `COMMIT` and the like, which are neither prepared nor give rows.
    pub(super) async fn command(&mut self, text: &'static str) -> DbResult<()> {
        self.run(Statement::command(text)).await.map(|_| ())
    }

    /// Undoes what is open. When that cannot be done the connection is closed, with the same effect.
    pub(super) async fn roll_back(&mut self) {
        if !self.broken && self.command("ROLLBACK").await.is_err() {
            self.broken = true;
        }
    }

    /// Hands the connection to the next caller, unless it is broken.
    pub(super) fn give_back(mut self) {
        if let Some(conn) = self.conn.take() {
            match self.broken || conn.is_disconnected() {
                true => close(&self.handle, conn),
                false => self.pool.keep(conn),
            }
        }
    }

    fn judge<T>(&mut self, result: DbResult<T>) -> DbResult<T> {
        if let Err(error) = &result
            && super::errors::breaks_link(error)
        {
            self.broken = true;
            if error.kind == DbErrorKind::LinkLost {
                self.pool.forget_idle();
            }
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take().filter(|_| !self.orphan) else {
            return;
        };
        let mut lease = Lease {
            conn: Some(conn),
            broken: self.broken,
            pool: Arc::clone(&self.pool),
            handle: self.handle.clone(),
            permit: self.permit.take(),
            orphan: true,
        };
        // When the loop has ended this drops the connection, and the server rolls back by itself.
        self.handle.spawn(async move {
            lease.roll_back().await;
            lease.give_back();
        });
    }
}
