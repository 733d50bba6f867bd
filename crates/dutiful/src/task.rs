//! What a team writes: a task type, and what its handler may answer.

mod error;
mod payload;
mod settings;

pub(crate) use error::Answer;
pub use error::{TaskError, TaskResult};
pub use payload::{PayloadFault, PayloadType};
pub(crate) use payload::{Refused, decode};
pub use settings::{Dedup, DedupBy, Threads};

use crate::Context;
use dutiful_core::{Priority, RetryPolicy, limits};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::time::Duration;

/// A task type: its payload, its result, and the code that turns one into the other.
///
/// Only [`Task::process`] has to be written. A handler is a value, so it may hold clients, models and
/// settings; what a submitter needs to know (name, dedup, priority, retries) belongs to the type, so
/// that submitting needs no handler.
///
/// ```
/// use dutiful::{Context, Task, TaskError};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Greeting { message: String, count: u32 }
///
/// struct GreetTask;
///
/// impl Task for GreetTask {
///     type Payload = Greeting;
///     type Output = String;
///
///     async fn process(&self, payload: Greeting, _cx: &Context) -> Result<String, TaskError> {
///         Ok(payload.message.repeat(payload.count as usize))
///     }
/// }
///
/// assert_eq!(GreetTask::name(), "GreetTask");
/// ```
///
/// A task runs at least once: after a crash, or when a lease was lost, it runs again. Write handlers so
/// that a second run does no harm, or settle inside the transaction that holds their effects
/// ([`Context::settle_within`]).
pub trait Task: Send + Sync + Sized + 'static {
    /// The input, stored as JSON. It is checked when it is submitted and again when it is run.
    type Payload: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// The result, stored as JSON of at most 8 MiB. However deep it is and whatever its texts hold, it is kept as
    /// it is: the work is done. What serde_json cannot read again (128 levels and more) is shown as text.
    type Output: Serialize + Send + 'static;

    /// Does the work. `?` on any error means "run it again later"; [`TaskError`] says otherwise.
    ///
    /// It runs on the event loop of its lane: code that blocks belongs on a thread of its own
    /// ([`Task::threads`]).
    fn process(
        &self,
        payload: Self::Payload,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, TaskError>>;

    /// The name under which tasks of this type are stored. By default the name of the Rust type;
    /// override it to be free to rename the type. 1 to 100 of `A-Z a-z 0-9 _ . : -`.
    fn name() -> &'static str {
        dutiful_core::short_type_name(std::any::type_name::<Self>())
    }

    /// What makes two submissions the same task. By default the payload, until it succeeds.
    fn dedup() -> Dedup<Self::Payload> {
        Dedup::default()
    }

    /// -9 to 9; higher runs first. By default 0.
    fn priority() -> Priority {
        Priority::default()
    }

    /// How many failed runs are allowed. By default 3.
    fn max_retries() -> u32 {
        limits::MAX_RETRIES as u32
    }

    /// The version of the payload's form that this program writes. By default 1.
    fn version() -> u32 {
        1
    }

    /// Turns a stored payload of an older version into the present form. By default it is left as it is.
    ///
    /// # Errors
    /// A text that says why the payload cannot be used: the task then ends as invalid.
    fn upgrade(from_version: u32, payload: serde_json::Value) -> Result<serde_json::Value, String> {
        let _ = from_version;
        Ok(payload)
    }

    /// Checks what types cannot express. Called at submission and before each run.
    ///
    /// # Errors
    /// A text that says what is wrong: submission is refused, or the task ends as invalid without
    /// having run.
    fn validate(payload: &Self::Payload) -> Result<(), String> {
        let _ = payload;
        Ok(())
    }

    /// How often to look for work when nothing announces it. By default 1 s.
    fn poll_interval(&self) -> Duration {
        limits::POLL_INTERVAL
    }

    /// How many tasks of this type one worker runs at once. By default 16.
    fn batch_size(&self) -> usize {
        limits::BATCH_SIZE
    }

    /// How long one run may take. By default 5 minutes.
    fn timeout(&self) -> Duration {
        limits::TIMEOUT
    }

    /// How long to wait after a failed run. By default 10 minutes.
    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::default()
    }

    /// How long a claim holds without being renewed; it is renewed at a third. By default 30 s. After a
    /// crash it is how long the others wait before they run the task again.
    fn lease(&self) -> Duration {
        limits::LEASE
    }

    /// How often a worker may die while holding a task before it is quarantined. By default 3.
    fn crash_limit(&self) -> u32 {
        limits::CRASH_LIMIT as u32
    }

    /// Where the handler runs. By default on the event loop of its lane.
    fn threads(&self) -> Threads {
        Threads::Shared
    }

    /// Shown in logs and listings. By default 📋.
    fn emoji(&self) -> &'static str {
        "📋"
    }
}
