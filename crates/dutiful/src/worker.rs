//! A process that claims tasks and runs them.
//!
//! ```text
//! claimer -> lanes (a thread and an event loop each) -> settler
//!            heart: renews leases    watch: looks after lanes    waker: hears of new work
//! ```

pub(crate) mod attempt;
mod caught;
mod claimer;
mod figures;
mod handle;
pub(crate) mod handler;
mod heart;
pub(crate) mod inflight;
mod janitor;
mod joins;
pub(crate) mod lane;
mod lane_thread;
mod log;
mod recorder;
mod registry;
mod settler;
pub(crate) mod shared;
mod shutdown;
mod start;
pub(crate) mod thread;
mod trouble;
#[cfg(test)]
pub(crate) mod unstarted;
mod waker;
mod watch;

pub(crate) use caught::calling;
pub use handle::{WorkerCounts, WorkerHandle};
pub(crate) use handler::Handler;
pub use janitor::Retention;
pub(crate) use janitor::sweep;
pub use registry::{Register, Registry};
pub(crate) use start::host;
pub(crate) use trouble::Trouble;

use crate::{Client, Result};
use dutiful_core::limits::{SHUTDOWN_GRACE, SHUTDOWN_GRACE_MAX};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Claims and runs the tasks of the types that are registered with it, and no others.
///
/// ```
/// # use dutiful::{Client, Context, Task, TaskError, Worker};
/// # struct GreetTask;
/// # impl Task for GreetTask { type Payload = String; type Output = ();
/// #   async fn process(&self, _: String, _: &Context) -> Result<(), TaskError> { Ok(()) } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// let client = Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// # let patience = std::time::Duration::from_millis(100);
/// # let runs_on = tokio::time::timeout(patience, async {
/// Worker::new(client).register(GreetTask).run().await
/// # }).await;
/// # assert!(runs_on.is_err());
/// # Ok(()) }
/// ```
#[must_use = "a worker does nothing before `run` or `start`"]
pub struct Worker {
    client: Client,
    registry: Registry,
    grace: Duration,
    retention: Retention,
}

impl Worker {
    /// A worker without any task types yet.
    pub fn new(client: Client) -> Worker {
        Worker {
            client,
            registry: Registry::default(),
            grace: SHUTDOWN_GRACE,
            retention: Retention::default(),
        }
    }

    /// Adds a task type, or a periodic one.
    pub fn register(mut self, what: impl Register) -> Worker {
        what.register(&mut self.registry);
        self
    }

    /// How long running tasks may go on when the worker is told to stop. By default 25 s; at most 30 days,
    /// which is the longest that any task may run.
    pub fn shutdown_grace(mut self, grace: Duration) -> Worker {
        self.grace = grace.min(SHUTDOWN_GRACE_MAX);
        self
    }

    /// How long tasks are kept after they have ended. By default 7 days after a success and 30 days after
    /// any other end.
    pub fn retention(mut self, retention: Retention) -> Worker {
        self.retention = retention;
        self
    }

    /// Runs until SIGTERM or SIGINT, then stops in phases: claiming ends at once, running tasks get their
    /// grace, the rest is released uncharged. A second signal ends the process at once.
    ///
    /// # Errors
    /// `config` for settings that cannot work, `schema` when the tables are missing or of another
    /// version, `database_unsupported` when the server does not lock as it must; `internal` when a part of
    /// the worker broke, so that it had to stop.
    pub async fn run(self) -> Result<()> {
        // Before anything is started: a signal that comes meanwhile stops what has been.
        let signals = shutdown::Signals::listen();
        let told = CancellationToken::new();
        let tell = told.clone();
        let waiting = tokio::spawn(async move {
            signals.wait().await;
            tell.cancel();
        });
        let ended = self.run_until(told).await;
        waiting.abort();
        ended
    }

    async fn run_until(self, told: CancellationToken) -> Result<()> {
        let handle = self.start().await?;
        let stop = handle.stopper();
        let stopping = tokio::spawn(async move {
            told.cancelled().await;
            stop.stop();
        });
        let ended = handle.wait().await;
        stopping.abort();
        ended.map(drop)
    }

    /// Starts on threads of its own and gives back a handle. Signals are the caller's business.
    ///
    /// # Errors
    /// As [`Worker::run`], `internal` aside: see [`WorkerHandle::wait`].
    pub async fn start(self) -> Result<WorkerHandle> {
        let settings = start::Settings {
            grace: self.grace,
            retention: self.retention,
        };
        start::start(self.client, self.registry, settings).await
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
