//! What becomes of a row when another program says something else.

use crate::database::{on_every_engine, wait_for};
use dutiful::{Context, Overlap, Periodic, Task, TaskError, Worker};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Report;

impl Task for Report {
    type Payload = u32;
    type Output = u32;

    async fn process(&self, payload: u32, _: &Context) -> Result<u32, TaskError> {
        Ok(payload)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_that_started_last_says_when_and_with_what() {
    on_every_engine("definition", |database| async move {
        let start = async |interval: Duration, payload: u32| {
            let periodic = Periodic::every_with(interval, Report, payload).overlap(Overlap::Allow);
            let worker = Worker::new(database.client().await).register(periodic);
            worker.start().await.unwrap()
        };
        let client = database.client().await;
        let slow = start(DAY, 1).await;
        let row = wait_for(&client, "Report", |row| row.next_at.is_some()).await;
        assert_eq!((row.schedule.as_str(), row.fired), ("every 86400000000", 0));

        let quick = start(Duration::from_secs(1), 2).await;
        let row = wait_for(&client, "Report", |row| row.fired >= 2).await;
        assert_eq!(row.schedule, "every 1000000");
        let task = client.get(row.last_task_id.unwrap()).await.unwrap();
        assert_eq!(task.task_payload, 2, "on {}", database.engine);

        let slow_again = start(DAY, 1).await;
        let row = wait_for(&client, "Report", |row| row.schedule == "every 86400000000").await;
        assert!(row.fired >= 2, "counters stay");
        for worker in [slow, quick, slow_again] {
            worker.shutdown().await;
        }
    })
    .await;
}
