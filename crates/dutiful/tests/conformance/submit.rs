//! Submitting: what is in the row, and what the answer says.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, within};
use dutiful::{
    Client, Context, DedupScope, ErrorKind, Outcome, Priority, State, Status, Task, TaskError,
    Timestamp,
};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Barrier;

cases![
    a_submitted_task_is_queued_and_due_now,
    a_delayed_task_is_scheduled_by_the_clock_of_the_database,
    a_task_for_a_given_time_is_due_then_and_one_for_the_past_at_once,
    a_held_task_waits_until_somebody_releases_it,
    the_settings_of_its_type_are_in_the_row_and_options_replace_them,
    a_payload_that_does_not_validate_is_refused_and_nothing_is_stored,
    a_hundred_submits_of_one_key_at_once_make_one_task,
    different_submits_at_once_are_all_there,
    one_bad_payload_refuses_the_whole_batch,
    tables_with_another_prefix_are_another_queue,
];

async fn a_submitted_task_is_queued_and_due_now(db: TestDb) {
    let client = db.client().await;
    let submitted = client
        .submit_json("Script", json!({ "n": 1 }))
        .await
        .unwrap();
    assert_eq!(submitted.outcome, Outcome::Created);
    let task = client.get(submitted.id).await.unwrap();
    assert_eq!(
        (task.state, task.status),
        (State::Queued, Status::NotStarted)
    );
    assert_eq!(
        (task.task_name.as_str(), task.task_payload),
        ("Script", json!({ "n": 1 }))
    );
    let now = client.stats().await.unwrap().now;
    assert!(task.due_at.unwrap() <= now && task.created_at <= now);
    assert!(
        now.since(task.created_at) < Duration::from_secs(60),
        "created at {}",
        task.created_at
    );
    assert_eq!(
        (task.attempt, task.retries, task.max_retries, task.crashes),
        (0, 0, 3, 0)
    );
    assert_eq!(
        (task.last_run_at, task.finished_at, task.worker),
        (None, None, None)
    );
    assert_eq!(
        (task.error_kind, task.error_message, task.result_data),
        (None, None, None)
    );
    assert_eq!((task.priority, task.payload_version), (0, 1));
    assert_eq!(task.dedup_scope, "until_success");
}

async fn a_delayed_task_is_scheduled_by_the_clock_of_the_database(db: TestDb) {
    let client = db.client().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let id = client
        .submit_json("Script", json!(1))
        .delay(day)
        .await
        .unwrap()
        .id;
    let task = client.get(id).await.unwrap();
    assert_eq!(task.state, State::Scheduled);
    // The row's two times come from one statement or from two of one transaction.
    let ahead = task.due_at.unwrap().since(task.created_at);
    assert!(
        ahead + Duration::from_secs(5) > day && ahead < day + Duration::from_secs(5),
        "{ahead:?}"
    );
}

async fn a_task_for_a_given_time_is_due_then_and_one_for_the_past_at_once(db: TestDb) {
    let client = db.client().await;
    let later = SystemTime::now() + Duration::from_secs(3_600);
    let id = client
        .submit_json("Script", json!(1))
        .at(later)
        .await
        .unwrap()
        .id;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.due_at),
        (State::Scheduled, Some(Timestamp::from_system_time(later)))
    );
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let id = client
        .submit_json("Script", json!(2))
        .at(past)
        .await
        .unwrap()
        .id;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.due_at),
        (State::Queued, Some(Timestamp::from_micros(1_000_000)))
    );
    let far: Timestamp = "9999-12-30T21:59:59Z".parse().unwrap();
    let id = client
        .submit_json("Script", json!(3))
        .at(far.to_system_time())
        .await
        .unwrap()
        .id;
    assert_eq!(client.get(id).await.unwrap().due_at, Some(far));
}

async fn a_held_task_waits_until_somebody_releases_it(db: TestDb) {
    let client = db.client().await;
    let held = client
        .submit_json("Script", json!("held"))
        .held()
        .await
        .unwrap()
        .id;
    let task = client.get(held).await.unwrap();
    assert_eq!(
        (task.state, task.due_at, task.status),
        (State::Held, None, Status::NotStarted)
    );
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    client.submit_json("Script", json!("other")).await.unwrap();
    let run = gate.next().await;
    assert_eq!(run.payload, json!("other"));
    run.succeed(0);
    assert_eq!(client.run_now(held).await.unwrap().state, State::Queued);
    let run = gate.next().await;
    assert_eq!(run.id(), held);
    run.succeed(0);
    worker.shutdown().await;
}

struct Urgent;

impl Task for Urgent {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }

    fn name() -> &'static str {
        "mail:urgent.v2"
    }

    fn priority() -> Priority {
        Priority::MAX
    }

    fn max_retries() -> u32 {
        7
    }

    fn version() -> u32 {
        4
    }

    fn validate(payload: &u32) -> Result<(), String> {
        if *payload < 100 {
            Ok(())
        } else {
            Err(format!("{payload} is not below 100"))
        }
    }
}

async fn the_settings_of_its_type_are_in_the_row_and_options_replace_them(db: TestDb) {
    let client = db.client().await;
    let id = client.submit::<Urgent>(1).await.unwrap().id;
    let task = client.get(id).await.unwrap();
    assert_eq!(task.task_name, "mail:urgent.v2");
    assert_eq!(
        (task.priority, task.max_retries, task.payload_version),
        (9, 7, 4)
    );
    let other = client
        .submit::<Urgent>(2)
        .priority(-9)
        .max_retries(0)
        .dedup(DedupScope::Always);
    let task = client.get(other.await.unwrap().id).await.unwrap();
    assert_eq!((task.priority, task.max_retries), (-9, 0));
    assert_eq!(task.dedup_scope, "always");
}

async fn a_payload_that_does_not_validate_is_refused_and_nothing_is_stored(db: TestDb) {
    let client = db.client().await;
    let error = client.submit::<Urgent>(100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert!(
        error.to_string().contains("100 is not below 100"),
        "{error}"
    );
    assert_eq!(db.count("tasks").await, 0);
}

async fn a_hundred_submits_of_one_key_at_once_make_one_task(db: TestDb) {
    let clients = db.clients(4).await;
    let barrier = Arc::new(Barrier::new(100));
    let submits = (0..100).map(|number| {
        let (client, barrier) = (clients[number % 4].clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            client
                .submit_json("Script", json!({ "same": true }))
                .await
                .unwrap()
        })
    });
    let answers = within("all submits are answered", join_all(submits)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let ids: HashSet<_> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!(ids.len(), 1, "all get the same id");
    let created = answers
        .iter()
        .filter(|answer| answer.outcome == Outcome::Created);
    assert_eq!(created.count(), 1);
    let task = clients[0].get(answers[0].id).await.unwrap();
    assert_eq!(task.max_retries, 3 + 99);
    assert_eq!(db.count("tasks").await, 1);
}

async fn different_submits_at_once_are_all_there(db: TestDb) {
    let clients = db.clients(4).await;
    let barrier = Arc::new(Barrier::new(64));
    let submits = (0..64).map(|number| {
        let (client, barrier) = (clients[number % 4].clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let submitted = client
                .submit_json("Script", json!({ "n": number }))
                .await
                .unwrap();
            (submitted, number)
        })
    });
    let mut ids = HashSet::new();
    for answer in within("all submits are answered", join_all(submits)).await {
        let (submitted, number) = answer.unwrap();
        assert_eq!(submitted.outcome, Outcome::Created);
        assert!(ids.insert(submitted.id));
        let task = clients[0].get(submitted.id).await.unwrap();
        assert_eq!(
            task.task_payload,
            json!({ "n": number }),
            "the id is that of its own row"
        );
    }
    assert_eq!(db.count("tasks").await, 64);
}

async fn one_bad_payload_refuses_the_whole_batch(db: TestDb) {
    let client = db.client().await;
    let payloads = (0..50).map(|n| if n == 41 { 500 } else { n });
    let error = client.submit_many::<Urgent>(payloads).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert!(error.to_string().contains("payload 41"), "{error}");
    assert_eq!(db.count("tasks").await, 0);
}

async fn tables_with_another_prefix_are_another_queue(db: TestDb) {
    let client = db.client().await;
    let prefix = format!("{}other_", db.prefix());
    let other = Client::builder(db.url())
        .table_prefix(&prefix)
        .connect()
        .await
        .unwrap();
    other.migrate().await.unwrap();
    let id = other.submit_json("Script", json!(1)).await.unwrap().id;
    assert_eq!(db.count("tasks").await, 0);
    assert_eq!(
        client.get(id).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let worker = dutiful::Worker::new(other.clone()).register(Script::<0>::echo());
    let worker = worker.start().await.unwrap();
    let task = other.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
    worker.shutdown().await;
}
