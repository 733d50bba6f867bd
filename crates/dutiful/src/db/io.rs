//! The event loop that the network drivers live on.
//!
//! A connection's traffic is driven by the runtime that opened it. If that were a lane, a blocked
//! handler would stall everybody else's queries; if it were the caller's, dropping a future in the
//! middle could leave a transaction open. So each client owns one small loop, and every operation
//! runs there to its end, whatever becomes of the caller.

use super::{DbError, DbErrorKind, DbResult};
use std::future::Future;
use std::sync::Arc;

/// A handle to the loop; the last one to go stops it.
#[derive(Debug, Clone)]
pub(crate) struct Io {
    runtime: Arc<Stop>,
}

#[derive(Debug)]
struct Stop(Option<tokio::runtime::Runtime>);

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Dropping it plainly would block, which is not allowed inside another runtime.
            runtime.shutdown_background();
        }
    }
}

impl Io {
    pub(crate) fn start() -> DbResult<Io> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("dutiful-io")
            .enable_all()
            .build()
            .map_err(|error| {
                DbError::new(
                    DbErrorKind::Other,
                    format!("cannot start a thread: {error}"),
                )
            })?;
        Ok(Io {
            runtime: Arc::new(Stop(Some(runtime))),
        })
    }

    /// Runs `work` on the loop, to its end even when the caller goes away.
    pub(crate) async fn run<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: Future<Output = DbResult<T>> + Send + 'static,
    {
        let Some(runtime) = self.runtime.0.as_ref() else {
            return Err(DbError::new(
                DbErrorKind::Unavailable,
                "the client was closed",
            ));
        };
        match runtime.spawn(work).await {
            Ok(result) => result,
            Err(error) => Err(DbError::new(
                DbErrorKind::LinkLost,
                format!("the operation was ended: {error}"),
            )),
        }
    }

    /// Runs `work` on the loop with nobody waiting for it. It must end by itself.
    pub(crate) fn detach(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.runtime.0.as_ref() {
            runtime.spawn(work);
        }
    }
}
