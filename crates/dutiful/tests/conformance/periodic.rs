//! Periodic tasks: rows that any worker fires.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Filter, Overlap, Periodic, State, Worker, WorkerHandle};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

cases![
    a_tick_submits_one_task_over_any_number_of_workers,
    a_tick_while_the_last_task_still_waits_is_skipped,
];

const EVERY: Duration = Duration::from_millis(300);

fn ticking(overlap: Overlap) -> Periodic<Script> {
    Periodic::every_with(EVERY, Script::echo(), json!("tick")).overlap(overlap)
}

async fn a_tick_submits_one_task_over_any_number_of_workers(db: TestDb) {
    let clients = db.clients(4).await;
    let starts = clients.iter().map(|client| {
        Worker::new(client.clone())
            .register(ticking(Overlap::Allow))
            .start()
    });
    let workers: Vec<WorkerHandle> = join_all(starts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let client = &clients[0];
    until("five ticks have fired", || async {
        client
            .periodic()
            .await
            .unwrap()
            .first()
            .is_some_and(|row| row.fired >= 5)
    })
    .await;
    for worker in workers {
        worker.shutdown().await;
    }
    let rows = client.periodic().await.unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (row.name.as_str(), row.task_name.as_str()),
        ("Script", "Script")
    );
    let tasks = client.list(&Filter::new().limit(200)).await.unwrap().tasks;
    assert_eq!(tasks.len() as i64, row.fired, "one task for each tick");
    assert_eq!(row.last_task_id, Some(tasks[0].id));
    assert!(tasks.iter().all(|task| task.task_payload == json!("tick")));
}

async fn a_tick_while_the_last_task_still_waits_is_skipped(db: TestDb) {
    let client = db.client().await;
    // The type's own lane takes nothing while it fails to catch up.
    let (script, mut gate) = crate::harness::gated::<0>();
    let periodic = Periodic::every_with(EVERY, script, json!("tick")).overlap(Overlap::Skip);
    let worker = db.worker(periodic).await;
    let run = gate.next().await;
    until("two ticks are skipped", || async {
        client.periodic().await.unwrap()[0].skipped >= 2
    })
    .await;
    assert_eq!((db.count("tasks").await, gate.waiting()), (1, 0));
    let first = run.id();
    run.succeed(1);
    let next = gate.next().await;
    assert_ne!(next.id(), first);
    assert_eq!(client.get(first).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}
