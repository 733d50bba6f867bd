//! What a worker survives: code that panics where no handler is run, threads that never end, its own
//! leases running out.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until, within};
use dutiful::{Client, RetryPolicy, State, Status, TaskError, TaskId, Threads};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

cases![
    a_retry_policy_that_panics_stops_nothing,
    a_handler_that_panics_while_it_is_dropped_stops_nothing,
    a_lane_claims_again_when_its_abandoned_threads_have_ended,
    what_waits_behind_a_blocked_thread_runs_elsewhere,
    a_worker_does_not_take_over_what_it_still_runs,
    tasks_behind_a_lease_that_ran_out_and_is_still_run_are_claimed,
];

const LONG: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(100);
/// As many handlers as may ignore that they were told to end before their lane claims no more.
const ABANDONED_MAX: usize = 32;

async fn submit(client: &Client, payload: Value) -> TaskId {
    client.submit_json("Script", payload).await.unwrap().id
}

async fn a_retry_policy_that_panics_stops_nothing(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::new(|payload, _| async move {
        if payload == json!("fails") {
            return Err(TaskError::failed("no"));
        }
        Ok(payload)
    });
    script.retry_policy = RetryPolicy::custom(|_| panic!("no idea"));
    let worker = db.worker(script).await;
    let failing = submit(&client, json!("fails")).await;
    let retried = || async { client.get(failing).await.unwrap().retries == 1 };
    until("the failure is settled", retried).await;
    let task = client.get(failing).await.unwrap();
    assert_eq!((task.state, task.status), (State::Retrying, Status::Error));
    let wait = task.due_at.unwrap().since(task.last_run_at.unwrap());
    assert!(wait >= Duration::from_secs(600), "by default: {wait:?}");
    let next = submit(&client, json!("next")).await;
    let task = client.wait(next, LONG).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
    worker.shutdown().await;
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

async fn a_handler_that_panics_while_it_is_dropped_stops_nothing(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::new(|payload, _| async move {
        if payload == json!("hangs") {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        }
        Ok(payload)
    });
    script.timeout = SHORT;
    script.batch_size = 1;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let hanging = submit(&client, json!("hangs")).await;
    let next = submit(&client, json!("next")).await;
    let task = client.wait(next, LONG).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
    let task = client.get(hanging).await.unwrap();
    assert_eq!(task.error_kind.as_deref(), Some("timed_out"));
    let counts = worker.shutdown().await;
    assert_eq!(counts.abandoned, 0, "the lane kept its thread");
}

async fn a_lane_claims_again_when_its_abandoned_threads_have_ended(db: TestDb) {
    let client = db.client().await;
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let mut script = Script::<0>::new(move |payload, _| {
        let released = Arc::clone(&released);
        async move {
            if payload != json!("last") {
                // Ends when the sender is gone.
                let _ = released.lock().unwrap().recv();
            }
            Ok(payload)
        }
    });
    script.timeout = SHORT;
    script.batch_size = ABANDONED_MAX;
    script.threads = Threads::Own;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let many = (0..ABANDONED_MAX).map(|number| json!(number));
    client.submit_many::<Script>(many).await.unwrap();
    let all = u64::try_from(ABANDONED_MAX).unwrap();
    let abandoned = || async { worker.counts().abandoned == all };
    until("all threads are left behind", abandoned).await;
    let last = submit(&client, json!("last")).await;
    assert_eq!(client.get(last).await.unwrap().state, State::Queued);
    drop(release);
    let task = client.wait(last, LONG).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
    worker.shutdown().await;
}

async fn what_waits_behind_a_blocked_thread_runs_elsewhere(db: TestDb) {
    const TASKS: i64 = 4;
    let client = db.client().await;
    let numbers = (0..TASKS).map(|number| json!(number));
    client.submit_many::<Script>(numbers).await.unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let mut blocking = Script::<0>::new(move |payload, cx| {
        let _ = begun.send(cx.id());
        // No await: the event loop of the lane stands still.
        let _ = released.lock().unwrap().recv();
        async move { Ok(payload) }
    });
    // The others go back after a third of it.
    blocking.lease = Duration::from_secs(6);
    let first = db.worker(blocking).await;
    let blocked = within("one begins", begins.recv()).await.unwrap();
    let second = db.worker(Script::<0>::echo()).await;
    let succeeded = "SELECT COUNT(*) FROM dutiful_tasks WHERE status = 'success'";
    until("the others have run", || async {
        db.int(succeeded).await == TASKS - 1
    })
    .await;
    // Nothing is claimed where it would only wait.
    let next = submit(&client, json!("next")).await;
    let task = client.wait(next, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    let task = client.get(blocked).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Running, 1));
    drop(release);
    let task = client.wait(blocked, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    let charged = "SELECT COUNT(*) FROM dutiful_tasks WHERE retries > 0 OR crashes > 0";
    assert_eq!(db.int(charged).await, 0);
    first.shutdown().await;
    second.shutdown().await;
}

async fn a_worker_does_not_take_over_what_it_still_runs(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.lease = Duration::from_secs(1);
    let worker = db.worker(script).await;
    let id = submit(&client, json!(1)).await;
    let run = gate.next().await;
    // As after an outage that was longer than the lease: the claimer looks more often than the heart.
    db.set_due(id, -600).await;
    let renewed = || async { client.get(id).await.unwrap().state == State::Running };
    until("the heart renews the lease", renewed).await;
    assert_eq!(gate.waiting(), 0, "nobody runs it a second time");
    run.succeed("late");
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 1, 0)
    );
    worker.shutdown().await;
}

async fn tasks_behind_a_lease_that_ran_out_and_is_still_run_are_claimed(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    // No heart renews it before the case is over, and there is room for one task more.
    script.lease = Duration::from_secs(600);
    script.batch_size = 3;
    let worker = db.worker(script).await;
    let late = [
        submit(&client, json!(1)).await,
        submit(&client, json!(2)).await,
    ];
    let runs = [gate.next().await, gate.next().await];
    let due = db.now_plus(-5);
    db.exec(&format!("UPDATE dutiful_tasks SET due_at = {due}"))
        .await;
    let next = submit(&client, json!(3)).await;
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt()), (next, 1));
    run.succeed(3);
    runs.into_iter().for_each(|run| run.succeed("late"));
    for id in late {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!((task.attempt, task.crashes), (1, 0));
    }
    worker.shutdown().await;
}
