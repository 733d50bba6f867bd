//! What an operator does by hand, in every state of a task.

use crate::harness::life::Life;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, within};
use dutiful::{Client, DedupScope, ErrorKind, State, TaskId, TaskInfo};
use serde_json::json;
use std::time::{Duration, Instant};

cases![
    retry_by_hand_gives_another_try_in_every_state_but_running_and_succeeded,
    cancel_ends_every_task_that_has_not_ended,
    run_now_makes_every_waiting_task_due,
    retry_by_hand_of_an_exhausted_task_allows_one_more_run,
    cancel_during_a_run_tells_the_handler_and_fences_its_outcome,
    a_cancelled_task_frees_its_slot_and_does_not_run,
    a_quarantined_task_that_is_retried_by_hand_runs,
    an_operation_on_a_task_that_is_not_there_is_not_found,
];

const LONG: Duration = Duration::from_secs(60);

/// A task in every state, and no worker that would move them on.
pub(crate) async fn in_every_state(db: &TestDb) -> (Client, Vec<(State, TaskInfo)>) {
    let mut life = Life::new(db, DedupScope::UntilSuccess).await;
    let client = life.client.clone();
    let mut ids: Vec<(State, TaskId)> = Vec::new();
    for &state in State::ALL {
        if state != State::Running {
            ids.push((state, life.bring(state).await));
        }
    }
    life.worker.shutdown().await;
    let running = client
        .submit_json("Script", json!("runs elsewhere"))
        .await
        .unwrap()
        .id;
    db.die_holding(running, "elsewhere").await;
    db.set_due(running, 500).await;
    ids.push((State::Running, running));
    let mut tasks = Vec::new();
    for (state, id) in ids {
        let task = client.get(id).await.unwrap();
        assert_eq!(task.state, state);
        tasks.push((state, task));
    }
    (client, tasks)
}

/// Refused, and nothing is changed.
pub(crate) async fn conflicts<T: std::fmt::Debug>(
    client: &Client,
    before: &TaskInfo,
    result: dutiful::Result<T>,
) {
    let error = result.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Conflict,
        "{}: {error}",
        before.state
    );
    assert_eq!(&client.get(before.id).await.unwrap(), before);
}

async fn retry_by_hand_gives_another_try_in_every_state_but_running_and_succeeded(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let result = client.retry(before.id).await;
        if matches!(state, State::Running | State::Succeeded) {
            conflicts(&client, &before, result).await;
            continue;
        }
        let task = result.unwrap();
        assert_eq!(
            task,
            client.get(before.id).await.unwrap(),
            "{state}: the answer is the row"
        );
        assert!(
            matches!(task.state, State::Queued | State::Retrying),
            "{state} is {}",
            task.state
        );
        assert!(
            task.due_at.unwrap() <= client.stats().await.unwrap().now,
            "{state}"
        );
        assert_eq!(
            (task.status, task.retries),
            (before.status, before.retries),
            "{state}"
        );
        assert_eq!(
            task.max_retries,
            before.max_retries.max(before.retries + 1),
            "{state}"
        );
        assert_eq!(task.finished_at, None, "{state}");
    }
}

async fn cancel_ends_every_task_that_has_not_ended(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let result = client.cancel(before.id).await;
        if state.is_ended() {
            conflicts(&client, &before, result).await;
            continue;
        }
        let task = result.unwrap();
        assert_eq!(
            task,
            client.get(before.id).await.unwrap(),
            "{state}: the answer is the row"
        );
        assert_eq!(
            (task.state, task.due_at, task.worker),
            (State::Cancelled, None, None),
            "{state}"
        );
        assert_eq!(task.error_kind.as_deref(), Some("cancelled"), "{state}");
        assert!(task.finished_at.is_some(), "{state}");
        let attempts = client.attempts(task.id).await.unwrap();
        let cancelled = attempts
            .iter()
            .filter(|row| row.outcome == "cancelled")
            .count();
        assert_eq!(
            cancelled,
            usize::from(state == State::Running),
            "{state}: a run that it ended"
        );
    }
}

async fn run_now_makes_every_waiting_task_due(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let result = client.run_now(before.id).await;
        if state.is_ended() || state == State::Running {
            conflicts(&client, &before, result).await;
            continue;
        }
        let task = result.unwrap();
        assert_eq!(
            task,
            client.get(before.id).await.unwrap(),
            "{state}: the answer is the row"
        );
        assert!(
            task.due_at.unwrap() <= client.stats().await.unwrap().now,
            "{state}"
        );
        assert_eq!(
            (task.status, task.max_retries),
            (before.status, before.max_retries),
            "{state}"
        );
    }
}

async fn retry_by_hand_of_an_exhausted_task_allows_one_more_run(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    gate.next().await.fail("no");
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Failed);
    client.retry(id).await.unwrap();
    gate.next().await.fail("again");
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.retries, task.max_retries),
        (State::Failed, 2, 2)
    );
    client.retry(id).await.unwrap();
    gate.next().await.succeed(1);
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn cancel_during_a_run_tells_the_handler_and_fences_its_outcome(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = crate::harness::stubborn::<0>();
    // The handler is told by a renewal, which comes at a third of the lease.
    script.lease = Duration::from_secs(6);
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let run = gate.next().await;
    let cancelled = client.cancel(id).await.unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    let began = Instant::now();
    within("the handler is told", run.cx.cancelled()).await;
    let (took, two_renewals) = (began.elapsed(), Duration::from_secs(4));
    assert!(took <= two_renewals, "it was told after {took:?}");
    run.succeed("too late");
    crate::harness::until("the worker sees that it lost", || async {
        worker.counts().leases_lost == 1
    })
    .await;
    assert_eq!(client.get(id).await.unwrap(), cancelled);
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(
        (attempts.len(), attempts[0].outcome.as_str()),
        (1, "cancelled")
    );
    assert_eq!(
        (attempts[0].attempt, attempts[0].worker.as_str()),
        (1, worker.worker())
    );
    worker.shutdown().await;
}

async fn a_cancelled_task_frees_its_slot_and_does_not_run(db: TestDb) {
    let client = db.client().await;
    let first = client.submit_json("Script", json!(1)).await.unwrap().id;
    client.cancel(first).await.unwrap();
    let second = client.submit_json("Script", json!(1)).await.unwrap().id;
    assert_ne!(first, second);
    let worker = db.worker(Script::<0>::echo()).await;
    client.wait(second, LONG).await.unwrap();
    worker.shutdown().await;
    let task = client.get(first).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Cancelled, 0));
    // Retried by hand it runs, although another task holds the slot that was its own.
    let third = client.submit_json("Script", json!(1)).await.unwrap().id;
    client.retry(first).await.unwrap();
    let worker = db.worker(Script::<0>::echo()).await;
    for id in [first, third] {
        assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    }
    worker.shutdown().await;
}

async fn a_quarantined_task_that_is_retried_by_hand_runs(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.exec(&format!(
        "UPDATE dutiful_tasks SET crashes = 2 WHERE id = {id}"
    ))
    .await;
    db.die_holding(id, "ghost").await;
    let worker = db.worker(Script::<0>::echo()).await;
    assert_eq!(
        client.wait(id, LONG).await.unwrap().state,
        State::Quarantined
    );
    client.retry(id).await.unwrap();
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn an_operation_on_a_task_that_is_not_there_is_not_found(db: TestDb) {
    let client = db.client().await;
    for id in [
        TaskId(987_654_321),
        TaskId(0),
        TaskId(-1),
        TaskId(i64::MAX),
        TaskId(i64::MIN),
    ] {
        let errors = [
            client.get(id).await.unwrap_err(),
            client.retry(id).await.unwrap_err(),
            client.cancel(id).await.unwrap_err(),
            client.run_now(id).await.unwrap_err(),
            client.edit(id).payload(json!(1)).await.unwrap_err(),
            client.delete(id).await.unwrap_err(),
            client.duplicate(id).await.unwrap_err(),
            client.explain(id).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
        assert!(client.attempts(id).await.unwrap().is_empty());
        assert!(client.logs(id).await.unwrap().is_empty());
    }
}
