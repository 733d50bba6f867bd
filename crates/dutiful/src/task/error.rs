//! What a handler may answer instead of a result.

use std::fmt;
use std::time::Duration;

/// The result of a handler.
pub type TaskResult<T> = Result<T, TaskError>;

/// Why a handler did not succeed, and what is to become of the task.
///
/// Any error converts into "failed, run it again later", so `?` just works:
///
/// ```
/// use dutiful::TaskError;
/// fn parse(text: &str) -> Result<u32, TaskError> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert!(parse("x").unwrap_err().to_string().contains("invalid digit"));
/// ```
pub struct TaskError(pub(crate) Answer);

/// What a [`TaskError`] asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Failed(String),
    Discard(String),
    Invalid(String),
    Snooze(Duration),
    RetryAfter {
        delay: Duration,
        charge: bool,
        message: String,
    },
}

impl TaskError {
    /// A failed run: charged, and run again by the retry policy.
    pub fn failed(message: impl fmt::Display) -> TaskError {
        TaskError(Answer::Failed(message.to_string()))
    }

    /// Ends the task for good: not needed any more, or hopeless.
    pub fn discard(message: impl fmt::Display) -> TaskError {
        TaskError(Answer::Discard(message.to_string()))
    }

    /// Ends the task for good: its payload cannot be used.
    pub fn invalid(message: impl fmt::Display) -> TaskError {
        TaskError(Answer::Invalid(message.to_string()))
    }

    /// Runs it again after `delay`, with nothing charged.
    pub fn snooze(delay: Duration) -> TaskError {
        TaskError(Answer::Snooze(delay))
    }

    /// A failed run that knows when to try again: charged, and due after `delay` whatever the retry
    /// policy says.
    pub fn retry_after(delay: Duration) -> TaskError {
        TaskError(Answer::RetryAfter {
            delay,
            charge: true,
            message: format!("asked to be run again in {delay:?}"),
        })
    }

    /// A rate limit told us when to come back: due after `delay`, with nothing charged.
    pub fn rate_limited(delay: Duration) -> TaskError {
        TaskError(Answer::RetryAfter {
            delay,
            charge: false,
            message: format!("rate limited for {delay:?}"),
        })
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Answer::Failed(text) | Answer::Discard(text) | Answer::Invalid(text) => {
                f.write_str(text)
            }
            Answer::Snooze(delay) => write!(f, "snoozed for {delay:?}"),
            Answer::RetryAfter { message, .. } => f.write_str(message),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskError({:?})", self.0)
    }
}

// `TaskError` is no `std::error::Error` itself, so that every error can become one (as in `anyhow`).
impl<E: std::error::Error> From<E> for TaskError {
    fn from(error: E) -> TaskError {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors already print their source.
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        TaskError(Answer::Failed(text))
    }
}
