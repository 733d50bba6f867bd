//! A task type behind one shape, so that a worker can hold many.

use crate::context::Context;
use crate::store::task_types::Published;
use crate::task::{Answer, Threads, decode};
use crate::{Error, ErrorKind, Result, Task, TaskError};
use dutiful_core::{RetryPolicy, limits};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The settings of a task type, read once when it is registered.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) emoji: &'static str,
    pub(crate) version: u32,
    pub(crate) poll_interval: Duration,
    pub(crate) batch_size: usize,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) crash_limit: i64,
    pub(crate) threads: Threads,
    pub(crate) retry_policy: RetryPolicy,
}

/// What running a handler came to.
#[derive(Debug)]
pub(crate) enum Ran {
    /// The result as JSON.
    Success(String),
    Answer(Answer),
    /// The payload is of a version that only newer programs know.
    Newer(i64),
}

/// The payload as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) payload: String,
    pub(crate) version: i64,
}

/// A task type behind one shape.
pub(crate) trait Handler: Send + Sync {
    fn spec(&self) -> Spec;
    /// What is told of the type to those who do not run it; nothing of what nobody else can submit.
    fn published(&self) -> Option<Published> {
        None
    }
    fn run(self: Arc<Self>, stored: Stored, cx: Context) -> Pin<Box<dyn Future<Output = Ran>>>;
}

impl<T: Task> Handler for T {
    fn spec(&self) -> Spec {
        Spec {
            name: T::name(),
            emoji: self.emoji(),
            version: T::version(),
            poll_interval: self.poll_interval(),
            batch_size: self.batch_size(),
            timeout: self.timeout(),
            lease: self.lease(),
            crash_limit: i64::from(self.crash_limit()),
            threads: self.threads(),
            retry_policy: self.retry_policy(),
        }
    }

    fn published(&self) -> Option<Published> {
        let schema = Value::from(schemars::schema_for!(T::Payload));
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Some(Published {
            task_name: T::name().to_owned(),
            payload_version: i64::from(T::version()),
            payload_schema: schema.to_string(),
            emoji: self.emoji().to_owned(),
            priority: T::priority().get().into(),
            max_retries: i64::from(T::max_retries()),
            batch_size: number(self.batch_size()),
            timeout_ms: i64::try_from(self.timeout().as_millis()).unwrap_or(i64::MAX),
        })
    }

    fn run(self: Arc<Self>, stored: Stored, cx: Context) -> Pin<Box<dyn Future<Output = Ran>>> {
        Box::pin(async move {
            if stored.version > i64::from(T::version()) {
                return Ran::Newer(stored.version);
            }
            match decode::<T>(&stored.payload, stored.version) {
                Err(refused) => Ran::Answer(Answer::Invalid(refused.why)),
                Ok(payload) => match self.process(payload, &cx).await {
                    Ok(output) => encode(&output, cx.inner.result_bytes_max()),
                    Err(TaskError(answer)) => Ran::Answer(answer),
                },
            }
        })
    }
}

fn encode(output: &impl serde::Serialize, bytes_max: usize) -> Ran {
    match serde_json::to_string(output) {
        Ok(result) if result.len() > bytes_max => Ran::Success(too_large(&result, bytes_max)),
        Ok(result) => Ran::Success(result),
        Err(error) => Ran::Answer(Answer::Failed(format!("the output is no JSON: {error}"))),
    }
}

/// Stands in for a result that is too large to be stored: the work is done and must not be done again.
fn too_large(result: &str, bytes_max: usize) -> String {
    serde_json::json!({ "dutiful_truncated": {
        "bytes": result.len(),
        "limit": bytes_max,
        "head": crate::text::storable(result, 4096),
    } })
    .to_string()
}

/// Refuses settings that cannot work.
pub(crate) fn check(spec: &Spec) -> Result<()> {
    let wrong = |what: String| {
        Err(Error::new(
            ErrorKind::Config,
            format!("task `{}`: {what}", spec.name),
        ))
    };
    if let Err(error) = dutiful_core::check_name(spec.name) {
        return Err(Error::new(ErrorKind::Config, error.to_string()));
    }
    if !(1..=limits::CLAIM_BATCH_MAX).contains(&spec.batch_size) {
        return wrong(format!(
            "batch_size {}; use 1 to {}",
            spec.batch_size,
            limits::CLAIM_BATCH_MAX
        ));
    }
    if !(limits::LEASE_MIN..=limits::LEASE_MAX).contains(&spec.lease) {
        return wrong(format!(
            "lease {:?}; use {:?} to {:?}",
            spec.lease,
            limits::LEASE_MIN,
            limits::LEASE_MAX
        ));
    }
    if spec.timeout.is_zero() || spec.timeout > limits::TIMEOUT_MAX {
        return wrong(format!(
            "timeout {:?}; use more than 0 up to {:?}",
            spec.timeout,
            limits::TIMEOUT_MAX
        ));
    }
    if !(limits::POLL_INTERVAL_MIN..=limits::POLL_INTERVAL_MAX).contains(&spec.poll_interval) {
        return wrong(format!(
            "poll_interval {:?}; use {:?} to {:?}",
            spec.poll_interval,
            limits::POLL_INTERVAL_MIN,
            limits::POLL_INTERVAL_MAX
        ));
    }
    if spec.crash_limit < 1 {
        return wrong("crash_limit 0; use at least 1".to_owned());
    }
    Ok(())
}
