//! Settling: what the row says after each outcome (the table of the design, row by row).

use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, stubborn, until};
use dutiful::{
    AttemptInfo, Client, RetryPolicy, State, Status, TaskError, TaskId, TaskInfo, TaskResult,
    WorkerHandle,
};
use serde_json::{Value, json};
use std::time::Duration;

cases![
    a_success_stores_the_result_and_leaves_no_history,
    a_failure_charges_a_retry_and_waits_for_the_cooldown,
    the_last_allowed_failure_ends_the_task,
    a_task_that_may_not_fail_at_all_ends_with_its_first_failure,
    an_invalid_answer_ends_the_task_uncharged,
    a_discard_ends_the_task_uncharged,
    a_snooze_charges_nothing_and_leaves_the_status_alone,
    retry_after_charges_a_retry_and_waits_as_long_as_it_says,
    retry_after_ends_the_task_when_no_retry_is_left,
    a_rate_limit_charges_nothing,
    a_success_after_a_failure_wipes_the_error,
    results_of_every_shape_come_back_as_they_were,
    outcomes_of_many_tasks_at_once_are_all_written,
    a_result_waits_for_a_table_that_is_away,
    two_attempts_of_one_task_in_one_batch_are_one_success,
];

const HOUR: Duration = Duration::from_secs(3_600);
const LONG: Duration = Duration::from_secs(60);

/// Submits a task and runs it once to this end; gives back the row and the history.
async fn run_once(
    db: &TestDb,
    max_retries: u32,
    answer: TaskResult<Value>,
) -> (TaskInfo, Vec<AttemptInfo>) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let submit = client
        .submit_json("Script", json!(1))
        .max_retries(max_retries);
    let id = submit.await.unwrap().id;
    gate.next().await.end(answer);
    let task = settled(&client, id).await;
    let attempts = client.attempts(id).await.unwrap();
    worker.shutdown().await;
    assert_eq!(
        (task.attempt, task.worker.clone(), task.crashes),
        (1, None, 0)
    );
    (task, attempts)
}

async fn settled(client: &Client, id: TaskId) -> TaskInfo {
    until("the run is settled", || async {
        client.get(id).await.unwrap().worker.is_none()
    })
    .await;
    client.get(id).await.unwrap()
}

/// Whether the task is due so long after its run, give or take what a busy machine needs.
fn waits(task: &TaskInfo, time: Duration) {
    let wait = task.due_at.unwrap().since(task.last_run_at.unwrap());
    assert!(
        wait >= time && wait < time + LONG,
        "{wait:?} where {time:?} was asked for"
    );
}

fn one(attempts: &[AttemptInfo], outcome: &str, message: Option<&str>) {
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    let row = &attempts[0];
    assert_eq!((row.attempt, row.outcome.as_str()), (1, outcome));
    assert_eq!(row.error_message.as_deref(), message);
    assert!(row.ended_at >= row.started_at);
}

async fn a_success_stores_the_result_and_leaves_no_history(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Ok(json!({ "said": "hi" }))).await;
    assert_eq!(
        (task.state, task.status, task.due_at),
        (State::Succeeded, Status::Success, None)
    );
    assert_eq!(task.result_data, Some(json!({ "said": "hi" })));
    assert_eq!(
        (task.retries, task.error_kind, task.error_message),
        (0, None, None)
    );
    assert!(task.finished_at.unwrap() >= task.last_run_at.unwrap());
    assert!(attempts.is_empty());
}

async fn a_failure_charges_a_retry_and_waits_for_the_cooldown(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Err(TaskError::failed("no route"))).await;
    assert_eq!((task.state, task.status), (State::Retrying, Status::Error));
    assert_eq!((task.retries, task.max_retries), (1, 3));
    assert_eq!(task.error_kind.as_deref(), Some("failed"));
    assert_eq!(task.error_message.as_deref(), Some("no route"));
    assert_eq!((task.finished_at, task.result_data.clone()), (None, None));
    waits(&task, HOUR);
    one(&attempts, "failed", Some("no route"));
}

async fn the_last_allowed_failure_ends_the_task(db: TestDb) {
    let client = db.client().await;
    let worker = db
        .worker(Script::<0>::ends(|| Err(TaskError::failed("no"))))
        .await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.status, task.due_at),
        (State::Failed, Status::Error, None)
    );
    assert_eq!((task.retries, task.max_retries, task.attempt), (3, 3, 3));
    assert!(task.finished_at.is_some());
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(
        attempts.iter().map(|row| row.attempt).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    worker.shutdown().await;
}

async fn a_task_that_may_not_fail_at_all_ends_with_its_first_failure(db: TestDb) {
    let (task, _) = run_once(&db, 0, Err(TaskError::failed("no"))).await;
    assert_eq!(
        (task.state, task.retries, task.max_retries),
        (State::Failed, 1, 0)
    );
}

async fn an_invalid_answer_ends_the_task_uncharged(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Err(TaskError::invalid("no such page"))).await;
    assert_eq!(
        (task.state, task.status, task.due_at),
        (State::Invalid, Status::Error, None)
    );
    assert_eq!(
        (task.retries, task.error_kind.as_deref()),
        (0, Some("invalid_payload"))
    );
    assert_eq!(task.error_message.as_deref(), Some("no such page"));
    assert!(task.finished_at.is_some());
    one(&attempts, "invalid", Some("no such page"));
}

async fn a_discard_ends_the_task_uncharged(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Err(TaskError::discard("not needed"))).await;
    assert_eq!(
        (task.state, task.status, task.due_at),
        (State::Discarded, Status::Error, None)
    );
    assert_eq!(
        (task.retries, task.error_kind.as_deref()),
        (0, Some("discarded"))
    );
    assert!(task.finished_at.is_some());
    one(&attempts, "discarded", Some("not needed"));
}

async fn a_snooze_charges_nothing_and_leaves_the_status_alone(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Err(TaskError::snooze(HOUR))).await;
    assert_eq!(
        (task.state, task.status),
        (State::Scheduled, Status::NotStarted)
    );
    assert_eq!(
        (task.retries, task.error_kind.clone(), task.finished_at),
        (0, None, None)
    );
    waits(&task, HOUR);
    one(&attempts, "snoozed", None);
}

async fn retry_after_charges_a_retry_and_waits_as_long_as_it_says(db: TestDb) {
    let (task, attempts) = run_once(&db, 3, Err(TaskError::retry_after(HOUR * 5))).await;
    assert_eq!(
        (task.state, task.status),
        (State::Scheduled, Status::NotStarted),
        "the status says nothing new"
    );
    assert_eq!((task.retries, task.error_kind.clone()), (1, None));
    assert!(task.error_message.is_some(), "the reason can be read");
    waits(&task, HOUR * 5);
    one(&attempts, "retry_after", task.error_message.as_deref());
}

async fn retry_after_ends_the_task_when_no_retry_is_left(db: TestDb) {
    let (task, _) = run_once(&db, 1, Err(TaskError::retry_after(HOUR))).await;
    assert_eq!(
        (task.state, task.due_at, task.retries),
        (State::Failed, None, 1)
    );
}

async fn a_rate_limit_charges_nothing(db: TestDb) {
    let (task, attempts) = run_once(&db, 1, Err(TaskError::rate_limited(HOUR))).await;
    assert_eq!(
        (task.state, task.status),
        (State::Scheduled, Status::NotStarted)
    );
    assert_eq!((task.retries, task.error_kind.clone()), (0, None));
    waits(&task, HOUR);
    assert_eq!(
        (attempts.len(), attempts[0].outcome.as_str()),
        (1, "retry_after")
    );
}

async fn a_success_after_a_failure_wipes_the_error(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    gate.next().await.fail("first");
    gate.next().await.succeed("second");
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.retries, task.attempt),
        (State::Succeeded, 1, 2)
    );
    assert_eq!((task.error_kind, task.error_message), (None, None));
    one(&client.attempts(id).await.unwrap(), "failed", Some("first"));
    worker.shutdown().await;
}

async fn results_of_every_shape_come_back_as_they_were(db: TestDb) {
    let client = db.client().await;
    let worker: WorkerHandle = db.worker(Script::<0>::echo()).await;
    let results = [
        Value::Null,
        json!(true),
        json!(-1.5e-7),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("é € 😀 \\ \" ' ` % _ ? $1 :x \n\r\t\u{7f}\u{2028}"),
        json!([[], {}, [null]]),
        json!({ "": { "a": [1, "two", { "three": 3.5 }] }, "ключ": "значение" }),
        json!("x".repeat(300_000)),
    ];
    for result in results {
        let id = client
            .submit_json("Script", result.clone())
            .await
            .unwrap()
            .id;
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.result_data),
            (State::Succeeded, Some(result))
        );
    }
    worker.shutdown().await;
}

async fn outcomes_of_many_tasks_at_once_are_all_written(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::new(|payload, _| async move {
        match payload.as_u64().unwrap() % 5 {
            0 => Err(TaskError::failed("no")),
            1 => Err(TaskError::discard("no")),
            2 => Err(TaskError::snooze(HOUR)),
            _ => Ok(payload),
        }
    });
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    script.batch_size = 64;
    client
        .submit_many::<Script>((0..400).map(|number| json!(number)))
        .await
        .unwrap();
    let worker = db.worker(script).await;
    let settled = "SELECT COUNT(*) FROM dutiful_tasks WHERE attempt = 1 AND worker IS NULL";
    until("all are settled", || async { db.int(settled).await == 400 }).await;
    let counts = worker.shutdown().await;
    assert_eq!(
        (counts.succeeded, counts.failed, counts.leases_lost),
        (160, 240, 0)
    );
    let stats = client.stats().await.unwrap();
    let expected = [
        (State::Scheduled, 80),
        (State::Retrying, 80),
        (State::Succeeded, 160),
        (State::Discarded, 80),
    ];
    assert_eq!(stats.names[0].counts, expected.into());
    assert_eq!(db.count("attempts").await, 240);
    let sql = "SELECT COUNT(*) FROM dutiful_tasks WHERE status = 'success'
               AND result_data <> task_payload";
    assert_eq!(db.int(sql).await, 0, "no task got another one's result");
}

async fn a_result_waits_for_a_table_that_is_away(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let run = gate.next().await;
    db.exec("ALTER TABLE dutiful_tasks RENAME TO dutiful_tasks_away")
        .await;
    run.succeed("done once");
    // Long enough for a try in vain; what is done must not be done again because of it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    db.exec("ALTER TABLE dutiful_tasks_away RENAME TO dutiful_tasks")
        .await;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    assert_eq!((task.crashes, task.retries), (0, 0));
    worker.shutdown().await;
}

/// The outcome that is written first waits for a lock, and both attempts gather behind it.
async fn two_attempts_of_one_task_in_one_batch_are_one_success(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = stubborn::<0>();
    let worker = db.worker(script).await;
    let first_id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let first = gate.next().await;
    let id = client.submit_json("Script", json!(2)).await.unwrap().id;
    let stale = gate.next().await;
    db.expire_elsewhere(id).await;
    let run = gate.next().await;
    let mut other = Session::open(&db).await;
    other.begin().await;
    let lock = format!("UPDATE dutiful_tasks SET progress = 0 WHERE id = {first_id}");
    other.exec(&lock).await.unwrap();
    first.succeed(1);
    // Were they sooner than the settler they would be in one batch with it, which is the same to them.
    tokio::time::sleep(Duration::from_millis(100)).await;
    stale.succeed("late");
    run.succeed("right");
    other.exec("COMMIT").await.unwrap();
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(task.result_data, Some(json!("right")));
    client.wait(first_id, LONG).await.unwrap();
    let counts = worker.shutdown().await;
    assert_eq!((counts.succeeded, counts.leases_lost), (2, 1));
}
