//! Periodics that each process runs by itself.

use crate::database::{on_every_engine, until};
use dutiful::{Context, Periodic, Task, TaskError, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

#[derive(Clone, Default)]
struct Refresh {
    runs: Arc<AtomicI64>,
}

impl Task for Refresh {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), cx: &Context) -> Result<(), TaskError> {
        cx.client()?.stats().await?;
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_periodic_ticks_in_each_worker_and_leaves_no_rows() {
    on_every_engine("local", |database| async move {
        let chores = [Refresh::default(), Refresh::default()];
        let mut workers = Vec::new();
        for chore in &chores {
            let periodic = Periodic::every(Duration::from_millis(200), chore.clone()).local();
            let worker = Worker::new(database.client().await).register(periodic);
            workers.push(worker.start().await.unwrap());
        }
        let ran = || async {
            chores
                .iter()
                .all(|chore| chore.runs.load(Ordering::SeqCst) >= 4)
        };
        until("both have run four times", ran).await;
        for worker in workers {
            worker.shutdown().await;
        }
        for table in ["tasks", "periodic", "logs"] {
            let rows = database
                .number(&format!("SELECT COUNT(*) FROM dutiful_{table}"))
                .await;
            assert_eq!(rows, 0, "{table} on {}", database.engine);
        }
    })
    .await;
}
