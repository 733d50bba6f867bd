//! Durable background tasks on the database that a team already runs: SQLite, MySQL or MariaDB,
//! PostgreSQL.
//!
//! - [`Task`]: what a team writes. A payload, a result, and [`Task::process`].
//! - [`Client`]: submits tasks, alone, in bulk or inside a transaction of the caller's own
//!   ([`Submit::within`]), and looks at them.
//! - [`Worker`]: claims and runs the tasks whose types are registered with it.
//! - [`Periodic`]: a task type with a schedule.
//! - [`Context`]: what a handler may do besides answering: progress, log lines, durable steps, follow-up
//!   tasks, settling inside its own transaction.
//! - [`moves`]: a queue that goes to another database while it is in use.
//! - [`testing`]: a client in memory, a clock that is moved by hand, handlers without a database.
//!
//! ```
//! use dutiful::{Client, Context, Task, TaskError, Worker};
//!
//! struct Shout;
//!
//! impl Task for Shout {
//!     type Payload = String;
//!     type Output = String;
//!
//!     async fn process(&self, text: String, _cx: &Context) -> Result<String, TaskError> {
//!         Ok(text.to_uppercase())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dutiful::Result<()> {
//! let client = Client::connect("sqlite::memory:").await?;
//! client.migrate().await?;
//! let submitted = client.submit::<Shout>("hello".to_owned()).await?;
//!
//! let worker = Worker::new(client.clone()).register(Shout).start().await?;
//! let task = client.wait(submitted.id, std::time::Duration::from_secs(10)).await?;
//! assert_eq!(task.result::<String>()?, "HELLO");
//! worker.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! At least once; one live lease at a time; a worker that lost its lease changes nothing; exactly once
//! for effects committed in the same database transaction as the settling
//! ([`Context::settle_within`]).

mod adapters;
mod bulk;
mod client;
mod context;
mod db;
pub mod documents;
mod error;
pub mod migrate;
pub mod moves;
mod periodic;
mod store;
mod task;
pub mod testing;
mod text;
mod told;
mod worker;

pub use adapters::Enlist;
pub use bulk::{BulkAction, BulkOperations, OperationCounts, OperationPayload};
pub use client::{
    AttemptInfo, AuditEntry, AuditFilter, AuditPage, BulkPreview, Change, Client, ClientBuilder,
    CreatedToken, Cursor, Durations, Edit, Explanation, Filter, Follower, Hold, Item, LogLine,
    LongTransaction, Look, NameCounts, NewToken, Once, Operation, OperationPage, Outcome, Page,
    PausedName, PayloadFaults, PayloadReport, PeriodicChange, PeriodicChanged, PeriodicInfo,
    PeriodicRan, PeriodicRun, Prune, PruneCount, Reason, Recount, Series, SeriesFilter,
    SeriesPoint, ServerReport, SpanFigures, Stats, Submit, SubmitMany, Submitted, TaskCount,
    TaskInfo, TaskTypeInfo, TokenInfo, UnknownName, WorkerInfo,
};
pub use context::{Context, FollowUp};
pub use dutiful_core::{
    ChangeKind, DedupScope, Failure, FailureKind, Missed, Overlap, Priority, RetryPolicy, Scope,
    Spread, State, Status, Step, TaskId, Timestamp, limits,
};
pub use error::{Error, ErrorKind, Result};
pub use periodic::Periodic;
pub use task::{Dedup, DedupBy, PayloadFault, PayloadType, Task, TaskError, TaskResult, Threads};
pub use told::{Example, Told};
pub use worker::{Register, Registry, Retention, Worker, WorkerCounts, WorkerHandle};

/// The README's program is compiled and run like every other example.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
