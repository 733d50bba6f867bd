//! Durable background tasks on the database that a team already runs: SQLite, MySQL or MariaDB,
//! PostgreSQL.

mod adapters;
mod client;
mod context;
mod db;
mod error;
pub mod migrate;
mod periodic;
mod store;
mod task;
pub mod testing;
mod text;
mod worker;

pub use adapters::Enlist;
pub use client::{
    AttemptInfo, Client, ClientBuilder, Filter, LogLine, NameCounts, Outcome, Page, PeriodicInfo,
    Stats, Submit, SubmitMany, Submitted, TaskInfo, WorkerInfo,
};
pub use context::{Context, FollowUp};
pub use dutiful_core::{
    DedupScope, Failure, FailureKind, Missed, Overlap, Priority, RetryPolicy, State, Status, TaskId,
    Timestamp, limits,
};
pub use error::{Error, ErrorKind, Result};
pub use periodic::Periodic;
pub use schemars::JsonSchema;
pub use task::{Dedup, DedupBy, Task, TaskError, TaskResult, Threads};
pub use worker::{Register, Registry, Retention, Worker, WorkerCounts, WorkerHandle};
