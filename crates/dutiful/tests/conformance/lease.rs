//! Leases: who may settle, what happens when one runs out, and what a stale worker can still do: nothing.

use crate::harness::trial::cases;
use crate::harness::{Gate, Script, Started, TestDb, gated, stubborn, until, within};
use dutiful::{Client, State, Status, TaskError, TaskId, TaskResult, Worker, WorkerHandle};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

cases![
    late_settle_after_expiry_changes_nothing,
    late_failure_after_expiry_changes_nothing,
    a_late_settle_of_a_task_that_has_ended_changes_nothing,
    late_settle_changes_nothing_when_the_same_worker_claims_again,
    a_worker_that_takes_over_its_own_lost_leases_keeps_its_slots,
    a_stale_worker_cannot_renew_and_its_handler_is_told,
    a_stale_worker_cannot_store_steps,
    a_stale_worker_cannot_write_progress,
    a_stale_worker_cannot_write_log_lines,
    a_lease_is_renewed_while_the_handler_runs,
    a_handler_that_blocks_its_thread_keeps_its_lease,
    a_lost_lease_counts_a_crash_and_no_retry,
    the_third_crash_quarantines_and_each_has_a_row_of_history,
    the_crash_limit_is_a_setting_of_the_type,
    lost_leases_are_taken_over_ahead_of_a_backlog,
    a_lease_that_has_not_run_out_is_left_alone,
    a_settle_after_expiry_stands_when_nobody_took_the_task,
];

const LONG: Duration = Duration::from_secs(60);

/// A lease that no case outlives, with room for one run: a worker that is full takes nothing over.
fn one_at_a_time(mut script: Script) -> Script {
    script.lease = Duration::from_secs(600);
    script.batch_size = 1;
    script
}

/// Two workers: the first has lost its lease on the task to the second, and both runs go on.
struct Stolen {
    db: TestDb,
    client: Client,
    id: TaskId,
    first: WorkerHandle,
    stale: Started,
    second: WorkerHandle,
    run: Started,
    _gates: (Gate, Gate),
}

impl Stolen {
    async fn new(db: TestDb) -> Stolen {
        let client = db.client().await;
        let id = client.submit_json("Script", json!(1)).await.unwrap().id;
        let (script, mut first_gate) = stubborn();
        let first = db.worker(one_at_a_time(script)).await;
        let stale = first_gate.next().await;
        let (script, mut second_gate) = gated();
        let second = db.worker(one_at_a_time(script)).await;
        db.expire(id).await;
        let run = second_gate.next().await;
        assert_eq!((stale.cx.attempt(), run.cx.attempt(), run.id()), (1, 2, id));
        let _gates = (first_gate, second_gate);
        Stolen {
            db,
            client,
            id,
            first,
            stale,
            second,
            run,
            _gates,
        }
    }

    /// The stale run ends like this; then the right one succeeds.
    async fn end_stale_with(self, answer: TaskResult<Value>) {
        let before = self.client.get(self.id).await.unwrap();
        assert_eq!(before.worker.as_deref(), Some(self.second.worker()));
        self.stale.end(answer);
        let first = &self.first;
        until("the first worker sees that it lost", || async {
            first.counts().leases_lost == 1
        })
        .await;
        assert_eq!(
            self.client.get(self.id).await.unwrap(),
            before,
            "the late outcome changes nothing"
        );
        self.run.succeed("right");
        let task = self.client.wait(self.id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.result_data),
            (State::Succeeded, Some(json!("right")))
        );
        assert_eq!((task.attempt, task.crashes, task.retries), (2, 1, 0));
        let attempts = self.client.attempts(self.id).await.unwrap();
        assert_eq!(
            attempts.len(),
            1,
            "only the lost lease left a row: {attempts:?}"
        );
        assert_eq!(
            (attempts[0].outcome.as_str(), attempts[0].attempt),
            ("lease_lost", 1)
        );
        assert_eq!(attempts[0].worker, self.first.worker());
        self.first.shutdown().await;
        self.second.shutdown().await;
    }
}

async fn late_settle_after_expiry_changes_nothing(db: TestDb) {
    Stolen::new(db)
        .await
        .end_stale_with(Ok(json!("late")))
        .await;
}

async fn late_failure_after_expiry_changes_nothing(db: TestDb) {
    Stolen::new(db)
        .await
        .end_stale_with(Err(TaskError::failed("late")))
        .await;
}

async fn a_late_settle_of_a_task_that_has_ended_changes_nothing(db: TestDb) {
    let stolen = Stolen::new(db).await;
    stolen.run.succeed("right");
    let ended = stolen.client.wait(stolen.id, LONG).await.unwrap();
    stolen.stale.succeed("late");
    let first = &stolen.first;
    until("the first worker sees that it lost", || async {
        first.counts().leases_lost == 1
    })
    .await;
    assert_eq!(stolen.client.get(stolen.id).await.unwrap(), ended);
    stolen.first.shutdown().await;
    stolen.second.shutdown().await;
}

async fn late_settle_changes_nothing_when_the_same_worker_claims_again(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = stubborn::<0>();
    let worker = db.worker(script).await;
    let stale = gate.next().await;
    db.expire_elsewhere(id).await;
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt()), (id, 2));
    assert_eq!(run.cx.worker(), stale.cx.worker());
    let before = client.get(id).await.unwrap();
    stale.succeed("late");
    // What is settled after it is settled in order.
    let other = client.submit_json("Script", json!(2)).await.unwrap().id;
    gate.next().await.succeed(2);
    client.wait(other, LONG).await.unwrap();
    assert_eq!(client.get(id).await.unwrap(), before);
    run.succeed("right");
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.result_data, task.attempt), (Some(json!("right")), 2));
    worker.shutdown().await;
}

async fn a_worker_that_takes_over_its_own_lost_leases_keeps_its_slots(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = stubborn::<0>();
    script.batch_size = 2;
    script.crash_limit = 100;
    let worker = db.worker(script).await;
    for number in 0..4 {
        let id = client
            .submit_json("Script", json!(number))
            .await
            .unwrap()
            .id;
        let stale = gate.next().await;
        db.expire_elsewhere(id).await;
        let run = gate.next().await;
        assert_eq!((run.id(), run.cx.attempt()), (id, 2), "round {number}");
        stale.succeed("late");
        run.succeed("right");
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(task.result_data, Some(json!("right")), "round {number}");
    }
    worker.shutdown().await;
}

async fn a_stale_worker_cannot_renew_and_its_handler_is_told(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (mut script, mut gate) = stubborn::<0>();
    script.lease = Duration::from_secs(1);
    script.batch_size = 1;
    let worker = db.worker(script).await;
    let stale = gate.next().await;
    let due = db.now_plus(500);
    let sql = format!(
        "UPDATE dutiful_tasks SET worker = 'other', attempt = 2, due_at = {due} WHERE id = {id}"
    );
    assert_eq!(db.exec(&sql).await, 1);
    let taken = client.get(id).await.unwrap();
    within("the handler is told", stale.cx.cancelled()).await;
    stale.succeed("late");
    until("the worker sees that it lost", || async {
        worker.counts().leases_lost == 1
    })
    .await;
    assert_eq!(client.get(id).await.unwrap(), taken);
    worker.shutdown().await;
}

async fn a_stale_worker_cannot_store_steps(db: TestDb) {
    let stolen = Stolen::new(db).await;
    let error = stolen
        .stale
        .cx
        .step("page", || async { Ok(1) })
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no longer holds its lease"),
        "{error}"
    );
    assert_eq!(stolen.db.count("steps").await, 0);
    // The step is still to be done, and is done by the one who holds the lease.
    assert_eq!(
        stolen
            .run
            .cx
            .step("page", || async { Ok(2) })
            .await
            .unwrap(),
        2
    );
    assert_eq!(stolen.db.count("steps").await, 1);
    stolen.end_stale_with(Ok(json!(1))).await;
}

async fn a_stale_worker_cannot_write_progress(db: TestDb) {
    let stolen = Stolen::new(db).await;
    stolen.stale.cx.progress(99, "late");
    // What a run has noted is written before its outcome.
    stolen.end_stale_with(Ok(json!(1))).await;
}

async fn a_stale_worker_cannot_write_log_lines(db: TestDb) {
    let stolen = Stolen::new(db).await;
    let (client, id) = (stolen.client.clone(), stolen.id);
    stolen.run.cx.log("right");
    // Written by the recorder while the run goes on, and at its end before the outcome.
    for number in 0..3 {
        stolen.stale.cx.log(format!("late {number}"));
    }
    until("the line of the right one is written", || async {
        !client.logs(id).await.unwrap().is_empty()
    })
    .await;
    stolen.stale.cx.log("last");
    stolen.end_stale_with(Ok(json!(1))).await;
    let lines = client.logs(id).await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.attempt, line.message.as_str()))
        .collect();
    assert_eq!(lines, [(2, "right")]);
}

async fn a_lease_is_renewed_while_the_handler_runs(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (mut script, mut gate) = gated::<0>();
    script.lease = Duration::from_secs(1);
    let first = db.worker(script.clone()).await;
    let second = db.worker(script).await;
    let run = gate.next().await;
    outlive_two_leases(&client, id).await;
    run.succeed(1);
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 1, 0)
    );
    first.shutdown().await;
    second.shutdown().await;
}

/// Waits until the lease of one second has been renewed past the time at which two would have ended.
async fn outlive_two_leases(client: &Client, id: TaskId) {
    until("the lease is renewed again and again", || async {
        let task = client.get(id).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Running, 1));
        task.due_at.unwrap().since(task.last_run_at.unwrap()) > Duration::from_secs(2)
    })
    .await;
}

async fn a_handler_that_blocks_its_thread_keeps_its_lease(db: TestDb) {
    let client = db.client().await;
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = Arc::new(Mutex::new(ended));
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let mut script = Script::<0>::new(move |_, cx| {
        let ended = Arc::clone(&ended);
        let begun = begun.clone();
        async move {
            begun.send(cx.attempt()).unwrap();
            // No await: the event loop of the lane stands still.
            let _ = ended.lock().unwrap().recv();
            Ok(Value::Null)
        }
    });
    script.lease = Duration::from_secs(1);
    let first = db.worker(script.clone()).await;
    let second = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    assert_eq!(within("the run begins", begins.recv()).await, Some(1));
    outlive_two_leases(&client, id).await;
    end.send(()).unwrap();
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 1, 0)
    );
    first.shutdown().await;
    second.shutdown().await;
}

async fn a_lost_lease_counts_a_crash_and_no_retry(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, "ghost").await;
    let claimed = client.get(id).await.unwrap().last_run_at.unwrap();
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    assert_eq!((run.cx.attempt(), run.cx.retries()), (2, 0));
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.status), (State::Running, Status::Error));
    assert_eq!((task.crashes, task.retries, task.max_retries), (1, 0, 3));
    assert_eq!(task.error_kind.as_deref(), Some("lease_lost"));
    assert!(task.error_message.as_deref().unwrap().contains("ghost"));
    assert_eq!(task.worker.as_deref(), Some(worker.worker()));
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].attempt, attempts[0].worker.as_str()),
        (1, "ghost")
    );
    assert_eq!(
        (attempts[0].outcome.as_str(), attempts[0].started_at),
        ("lease_lost", claimed)
    );
    run.succeed(1);
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.error_kind, task.error_message),
        (State::Succeeded, None, None)
    );
    worker.shutdown().await;
}

async fn the_third_crash_quarantines_and_each_has_a_row_of_history(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    for attempt in 1..=3 {
        let run = gate.next().await;
        assert_eq!(run.cx.attempt(), attempt);
        gate.keep(run);
        db.expire_elsewhere(id).await;
    }
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.status),
        (State::Quarantined, Status::Error)
    );
    assert_eq!((task.crashes, task.retries, task.attempt), (3, 0, 3));
    assert_eq!((task.due_at, task.worker), (None, None));
    assert_eq!(task.error_kind.as_deref(), Some("lease_lost"));
    assert!(task.finished_at.is_some());
    let attempts = client.attempts(id).await.unwrap();
    let rows: Vec<_> = attempts
        .iter()
        .map(|row| (row.attempt, row.outcome.as_str()))
        .collect();
    assert_eq!(
        rows,
        [(1, "lease_lost"), (2, "lease_lost"), (3, "lease_lost")]
    );
    assert_eq!(worker.shutdown().await.quarantined, 1);
    assert_eq!(gate.waiting(), 0);
}

async fn the_crash_limit_is_a_setting_of_the_type(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, "ghost").await;
    let mut script = Script::<0>::echo();
    script.crash_limit = 1;
    let worker = db.worker(script).await;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.crashes, task.attempt),
        (State::Quarantined, 1, 1)
    );
    worker.shutdown().await;
}

async fn lost_leases_are_taken_over_ahead_of_a_backlog(db: TestDb) {
    let client = db.client().await;
    let lost = client
        .submit_json("Script", json!("lost"))
        .await
        .unwrap()
        .id;
    db.die_holding(lost, "ghost").await;
    client
        .submit_many::<Script>((0..500).map(|number| json!(number)))
        .await
        .unwrap();
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(one_at_a_time(script)).await;
    // It came due when its lease ended, and keeps that place although a crash was counted.
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt()), (lost, 2));
    run.succeed(1);
    worker.shutdown().await;
}

async fn a_lease_that_has_not_run_out_is_left_alone(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let due = db.now_plus(3_600);
    let sql = format!(
        "UPDATE dutiful_tasks SET worker = 'other', attempt = 1, due_at = {due} WHERE id = {id}"
    );
    db.exec(&sql).await;
    let held = client.get(id).await.unwrap();
    let worker = db.worker(Script::<0>::echo()).await;
    for number in 2..12 {
        let other = client
            .submit_json("Script", json!(number))
            .await
            .unwrap()
            .id;
        client.wait(other, LONG).await.unwrap();
    }
    assert_eq!(client.get(id).await.unwrap(), held);
    worker.shutdown().await;
}

async fn a_settle_after_expiry_stands_when_nobody_took_the_task(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated();
    let worker = Worker::new(db.client().await).register(one_at_a_time(script));
    let worker = worker.shutdown_grace(LONG).start().await.unwrap();
    let run = gate.next().await;
    // A worker that stops claims nothing, not even what it has lost itself.
    worker.stopper().stop();
    let other = client.submit_json("Script", json!(2)).await.unwrap().id;
    db.expire(id).await;
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
    run.succeed("in the end");
    worker.wait().await.unwrap();
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 1, 0)
    );
    assert_eq!(client.get(other).await.unwrap().attempt, 0);
}
