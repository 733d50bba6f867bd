//! Many clients and workers at once: what they get in each other's way is repeated, and nobody hears of it.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use crate::heard;
use dutiful::{Client, DedupScope, ErrorKind, Filter, Result, TaskError, TaskInfo, Worker};
use futures_util::future::join_all;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![claims_submits_settles_and_operators_at_once_surface_no_error];

const CLIENTS: usize = 8;
const ROUNDS: usize = 3;

async fn claims_submits_settles_and_operators_at_once_surface_no_error(db: TestDb) {
    let clients = db.clients(CLIENTS).await;
    heard::take();
    let mut workers = Vec::new();
    for client in &clients {
        let worker = Worker::new(client.clone()).register(now_and_then_fails());
        workers.push(worker.start().await.unwrap());
    }
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let rounds = clients.iter().enumerate().map(|(number, client)| {
        let (client, barrier) = (client.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            for round in 0..ROUNDS {
                one_round(&client, number, round).await;
            }
        })
    });
    for done in join_all(rounds.collect::<Vec<_>>()).await {
        done.unwrap();
    }
    let open = "SELECT COUNT(*) FROM dutiful_tasks WHERE due_at IS NOT NULL";
    until("all has ended", || async { db.int(open).await == 0 }).await;
    for worker in workers {
        worker.shutdown().await;
    }
    let bad = heard::warnings();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// Half of its runs fail, and are due again at once.
fn now_and_then_fails() -> Script {
    let mut script = Script::<0>::new(|payload, cx| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        match (cx.id().0 + cx.attempt()) % 2 == 0 {
            true => Err(TaskError::failed("this time")),
            false => Ok(payload),
        }
    });
    script.batch_size = 4;
    script
}

/// The same keys for all clients, in another order for each.
async fn one_round(client: &Client, number: usize, round: usize) {
    let key = |index: usize| json!((index * (number + 1) + round) % 10);
    let many = client.submit_many::<Script>((0..10).map(key));
    many.await.unwrap();
    for scope in [DedupScope::None, DedupScope::Active] {
        let submit = client.submit_json("Script", key(1)).dedup(scope);
        submit.await.unwrap();
    }
    let page = client.list(&Filter::new().limit(5)).await.unwrap();
    for (place, task) in page.tasks.into_iter().enumerate() {
        let answer = match (place + round) % 3 {
            0 => client.cancel(task.id).await,
            1 => client.retry(task.id).await,
            _ => client.run_now(task.id).await,
        };
        allowed(answer);
    }
}

/// A task that runs or has ended refuses; that is an answer and no error of ours.
fn allowed(answer: Result<TaskInfo>) {
    if let Err(error) = answer {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
}
