//! The surfaces of Dutiful: its command line and its HTTP API, for the built-in tasks and for a team's own.
//!
//! - [`cli::run`]: a binary of a team's own with every command of `dutiful`, for the tasks that it knows.
//! - [`Api`]: the HTTP API as an axum router, alone or nested into another application.
//! - [`Tasks`]: what both are given: the task types that this program knows.
//!
//! ```
//! use dutiful::{Context, Task, TaskError};
//! use dutiful_server::{Tasks, cli};
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
//! fn main_of_a_team() -> std::process::ExitCode {
//!     cli::run(Tasks::new().with(Shout))
//! }
//! ```
//!
//! No SQL and no rule about a task's state stands here: both are the library's.

mod bench;
pub mod cli;
mod demo;
mod example_task;
mod failure;
mod http;
mod logging;
mod nearest;
mod output;
mod redact;
mod remote;
mod settings;
mod signals;
mod tasks;
mod values;

pub use example_task::{ExampleOutput, ExamplePayload, ExampleTask};
pub use http::Api;
pub use tasks::Tasks;
