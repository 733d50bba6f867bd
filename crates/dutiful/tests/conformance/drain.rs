//! A worker that is asked to end.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until, within};
use dutiful::{ErrorKind, State, Worker};
use serde_json::json;
use std::time::{Duration, Instant};

cases![
    a_drained_worker_claims_no_more_lets_what_runs_end_and_leaves,
    a_worker_that_is_not_there_cannot_be_drained,
];

/// Two heartbeats, and a little for a busy machine.
const TWO_BEATS: Duration = Duration::from_secs(20 + 5);
/// Far more than it takes until a task runs that somebody claims.
const PATIENCE: Duration = Duration::from_secs(2);

async fn a_drained_worker_claims_no_more_lets_what_runs_end_and_leaves(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.batch_size = 1;
    let worker = Worker::new(db.client().await)
        .register(script)
        .register(Script::<1>::echo());
    let worker = worker.start().await.unwrap();
    let other = db.worker(Script::<2>::echo()).await;
    let submit =
        async |name: &str, number: i64| client.submit_json(name, json!(number)).await.unwrap().id;
    let first = submit("Script", 1).await;
    let run = gate.next().await;
    let second = submit("Script", 2).await;

    let began = Instant::now();
    let asked = client.drain_worker(worker.worker()).await.unwrap();
    assert!(asked.alive && asked.draining_since.is_some());
    let again = client.drain_worker(worker.worker()).await.unwrap();
    assert_eq!(again.draining_since, asked.draining_since);
    let mut number = 0;
    let left = loop {
        number += 1;
        let id = submit("Other", number).await;
        if client.wait(id, PATIENCE).await.is_err() {
            break id;
        }
        assert!(began.elapsed() < TWO_BEATS, "it still claims");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let given_back = || async { client.get(second).await.unwrap().worker.is_none() };
    until("what has not begun is given back", given_back).await;
    let shown = client.workers().await.unwrap();
    let draining = shown.iter().filter(|row| row.draining_since.is_some());
    let draining: Vec<&str> = draining.map(|row| row.worker.as_str()).collect();
    assert_eq!(draining, [worker.worker()], "and no other");

    assert!(!run.cx.is_cancelled(), "what runs has its grace");
    run.succeed("in time");
    let counts = within("the worker ends", worker.wait()).await.unwrap();
    assert_eq!(counts.failed, 0);
    assert_eq!(client.get(first).await.unwrap().state, State::Succeeded);
    for id in [second, left] {
        let task = client.get(id).await.unwrap();
        assert_eq!(
            (task.state, task.retries, task.crashes),
            (State::Queued, 0, 0)
        );
    }
    let rows = client.workers().await.unwrap();
    assert_eq!(rows.len(), 1, "its row is gone: {rows:?}");
    let third = submit("Third", 1).await;
    let task = client.wait(third, Duration::from_secs(60)).await.unwrap();
    assert_eq!(task.state, State::Succeeded, "the other one goes on");
    other.shutdown().await;
}

async fn a_worker_that_is_not_there_cannot_be_drained(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    let name = worker.worker().to_owned();
    worker.shutdown().await;
    for name in [name.as_str(), "", "nobody", "'; --", &"x".repeat(10_000)] {
        let error = client.drain_worker(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
