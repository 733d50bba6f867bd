//! Retry policies: how long a failed task waits.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Context, FailureKind, RetryPolicy, State, Task, TaskError, TaskInfo};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

cases![
    by_default_a_failed_task_waits_ten_minutes,
    an_exponential_wait_stays_below_its_growing_bound,
    a_rule_of_the_program_sees_the_failure_and_decides,
    a_wait_is_never_longer_than_ten_years,
    a_task_that_waits_is_run_again_when_its_time_has_come,
    which_error_is_the_last_is_known_before_it_is_given_back,
];

struct Plain;

impl Task for Plain {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> {
        "no number".parse::<u32>()?;
        Ok(())
    }
}

/// The row after so many failed runs.
async fn failed(db: &TestDb, id: dutiful::TaskId, times: i64) -> TaskInfo {
    let client = db.client().await;
    until("the run is settled", || async {
        client.get(id).await.unwrap().retries == times
    })
    .await;
    client.get(id).await.unwrap()
}

fn waited(task: &TaskInfo) -> Duration {
    task.due_at.unwrap().since(task.last_run_at.unwrap())
}

async fn by_default_a_failed_task_waits_ten_minutes(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Plain).await;
    let id = client.submit::<Plain>(1).await.unwrap().id;
    let task = failed(&db, id, 1).await;
    assert_eq!(
        (task.state, task.task_name.as_str()),
        (State::Retrying, "Plain")
    );
    assert!(
        task.error_message
            .as_deref()
            .unwrap()
            .contains("invalid digit")
    );
    let wait = waited(&task);
    let ten_minutes = Duration::from_secs(600);
    assert!(
        wait >= ten_minutes && wait < ten_minutes + Duration::from_secs(60),
        "{wait:?}"
    );
    worker.shutdown().await;
}

async fn an_exponential_wait_stays_below_its_growing_bound(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::ends(|| Err(TaskError::failed("no")));
    let (base, cap) = (Duration::from_secs(1_000), Duration::from_secs(3_000));
    script.retry_policy = RetryPolicy::Exponential { base, cap };
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(9)
        .await
        .unwrap()
        .id;
    for (times, bound) in [(1, 1_000), (2, 2_000), (3, 3_000), (4, 3_000)] {
        let task = failed(&db, id, times).await;
        // What lies between the start of the run and its settling comes on top.
        let bound = Duration::from_secs(bound + 60);
        assert!(
            waited(&task) <= bound,
            "{times} failures: {:?}",
            waited(&task)
        );
        db.set_due(id, -1).await;
    }
    worker.shutdown().await;
}

async fn a_rule_of_the_program_sees_the_failure_and_decides(db: TestDb) {
    let client = db.client().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let by_rule = Arc::clone(&seen);
    let mut script = Script::<0>::ends(|| Err(TaskError::failed("no route")));
    script.retry_policy = RetryPolicy::custom(move |failure| {
        by_rule
            .lock()
            .unwrap()
            .push((failure.retries, failure.kind, failure.message.clone()));
        Duration::from_secs(7_000)
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    for times in 1..=2 {
        let task = failed(&db, id, times).await;
        assert!(waited(&task) >= Duration::from_secs(7_000));
        db.set_due(id, -1).await;
    }
    worker.shutdown().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], (1, FailureKind::Failed, "no route".to_owned()));
    assert_eq!(seen[1].0, 2);
}

async fn a_wait_is_never_longer_than_ten_years(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::ends(|| Err(TaskError::failed("no")));
    script.retry_policy = RetryPolicy::Cooldown(Duration::MAX);
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let wait = waited(&failed(&db, id, 1).await);
    let ten_years = dutiful::limits::DELAY_MAX;
    assert!(
        wait >= ten_years && wait < ten_years + Duration::from_secs(60),
        "{wait:?}"
    );
    let other = Script::<1>::ends(|| Err(TaskError::snooze(Duration::MAX)));
    let second = db.worker(other).await;
    let id = client.submit_json("Other", json!(1)).await.unwrap().id;
    until("it is snoozed", || async {
        client.get(id).await.unwrap().state == State::Scheduled
    })
    .await;
    worker.shutdown().await;
    second.shutdown().await;
}

async fn a_task_that_waits_is_run_again_when_its_time_has_come(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::ends(|| Err(TaskError::failed("no")));
    script.retry_policy = RetryPolicy::Cooldown(Duration::from_millis(300));
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Failed, 3));
    let attempts = client.attempts(id).await.unwrap();
    for pair in attempts.windows(2) {
        let pause = pair[1].started_at.since(pair[0].started_at);
        assert!(
            pause >= Duration::from_millis(300),
            "run again after {pause:?}"
        );
    }
    worker.shutdown().await;
}

/// Asks of each kind of error whether it would be the last, and fails.
struct Asks(Arc<Mutex<Vec<[bool; 6]>>>);

impl Task for Asks {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, cx: &Context) -> Result<(), TaskError> {
        let errors = [
            TaskError::failed("no"),
            TaskError::retry_after(Duration::ZERO),
            TaskError::rate_limited(Duration::ZERO),
            TaskError::snooze(Duration::ZERO),
            TaskError::discard("no"),
            TaskError::invalid("no"),
        ];
        let answers = errors.each_ref().map(|error| cx.is_final(error));
        self.0.lock().unwrap().push(answers);
        let [failed, ..] = errors;
        Err(failed)
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::Cooldown(Duration::ZERO)
    }
}

async fn which_error_is_the_last_is_known_before_it_is_given_back(db: TestDb) {
    let client = db.client().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let worker = db.worker(Asks(Arc::clone(&asked))).await;
    let id = client.submit::<Asks>(1).max_retries(2).await.unwrap().id;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    worker.shutdown().await;
    assert_eq!((task.state, task.retries), (State::Failed, 2));
    let more = [false, false, false, false, true, true];
    let last = [true, true, false, false, true, true];
    assert_eq!(*asked.lock().unwrap(), [more, last]);
}
