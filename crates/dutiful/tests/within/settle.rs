//! Settling inside the transaction that holds a handler's effects: exactly once.

use crate::app::{App, effect, make_effects};
use crate::cases;
use crate::harness::{Gate, TestDb, gated};
use dutiful::{Client, ErrorKind, State, TaskId, TaskInfo, WorkerHandle};
use serde_json::json;
use std::time::Duration;

cases![
    effects_and_success_are_committed_together,
    a_transaction_that_is_let_go_leaves_no_effect_and_the_task_runs_again,
    a_handler_that_dies_between_effect_and_commit_leaves_neither,
    a_lost_lease_is_an_error_and_the_rollback_leaves_no_effect,
    a_follow_up_inside_the_transaction_comes_with_the_commit,
];

async fn start(db: &TestDb) -> (Client, WorkerHandle, Gate, TaskId) {
    make_effects(db).await;
    let client = db.client().await;
    let (script, gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!({ "n": 1 }))
        .await
        .unwrap()
        .id;
    (client, worker, gate, id)
}

async fn ended(client: &Client, id: TaskId) -> TaskInfo {
    client.wait(id, Duration::from_secs(60)).await.unwrap()
}

async fn effects_and_success_are_committed_together<A: App>(db: TestDb) {
    let (client, worker, mut gate, id) = start(&db).await;
    let mut app = A::open(&db).await;
    let run = gate.next().await;
    let output = json!({ "said": "grüße 🚀" });
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "done").await;
    run.cx.settle_within(&mut tx, &output).await.unwrap();
    assert_eq!(
        client.get(id).await.unwrap().state,
        State::Running,
        "before the commit"
    );
    A::commit(tx).await;
    let task = ended(&client, id).await;
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    assert_eq!(task.result_data, Some(output.clone()));
    assert!(
        task.finished_at >= task.last_run_at,
        "{:?} {:?}",
        task.finished_at,
        task.last_run_at
    );
    run.succeed(output);
    let counts = worker.shutdown().await;
    assert_eq!(
        (counts.succeeded, counts.failed, counts.leases_lost),
        (1, 0, 0)
    );
    assert_eq!(db.count("effects").await, 1);
}

async fn a_transaction_that_is_let_go_leaves_no_effect_and_the_task_runs_again<A: App>(db: TestDb) {
    let (client, worker, mut gate, id) = start(&db).await;
    let mut app = A::open(&db).await;
    let run = gate.next().await;
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "lost").await;
    run.cx.settle_within(&mut tx, &1).await.unwrap();
    A::rollback(tx).await;
    // It says that it has succeeded; the row knows better.
    run.succeed(1);
    let again = gate.next().await;
    assert_eq!((again.cx.attempt(), again.cx.retries()), (2, 1));
    assert_eq!(db.count("effects").await, 0);
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "done").await;
    again.cx.settle_within(&mut tx, &2).await.unwrap();
    A::commit(tx).await;
    again.succeed(2);
    let task = ended(&client, id).await;
    assert_eq!((task.state, task.attempt), (State::Succeeded, 2));
    assert_eq!(task.result_data, Some(json!(2)));
    assert_eq!(db.count("effects").await, 1);
    worker.shutdown().await;
}

async fn a_handler_that_dies_between_effect_and_commit_leaves_neither<A: App>(db: TestDb) {
    let (client, worker, mut gate, id) = start(&db).await;
    let run = gate.next().await;
    let mut app = A::open(&db).await;
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "lost").await;
    run.cx.settle_within(&mut tx, &1).await.unwrap();
    // The connection goes with the handler, as in a process that is killed.
    drop(tx);
    drop(app);
    drop(run);
    let again = gate.next().await;
    assert_eq!(again.cx.attempt(), 2);
    again.succeed(2);
    let task = ended(&client, id).await;
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(json!(2)))
    );
    assert_eq!(db.count("effects").await, 0);
    worker.shutdown().await;
}

async fn a_lost_lease_is_an_error_and_the_rollback_leaves_no_effect<A: App>(db: TestDb) {
    let (client, worker, mut gate, id) = start(&db).await;
    let mut app = A::open(&db).await;
    let run = gate.next().await;
    let later = db.now_plus(600);
    let taken = format!("UPDATE dutiful_tasks SET worker = 'other', attempt = 2, due_at = {later}");
    assert_eq!(db.exec(&taken).await, 1);
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "stale").await;
    let error = run.cx.settle_within(&mut tx, &1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
    A::rollback(tx).await;
    run.succeed(1);
    worker.shutdown().await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.worker.as_deref(), task.attempt), (Some("other"), 2));
    assert_eq!((task.state, task.result_data), (State::Running, None));
    assert_eq!(db.count("effects").await, 0);
}

async fn a_follow_up_inside_the_transaction_comes_with_the_commit<A: App>(db: TestDb) {
    let (client, worker, mut gate, id) = start(&db).await;
    let mut app = A::open(&db).await;
    let run = gate.next().await;
    let mut tx = app.begin().await;
    let next = client
        .submit_json("Other", json!(1))
        .within(&mut tx)
        .await
        .unwrap()
        .id;
    run.cx.settle_within(&mut tx, &1).await.unwrap();
    A::commit(tx).await;
    run.succeed(1);
    assert_eq!(ended(&client, id).await.state, State::Succeeded);
    assert_eq!(client.get(next).await.unwrap().state, State::Queued);
    worker.shutdown().await;
}
