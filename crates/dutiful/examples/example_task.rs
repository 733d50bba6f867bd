//! The task that the binary brings along, as a program of its own: it repeats a message.
//!
//! The database is in memory, so nothing needs to be set up and nothing is left behind.

use dutiful::{Client, Context, Task, TaskError, Worker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const COUNT_MAX: u32 = 1_000;
/// Far below what a result may be, so that an example never strains a database.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Repeats a message.
struct ExampleTask;

#[derive(Serialize, Deserialize, JsonSchema)]
struct ExamplePayload {
    /// What is repeated.
    message: String,
    /// How often: 1 to 1,000.
    #[schemars(range(min = 1, max = 1000))]
    count: u32,
}

#[derive(Serialize)]
struct ExampleOutput {
    output: String,
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

    // Checked when it is submitted and again when it is run.
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
}

fn payload(message: &str, count: u32) -> ExamplePayload {
    ExamplePayload {
        message: message.to_owned(),
        count,
    }
}

#[tokio::main]
async fn main() -> dutiful::Result<()> {
    let client = Client::connect("sqlite::memory:").await?;
    client.migrate().await?;

    let first = client.submit::<ExampleTask>(payload("hello ", 3)).await?;
    println!("task {}: {:?}", first.id, first.outcome);
    // The same payload is the same task as long as it has not succeeded.
    let again = client.submit::<ExampleTask>(payload("hello ", 3)).await?;
    println!("task {}: {:?}", again.id, again.outcome);
    if let Err(error) = client.submit::<ExampleTask>(payload("hello ", 0)).await {
        println!("refused: {error}");
    }

    let worker = Worker::new(client.clone()).register(ExampleTask);
    let worker = worker.start().await?;
    let done = client.wait(first.id, Duration::from_secs(10)).await?;
    let result = done.result_data.unwrap_or_default();
    println!("task {} {}: {result}", done.id, done.state);
    worker.shutdown().await;
    Ok(())
}
