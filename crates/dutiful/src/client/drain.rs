//! Asking a worker to end.

use super::Client;
use super::inspect::WorkerInfo;
use crate::store::{worker_list, workers};
use crate::{Error, ErrorKind, Result};

impl Client {
    /// Asks a worker to end, as SIGTERM would: it hears of it with its next beats, within 20 seconds, claims no
    /// more, lets running tasks end within its grace, gives back the rest and stops; its process ends with
    /// [`Worker::run`](crate::Worker::run). Asking again changes nothing. A worker that starts anew is not asked.
    ///
    /// The name is [`WorkerInfo::worker`]. One that is not alive is asked too, in case it only stood still.
    ///
    /// # Errors
    /// `not_found` when no worker of the name has a row; whatever the database says.
    ///
    /// ```
    /// # use dutiful::{Client, Context, Task, TaskError, Worker};
    /// # struct Sweep;
    /// # impl Task for Sweep { type Payload = (); type Output = ();
    /// #   async fn process(&self, _: (), _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// let worker = Worker::new(client.clone()).register(Sweep).start().await?;
    /// let asked = client.drain_worker(worker.worker()).await?;
    /// assert!(asked.draining_since.is_some());
    /// # worker.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub async fn drain_worker(&self, worker: &str) -> Result<WorkerInfo> {
        workers::drain(self.db(), worker).await?;
        self.worker_named(worker).await
    }

    /// One worker that has a row.
    ///
    /// # Errors
    /// As [`Client::drain_worker`].
    pub async fn worker_named(&self, worker: &str) -> Result<WorkerInfo> {
        let row = worker_list::worker(self.db(), worker).await?;
        row.map(WorkerInfo::from)
            .ok_or_else(|| no_such_worker(worker))
    }
}

fn no_such_worker(worker: &str) -> Error {
    let name: String = worker.chars().take(100).collect();
    let text = format!("there is no worker `{name}`, or it has ended");
    Error::new(ErrorKind::NotFound, text)
}
