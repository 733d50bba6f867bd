//! Helpers for testing programs that submit and run tasks.
//!
//! ```
//! use dutiful::{Context, Task, TaskError, Worker, testing};
//! # struct Welcome;
//! # impl Task for Welcome { type Payload = String; type Output = usize;
//! #   async fn process(&self, name: String, _: &Context) -> Result<usize, TaskError> { Ok(name.len()) } }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
//! let client = testing::client().await?;                       // in memory, with its tables
//! client.submit::<Welcome>("ada".to_owned()).await?;           // what the tested code does
//! client.assert_submitted::<Welcome>(|name| name == "ada").await;
//!
//! let done = testing::drain(Worker::new(client.clone()).register(Welcome)).await?;
//! assert_eq!(done.succeeded, 1);
//!
//! let ran = testing::run(&Welcome, "ada".to_owned()).await;    // no database at all
//! assert_eq!(ran.result.ok(), Some(3));
//! # Ok(()) }
//! ```

mod run;

pub use run::{Ran, run};

use crate::db::Db;
use crate::store::{plain, sample, stats, unfinished};
use crate::worker::sweep;
use crate::{
    Client, Error, ErrorKind, Filter, Result, Retention, Task, TaskInfo, Worker, WorkerCounts,
};
use dutiful_core::limits::LIST_PAGE_MAX;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// How long [`drain`] may take.
const DRAIN_MAX: Duration = Duration::from_secs(60);

/// A client on a database in memory, whose clock is moved by hand. It is a [`Client`] in all else.
#[derive(Debug)]
pub struct TestClient {
    client: Client,
}

/// A fresh database in memory, with its tables.
///
/// # Errors
/// None that a test could cause.
pub async fn client() -> Result<TestClient> {
    let client = Client::connect("sqlite::memory:").await?;
    client.migrate().await?;
    Ok(TestClient { client })
}

impl Deref for TestClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl TestClient {
    /// Moves the database's clock forward: cooldowns pass, delayed tasks come due, periodics tick, leases
    /// run out.
    pub fn advance(&self, by: Duration) {
        if let Db::Sqlite(db) = self.client.db() {
            db.clock().advance(by);
            self.client.wake().clock_moved();
        }
    }

    /// The payloads of all tasks of a type, whatever became of them, newest first.
    ///
    /// # Errors
    /// `decode` for a payload that is not of this type.
    pub async fn submitted<T: Task>(&self) -> Result<Vec<T::Payload>> {
        let mut filter = Filter::new().task_name(T::name()).limit(LIST_PAGE_MAX);
        let mut tasks = Vec::new();
        loop {
            let page = self.client.list(&filter).await?;
            tasks.extend(page.tasks);
            match page.next {
                Some(next) => filter = filter.after(next),
                None => break,
            }
        }
        let read = |task: TaskInfo| {
            serde_json::from_value(task.task_payload).map_err(|error| {
                Error::new(
                    ErrorKind::Decode,
                    format!("the payload of task {}: {error}", task.id),
                )
            })
        };
        tasks.into_iter().map(read).collect()
    }

    /// Passes if a task of the type was submitted whose payload fits.
    ///
    /// # Panics
    /// If there is none; the text says how many others there are.
    pub async fn assert_submitted<T: Task>(&self, fits: impl Fn(&T::Payload) -> bool) {
        match self.submitted::<T>().await {
            Ok(payloads) if payloads.iter().any(fits) => {}
            Ok(payloads) => panic!(
                "no task `{}` with a fitting payload was submitted; {} with others",
                T::name(),
                payloads.len()
            ),
            Err(error) => panic!("cannot look for tasks `{}`: {error}", T::name()),
        }
    }

    /// Passes if no task of the type was submitted whose payload fits.
    ///
    /// # Panics
    /// If there is one.
    pub async fn refute_submitted<T: Task>(&self, fits: impl Fn(&T::Payload) -> bool) {
        match self.submitted::<T>().await {
            Ok(payloads) => assert!(
                !payloads.iter().any(fits),
                "a task `{}` with a fitting payload was submitted",
                T::name()
            ),
            Err(error) => panic!("cannot look for tasks `{}`: {error}", T::name()),
        }
    }
}

/// Runs the worker until none of its tasks is due or runs, then stops it. Tasks that are due later stay:
/// see [`TestClient::advance`].
///
/// # Errors
/// As [`Worker::start`]; `timeout` when there is still something due after a minute.
pub async fn drain(worker: Worker) -> Result<WorkerCounts> {
    let handle = worker.start().await?;
    let names: Vec<String> = handle
        .shared
        .lanes
        .iter()
        .map(|lane| lane.spec.name.to_owned())
        .collect();
    let began = Instant::now();
    loop {
        if unfinished::count(handle.shared.client.db(), handle.worker(), &names).await? == 0 {
            return Ok(handle.shutdown().await);
        }
        if began.elapsed() > DRAIN_MAX {
            handle.shutdown().await;
            return Err(Error::new(
                ErrorKind::Timeout,
                "tasks are still due after a minute",
            ));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Removes at once what a worker that knows these task names removes little by little; gives back how many
/// tasks went. The rows of workers that have been gone for a day go too, and what else a worker keeps for its
/// time only: see [`Retention`].
///
/// # Errors
/// Whatever the database says.
pub async fn prune(client: &Client, task_names: &[&str], retention: Retention) -> Result<usize> {
    Ok(sweep(client.db(), task_names, retention).await?)
}

/// Fills the tables with so many tasks as they stand after 30 days of work: of 21 names (`Sample0` to `Sample19`, and
/// `SampleRare` once in 100,000), 97 of 100 succeeded, the others ended in every other way, and the last 10,000 wait,
/// are held or will be tried again. For measuring what looks at a large table cost. `told` hears how many are there.
///
/// # Errors
/// Whatever the database says. Rows that were written until then stay.
pub async fn fill(client: &Client, tasks: u64, told: impl Fn(u64) + Sync) -> Result<()> {
    const DAYS: u64 = 30;
    let sample = sample::Sample {
        tasks,
        live: 10_000.min(tasks / 10),
        until: stats::now(client.db())
            .await?
            .saturating_sub(Duration::from_secs(15)),
        over: Duration::from_secs(DAYS * 24 * 60 * 60),
    };
    Ok(sample::fill(client.db(), &sample, &told).await?)
}

/// Inserts a task as plain SQL from any language would: nothing is checked, and all columns but these
/// two have their defaults.
///
/// # Errors
/// Whatever the database says.
pub async fn insert_plain(client: &Client, task_name: &str, payload: &str) -> Result<()> {
    plain::insert(client.db(), task_name, payload).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
