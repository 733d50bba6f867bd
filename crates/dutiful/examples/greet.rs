//! The program of the README: one task, submitted and run.

use dutiful::{Client, Context, Task, TaskError, Worker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Greeting {
    message: String,
    count: u32,
}

struct GreetTask;

impl Task for GreetTask {
    type Payload = Greeting;
    type Output = serde_json::Value;

    async fn process(&self, payload: Greeting, _cx: &Context) -> Result<Self::Output, TaskError> {
        Ok(json!({ "said": payload.message.repeat(payload.count as usize) }))
    }
}

#[tokio::main]
async fn main() -> dutiful::Result<()> {
    let url =
        std::env::var("DUTIFUL_DATABASE_URL").unwrap_or_else(|_| "sqlite:tasks.db".to_owned());
    let client = Client::connect(&url).await?;
    client.migrate().await?;
    let greeting = Greeting {
        message: "hello ".to_owned(),
        count: 3,
    };
    let task = client.submit::<GreetTask>(greeting).await?;
    let worker = Worker::new(client.clone())
        .register(GreetTask)
        .start()
        .await?;
    let done = client
        .wait(task.id, std::time::Duration::from_secs(10))
        .await?;
    println!(
        "task {} {}: {}",
        done.id,
        done.state,
        json!(done.result_data)
    );
    worker.shutdown().await;
    Ok(())
}
