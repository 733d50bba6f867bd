//! The janitor of a running worker. It begins half a minute after the start.

use crate::database::{on_every_engine, until};
use dutiful::{Context, Retention, State, Task, TaskError, Worker};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Odd;

impl Task for Odd {
    type Payload = u32;
    type Output = ();

    async fn process(&self, payload: u32, _: &Context) -> Result<(), TaskError> {
        if payload.is_multiple_of(2) {
            Err(TaskError::discard("even"))
        } else {
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_removes_what_it_knows_and_what_has_expired_with_its_attempts() {
    on_every_engine("janitor", |database| async move {
        let client = database.client().await;
        client.submit_many::<Odd>(1..=4).await.unwrap();
        let unknown = client
            .submit_json("Unknown", serde_json::json!(1))
            .await
            .unwrap();
        client.cancel(unknown.id).await.unwrap();
        let retention = Retention {
            succeeded: Some(DAY),
            ended_otherwise: Some(DAY * 50),
        };
        let worker = Worker::new(database.client().await)
            .register(Odd)
            .retention(retention);
        let worker = worker.start().await.unwrap();
        until("all have ended", || async {
            let open = "SELECT COUNT(*) FROM dutiful_tasks WHERE due_at IS NOT NULL";
            database.number(open).await == 0
        })
        .await;
        let young = client.submit::<Odd>(5).await.unwrap();
        let young = client.wait(young.id, DAY / 1_440).await.unwrap();
        assert_eq!(young.state, State::Succeeded);
        // Four days old, but for the last one; those that did not succeed a hundred days.
        for (days, which) in [(4, "id <> {young}"), (96, "error_kind IS NOT NULL")] {
            let which = which.replace("{young}", &young.id.to_string());
            let (made, ended) = ("created_at", "finished_at");
            database
                .execute(&format!(
                    "UPDATE dutiful_tasks SET {made} = {}, {ended} = {} WHERE {which}",
                    database.days_before(made, days),
                    database.days_before(ended, days)
                ))
                .await;
        }
        assert_eq!(
            database
                .number("SELECT COUNT(*) FROM dutiful_attempts")
                .await,
            2
        );
        until("the old ones are gone", || async {
            database.number("SELECT COUNT(*) FROM dutiful_tasks").await == 2
        })
        .await;
        assert_eq!(
            database
                .number("SELECT COUNT(*) FROM dutiful_attempts")
                .await,
            0
        );
        assert!(client.get(young.id).await.is_ok() && client.get(unknown.id).await.is_ok());
        worker.shutdown().await;
    })
    .await;
}
