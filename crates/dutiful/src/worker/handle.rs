//! The handle to a running worker.

use super::shared::Shared;
use crate::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A running worker. Dropping the handle tells it to stop, and does not wait for it.
#[must_use = "dropping the handle stops the worker"]
pub struct WorkerHandle {
    pub(crate) stopping: CancellationToken,
    pub(crate) done: watch::Receiver<bool>,
    pub(crate) shared: Arc<Shared>,
}

/// What a worker has done since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct WorkerCounts {
    /// Attempts that ended in success.
    pub succeeded: u64,
    /// Attempts that ended in any other way, snoozed ones among them.
    pub failed: u64,
    /// Attempts given back uncharged at shutdown.
    pub released: u64,
    /// Attempts whose outcome was not written, because their lease was lost.
    pub leases_lost: u64,
    /// Tasks quarantined because workers died while they ran them.
    pub quarantined: u64,
    /// Handlers that did not end when they were told to.
    pub abandoned: u64,
}

/// Tells a worker to stop; can be kept apart from its handle.
#[derive(Debug, Clone)]
pub struct Stopper(CancellationToken);

impl Stopper {
    /// Tells it, and returns at once.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

impl WorkerHandle {
    /// The name under which this worker holds leases: `host-process-random`.
    pub fn worker(&self) -> &str {
        &self.shared.worker
    }

    /// What it has done so far.
    pub fn counts(&self) -> WorkerCounts {
        let counts = &self.shared.counts;
        WorkerCounts {
            succeeded: counts.succeeded.load(Ordering::Relaxed),
            failed: counts.failed.load(Ordering::Relaxed),
            released: counts.released.load(Ordering::Relaxed),
            leases_lost: counts.leases_lost.load(Ordering::Relaxed),
            quarantined: counts.quarantined.load(Ordering::Relaxed),
            abandoned: counts.abandoned.load(Ordering::Relaxed),
        }
    }

    /// Something to tell it to stop with, for signal handlers and the like.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stopping.clone())
    }

    /// Tells it to stop and waits until it has: at most the grace and a few seconds, whatever the database
    /// does.
    pub async fn shutdown(mut self) -> WorkerCounts {
        self.stopping.cancel();
        self.ended().await;
        self.counts()
    }

    /// Waits until it has stopped, for whatever reason, and its row is gone from the list of workers,
    /// unless the database is away.
    ///
    /// # Errors
    /// `internal` when it stopped because a part of it broke.
    pub async fn wait(mut self) -> Result<WorkerCounts> {
        let ended = self.ended().await;
        match self.shared.broken.get() {
            Some(error) => Err(error.clone()),
            None if !ended => Err(Error::new(
                ErrorKind::Internal,
                "the thread of the worker ended before the worker",
            )),
            None => Ok(self.counts()),
        }
    }

    /// `false` when the worker's thread has gone without a word.
    async fn ended(&mut self) -> bool {
        self.done.wait_for(|done| *done).await.is_ok()
    }
}

impl std::fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHandle")
            .field("worker", &self.worker())
            .finish_non_exhaustive()
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
