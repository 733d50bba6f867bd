//! Periodics that each process runs by itself.

use super::EVERY;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Periodic, Worker};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

cases![a_local_periodic_ticks_in_each_worker_and_leaves_no_rows];

async fn a_local_periodic_ticks_in_each_worker_and_leaves_no_rows(db: TestDb) {
    let all_runs = [Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0))];
    let mut workers = Vec::new();
    for runs in &all_runs {
        let counted = Arc::clone(runs);
        let script = Script::<0>::new(move |_, cx| {
            let runs = Arc::clone(&counted);
            async move {
                cx.client()?.stats().await?;
                runs.fetch_add(1, Ordering::SeqCst);
                Ok(Value::Null)
            }
        });
        let periodic = Periodic::every(EVERY, script).local();
        let worker = Worker::new(db.client().await).register(periodic);
        workers.push(worker.start().await.unwrap());
    }
    until("both have run four times", || async {
        let mut runs = all_runs.iter().map(|runs| runs.load(Ordering::SeqCst));
        runs.all(|runs| runs >= 4)
    })
    .await;
    for worker in workers {
        worker.shutdown().await;
    }
    for table in ["tasks", "periodic", "logs"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
}
