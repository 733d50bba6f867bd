//! Tasks that go wrong on purpose, and one that ticks.

use dutiful::{Context, RetryPolicy, Task, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Short, so that nobody has to watch a cooldown of ten minutes.
const COOLDOWN: Duration = Duration::from_millis(400);
pub(super) const SLOW_TIMEOUT: Duration = Duration::from_millis(500);

/// The payload of all of them: a word about why the task is there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Reason {
    pub(super) reason: String,
}

/// Fails in its first run and succeeds in its second.
#[derive(Debug)]
pub(super) struct FlakyTask;

impl Task for FlakyTask {
    type Payload = Reason;
    type Output = String;

    async fn process(&self, _payload: Reason, cx: &Context) -> Result<String, TaskError> {
        cx.log(format!("run {}", cx.attempt()));
        if cx.retries() == 0 {
            return Err(TaskError::failed("the other side did not answer"));
        }
        Ok(format!("answered in run {}", cx.attempt()))
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::Cooldown(COOLDOWN)
    }

    fn emoji(&self) -> &'static str {
        "🎲"
    }
}

/// Fails in every run.
#[derive(Debug)]
pub(super) struct BrokenTask;

impl Task for BrokenTask {
    type Payload = Reason;
    type Output = ();

    async fn process(&self, _payload: Reason, _cx: &Context) -> Result<(), TaskError> {
        Err(TaskError::failed("there is nobody on the other side"))
    }

    fn max_retries() -> u32 {
        2
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::Cooldown(COOLDOWN)
    }

    fn emoji(&self) -> &'static str {
        "💥"
    }
}

/// Takes longer than it may.
#[derive(Debug)]
pub(super) struct SlowTask;

impl Task for SlowTask {
    type Payload = Reason;
    type Output = ();

    async fn process(&self, _payload: Reason, _cx: &Context) -> Result<(), TaskError> {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        Ok(())
    }

    fn max_retries() -> u32 {
        1
    }

    fn timeout(&self) -> Duration {
        SLOW_TIMEOUT
    }

    fn emoji(&self) -> &'static str {
        "🐌"
    }
}

/// Panics; its worker goes on.
#[derive(Debug)]
pub(super) struct PanickingTask;

impl Task for PanickingTask {
    type Payload = Reason;
    type Output = ();

    async fn process(&self, payload: Reason, _cx: &Context) -> Result<(), TaskError> {
        panic!("panicked on purpose: {}", payload.reason)
    }

    fn max_retries() -> u32 {
        1
    }

    fn emoji(&self) -> &'static str {
        "😱"
    }
}

/// Submitted by its schedule.
#[derive(Debug)]
pub(super) struct TickTask;

/// A tick carries nothing.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Nothing {}

impl Task for TickTask {
    type Payload = Nothing;
    type Output = String;

    async fn process(&self, _payload: Nothing, _cx: &Context) -> Result<String, TaskError> {
        Ok("tick".to_owned())
    }

    fn emoji(&self) -> &'static str {
        "⏰"
    }
}
