//! The example that every installation can run.

use dutiful::{Context, Task, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const COUNT_MAX: u32 = 1_000;
/// Far below what a result may be, so that an example never strains a database.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Repeats a message.
#[derive(Debug, Clone, Copy)]
pub struct ExampleTask;

/// What [`ExampleTask`] takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExamplePayload {
    /// What is repeated.
    pub message: String,
    /// How often: 1 to 1,000.
    #[schemars(range(min = 1, max = 1000))]
    pub count: u32,
}

/// What [`ExampleTask`] gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExampleOutput {
    /// The message as often as it was asked for.
    pub output: String,
}

impl Task for ExampleTask {
    type Payload = ExamplePayload;
    type Output = ExampleOutput;

    async fn process(
        &self,
        payload: ExamplePayload,
        _cx: &Context,
    ) -> Result<ExampleOutput, TaskError> {
        Ok(ExampleOutput {
            output: payload.message.repeat(payload.count as usize),
        })
    }

    fn validate(payload: &ExamplePayload) -> Result<(), String> {
        if !(1..=COUNT_MAX).contains(&payload.count) {
            return Err(format!("count is {}; use 1 to {COUNT_MAX}", payload.count));
        }
        let bytes = payload.message.len().saturating_mul(payload.count as usize);
        if bytes > OUTPUT_BYTES_MAX {
            return Err(format!(
                "the output would have {bytes} bytes; at most {OUTPUT_BYTES_MAX} are made"
            ));
        }
        Ok(())
    }

    fn emoji(&self) -> &'static str {
        "🔁"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(message: &str, count: u32) -> ExamplePayload {
        ExamplePayload {
            message: message.to_owned(),
            count,
        }
    }

    #[test]
    fn a_count_outside_1_to_1000_is_invalid() {
        assert!(ExampleTask::validate(&payload("x", 0)).is_err());
        assert!(ExampleTask::validate(&payload("x", 1)).is_ok());
        assert!(ExampleTask::validate(&payload("x", 1_000)).is_ok());
        assert!(ExampleTask::validate(&payload("x", 1_001)).is_err());
    }

    #[test]
    fn an_output_that_would_be_too_large_is_invalid() {
        assert!(ExampleTask::validate(&payload(&"x".repeat(2_000), 1_000)).is_err());
    }
}
