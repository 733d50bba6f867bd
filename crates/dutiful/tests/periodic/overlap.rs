//! A tick while the task of the last one has not ended.

use crate::database::{on_every_engine, wait_for};
use dutiful::{Context, Overlap, Periodic, PeriodicInfo, Task, TaskError, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

/// Runs until it is released. Its payload is the name of its periodic.
#[derive(Clone, Default)]
struct Hold {
    release: CancellationToken,
    queued: Arc<AtomicI64>,
    queued_at_once: Arc<AtomicI64>,
}

impl Task for Hold {
    type Payload = String;
    type Output = ();

    async fn process(&self, payload: String, _: &Context) -> Result<(), TaskError> {
        let is_queue = i64::from(payload == "queue");
        let now = self.queued.fetch_add(is_queue, Ordering::SeqCst) + is_queue;
        self.queued_at_once.fetch_max(now, Ordering::SeqCst);
        self.release.cancelled().await;
        self.queued.fetch_sub(is_queue, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_while_the_last_task_runs_is_skipped_queued_or_fired_as_the_policy_says() {
    on_every_engine("overlap", |database| async move {
        let hold = Hold::default();
        let mut worker = Worker::new(database.client().await);
        for (name, overlap) in [
            ("skip", Overlap::Skip),
            ("queue", Overlap::Queue),
            ("allow", Overlap::Allow),
        ] {
            let periodic = Periodic::every_with(SECOND, hold.clone(), name.to_owned());
            worker = worker.register(periodic.named(name).overlap(overlap));
        }
        let worker = worker.start().await.unwrap();
        let client = database.client().await;

        let allow = wait_for(&client, "allow", |row| row.fired >= 4).await;
        assert_eq!(allow.skipped, 0);
        let skip = wait_for(&client, "skip", |row| row.skipped >= 3).await;
        assert_eq!(skip.fired, 1);
        let queue = wait_for(&client, "queue", |row| row.last_at.is_some()).await;
        assert_eq!((queue.fired, queue.skipped), (1, 0));
        assert_eq!(waits(&queue), SECOND, "the next tick stays where it is");

        hold.release.cancel();
        wait_for(&client, "skip", |row| row.fired >= 2).await;
        wait_for(&client, "queue", |row| row.fired >= 3).await;
        worker.shutdown().await;
        assert_eq!(
            hold.queued_at_once.load(Ordering::SeqCst),
            1,
            "on {}",
            database.engine
        );
    })
    .await;
}

fn waits(row: &PeriodicInfo) -> Duration {
    row.next_at.unwrap().since(row.last_at.unwrap())
}
