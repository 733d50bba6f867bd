//! What a handler knows about its attempt and may do in it.

mod effects;
mod follow_up;
mod step;

pub(crate) use effects::{Effects, Note};
pub use follow_up::FollowUp;

use crate::Client;
use crate::adapters::{Enlist, Within};
use crate::client::Item;
use crate::store::settle::{self, Success};
use crate::task::Answer;
use crate::{Error, ErrorKind, Result, Task, TaskError};
use dutiful_core::{Event, FailureKind, TaskFacts, TaskId, Timestamp, decide, limits};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The attempt that a handler runs in. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) inner: Arc<Attempt>,
}

/// Everything about one attempt that its handler may ask for.
pub(crate) struct Attempt {
    pub(crate) task: TaskId,
    pub(crate) attempt: i64,
    pub(crate) task_name: &'static str,
    pub(crate) worker: Arc<str>,
    pub(crate) deadline: Instant,
    pub(crate) cancel: CancellationToken,
    /// The row as this attempt's claim left it.
    pub(crate) facts: TaskFacts,
    /// `None` when a handler is run without a database.
    pub(crate) client: Option<Client>,
    pub(crate) effects: Effects,
}

impl Context {
    /// The task.
    pub fn id(&self) -> TaskId {
        self.inner.task
    }

    /// Which attempt this is: 1 for the first. It rises at each claim, also after a crash.
    pub fn attempt(&self) -> i64 {
        self.inner.attempt
    }

    /// How many failed runs there were before this one.
    pub fn retries(&self) -> i64 {
        self.inner.facts.retries
    }

    /// Whether the task ends for good when this run gives back this error: no run may follow it, or the error
    /// wants none. Not so once the run is [cancelled](Context::cancelled), for then the error is not stored. For
    /// handlers that tell others before all is lost. Who raises `max_retries` meanwhile, or retries the task by
    /// hand, lets it run again nevertheless.
    ///
    /// ```
    /// use dutiful::{Context, TaskError};
    ///
    /// fn last_words(cx: &Context, error: TaskError) -> TaskError {
    ///     if cx.is_final(&error) {
    ///         cx.log("nothing more comes of this order");
    ///     }
    ///     error
    /// }
    /// ```
    pub fn is_final(&self, error: &TaskError) -> bool {
        let delay = Duration::ZERO;
        let event = match &error.0 {
            Answer::Failed(_) => Event::Failed {
                kind: FailureKind::Failed,
                retry_in: delay,
            },
            Answer::RetryAfter { charge, .. } => Event::RetryAfter {
                delay,
                charge: *charge,
            },
            Answer::Snooze(_) => Event::Snoozed { delay },
            Answer::Discard(_) => Event::Discarded,
            Answer::Invalid(_) => Event::Invalid,
        };
        // The time does not matter to a settling event, only to claims.
        let now = Timestamp::from_micros(0);
        !self.is_cancelled() && decide(&self.inner.facts, &event, now).is_ok_and(|next| next.ends)
    }

    /// The task's name.
    pub fn task_name(&self) -> &'static str {
        self.inner.task_name
    }

    /// The worker that runs it.
    pub fn worker(&self) -> &str {
        &self.inner.worker
    }

    /// When this run times out.
    pub fn deadline(&self) -> Instant {
        self.inner.deadline
    }

    /// How much time is left; zero when none.
    pub fn remaining(&self) -> Duration {
        self.inner
            .deadline
            .saturating_duration_since(Instant::now())
    }

    /// Waits until the run is to end early: cancelled by an operator, lease lost, timed out, or the
    /// worker's grace at shutdown is over. What the handler returns after that is not stored.
    pub async fn cancelled(&self) {
        self.inner.cancel.cancelled().await;
    }

    /// Whether [`Context::cancelled`] has come; for loops that do not await.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_cancelled()
    }

    /// A clone of the token behind [`Context::cancelled`], for code that takes one.
    pub fn cancellation(&self) -> CancellationToken {
        self.inner.cancel.clone()
    }

    /// Says how far the work is: 0 to 100 percent and a few words. Written within a second, the latest
    /// one wins.
    pub fn progress(&self, percent: u8, note: &str) {
        self.inner.effects.set_progress(percent.min(100), note);
    }

    /// Adds a line to the task's log. At most 1,000 lines an attempt of 4 KiB each are kept.
    pub fn log(&self, message: impl fmt::Display) {
        self.inner.effects.add_line(message.to_string());
    }

    /// The client of this worker.
    ///
    /// # Errors
    /// `config` when the handler is run by a test without a database.
    pub fn client(&self) -> Result<&Client> {
        self.inner.client.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "this handler runs without a database, so it has no client",
            )
        })
    }

    /// What this task waited for, if it was submitted with [`FollowUp::after`] or
    /// [`Submit::after`](crate::Submit::after): see [`Client::items`].
    ///
    /// # Errors
    /// As [`Client::items`]; `config` when the handler is run by a test without a database.
    pub async fn items(&self, from: u32, limit: u32) -> Result<Vec<Item>> {
        self.client()?.items(self.id(), from, limit).await
    }

    /// Submits a task that follows from this one: it is written in the same transaction that settles
    /// this task as a success, and not at all otherwise. Await it to add it.
    ///
    /// # Errors
    /// `invalid_payload`, as [`Client::submit`].
    pub fn submit<T: Task>(&self, payload: T::Payload) -> FollowUp<'_> {
        FollowUp::new::<T>(self, &payload)
    }

    /// Settles this attempt as a success inside the transaction that holds its effects: both stand or
    /// neither does. Then commit, and return the same output.
    ///
    /// If the transaction is not committed, the attempt counts as failed even when the handler returns
    /// `Ok`.
    ///
    /// # Errors
    /// `lease_lost` when this attempt may not settle any more: roll back. `invalid_payload` when the
    /// output is no JSON or too large.
    pub async fn settle_within<E: Enlist>(
        &self,
        tx: &mut E,
        output: &impl Serialize,
    ) -> Result<()> {
        let client = self.client()?;
        if self.inner.effects.has_follow_ups() {
            return Err(Error::new(
                ErrorKind::Config,
                "this attempt has follow-up tasks: submit them with `client.submit(..).within(tx)` instead",
            ));
        }
        let result = self.inner.storable_json("the output", output)?;
        let success = Success {
            id: self.inner.task.0,
            attempt: self.inner.attempt,
            result,
            frees_slot: self.inner.success_frees_slot(),
        };
        let mut session = Within::new(tx, client.db());
        // Set first: from here on only the row can tell whether the attempt is settled.
        self.inner
            .effects
            .settled_by_handler
            .store(true, Ordering::SeqCst);
        if settle::success_within(&mut session, &self.inner.worker, &success).await? {
            return Ok(());
        }
        Err(self.inner.lease_lost())
    }
}

impl Attempt {
    /// Bytes of payload that a follow-up may have.
    pub(crate) fn payload_bytes_max(&self) -> usize {
        let client = self.client.as_ref();
        client.map_or(limits::PAYLOAD_BYTES_MAX, |client| {
            client.db().payload_bytes_max()
        })
    }

    /// A result as it is stored. `what` names it in the error.
    pub(crate) fn storable_json(&self, what: &str, result: &impl Serialize) -> Result<String> {
        let invalid = |text: String| Error::new(ErrorKind::InvalidPayload, text);
        let json = serde_json::to_string(result)
            .map_err(|error| invalid(format!("{what} is no JSON: {error}")))?;
        let (bytes, most) = (json.len(), self.result_bytes_max());
        if bytes > most {
            return Err(invalid(format!(
                "{what} has {bytes} bytes; at most {most} are stored"
            )));
        }
        Ok(json)
    }

    /// Bytes of a result that are stored.
    pub(crate) fn result_bytes_max(&self) -> usize {
        let client = self.client.as_ref();
        client.map_or(limits::RESULT_BYTES_MAX, |client| {
            client.db().result_bytes_max()
        })
    }

    pub(crate) fn lease_lost(&self) -> Error {
        Error::new(
            ErrorKind::LeaseLost,
            format!(
                "attempt {} of task {} no longer holds its lease",
                self.attempt, self.task
            ),
        )
    }

    pub(crate) fn success_frees_slot(&self) -> bool {
        // The time does not matter to a settling event, only to claims.
        let now = Timestamp::from_micros(0);
        decide(&self.facts, &Event::Succeeded, now).is_ok_and(|success| success.frees_slot)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("task", &self.inner.task)
            .field("attempt", &self.inner.attempt)
            .field("task_name", &self.inner.task_name)
            .finish_non_exhaustive()
    }
}
