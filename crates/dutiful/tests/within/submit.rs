//! Submitting inside the caller's transaction.

use crate::app::{App, effect, make_effects};
use crate::cases;
use crate::harness::engine::Dialect;
use crate::harness::{Script, TestDb};
use dutiful::{Client, DedupScope, ErrorKind, Outcome, State, Timestamp, limits};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

cases![
    a_commit_stores_the_task_and_a_worker_runs_it,
    a_rollback_leaves_nothing,
    a_dropped_transaction_leaves_nothing,
    a_taken_slot_takes_the_submission_and_the_transaction_lives_on,
    two_submissions_in_one_transaction_are_two_tasks_or_one,
    many_submissions_stand_or_fall_together,
    a_join_and_its_items_stand_or_fall_together,
    ids_of_many_submissions_may_lie_apart,
    options_are_stored_whatever_the_session_of_the_caller_is_set_to,
    a_slot_whose_window_is_over_is_free_and_one_whose_window_is_not_is_taken,
    a_merge_that_changes_nothing_is_a_merge,
    a_slot_that_another_transaction_holds_is_a_busy_database,
    tables_that_are_missing_are_named_by_the_error,
    a_plain_connection_serves_when_a_transaction_was_begun_by_hand,
];

const HOUR: Duration = Duration::from_secs(3_600);

async fn count(db: &TestDb, table: &str) -> i64 {
    db.count(table).await
}

async fn a_commit_stores_the_task_and_a_worker_runs_it<A: App>(db: TestDb) {
    make_effects(&db).await;
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "order").await;
    let payload = json!({ "text": "grüße 🚀 \u{0001}", "n": -7 });
    let submitted = client
        .submit_json("Script", payload.clone())
        .within(&mut tx)
        .await
        .unwrap();
    assert_eq!(submitted.outcome, Outcome::Created);
    let unseen = client.get(submitted.id).await.unwrap_err();
    assert_eq!(unseen.kind(), ErrorKind::NotFound);
    A::commit(tx).await;
    let task = client.get(submitted.id).await.unwrap();
    assert_eq!((task.state, &task.task_payload), (State::Queued, &payload));
    assert!(task.due_at.unwrap() <= client.stats().await.unwrap().now);
    let worker = db.worker(Script::<0>::echo()).await;
    let done = client
        .wait(submitted.id, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        (done.state, done.result_data),
        (State::Succeeded, Some(payload))
    );
    assert_eq!(count(&db, "effects").await, 1);
    worker.shutdown().await;
}

async fn a_rollback_leaves_nothing<A: App>(db: TestDb) {
    make_effects(&db).await;
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let mut tx = app.begin().await;
    effect::<A>(&db, &mut tx, "order").await;
    client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    A::rollback(tx).await;
    assert_eq!(
        (count(&db, "tasks").await, count(&db, "effects").await),
        (0, 0)
    );
    // The slot is free again, too.
    let again = client.submit_json("Script", json!(1)).await.unwrap();
    assert_eq!(again.outcome, Outcome::Created);
}

async fn a_join_and_its_items_stand_or_fall_together<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let join = || {
        let items = (0..3).map(|number| client.submit_json("Script", json!(number)));
        client.submit_json("Other", json!(1)).after(items)
    };
    let mut tx = app.begin().await;
    join().within(&mut tx).await.unwrap();
    A::rollback(tx).await;
    assert_eq!(
        (count(&db, "tasks").await, count(&db, "items").await),
        (0, 0)
    );
    let mut tx = app.begin().await;
    let submitted = join().within(&mut tx).await.unwrap();
    A::commit(tx).await;
    assert_eq!(client.get(submitted.id).await.unwrap().state, State::Held);
    assert_eq!(client.items(submitted.id, 0, 10).await.unwrap().len(), 3);
    assert_eq!(count(&db, "joins").await, 1);
}

async fn a_dropped_transaction_leaves_nothing<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let mut tx = app.begin().await;
    client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    drop(tx);
    // What dropping does is done, at the latest, before the next transaction.
    let tx = app.begin().await;
    A::commit(tx).await;
    assert_eq!(count(&db, "tasks").await, 0);
}

async fn a_taken_slot_takes_the_submission_and_the_transaction_lives_on<A: App>(db: TestDb) {
    make_effects(&db).await;
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let first = client
        .submit_json("Script", json!({ "a": 1 }))
        .await
        .unwrap();
    let mut tx = app.begin().await;
    let merged = client
        .submit_json("Script", json!({ "a": 1 }))
        .within(&mut tx)
        .await
        .unwrap();
    assert_eq!((merged.id, merged.outcome), (first.id, Outcome::Merged));
    let other = client
        .submit_json("Script", json!({ "a": 2 }))
        .within(&mut tx)
        .await
        .unwrap();
    effect::<A>(&db, &mut tx, "after").await;
    A::commit(tx).await;
    assert_eq!(client.get(first.id).await.unwrap().max_retries, 4);
    assert_eq!(client.get(other.id).await.unwrap().max_retries, 3);
    assert_eq!(
        (count(&db, "tasks").await, count(&db, "effects").await),
        (2, 1)
    );
    let mut tx = app.begin().await;
    client
        .submit_json("Script", json!({ "a": 1 }))
        .within(&mut tx)
        .await
        .unwrap();
    A::rollback(tx).await;
    assert_eq!(client.get(first.id).await.unwrap().max_retries, 4);
}

async fn two_submissions_in_one_transaction_are_two_tasks_or_one<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let mut tx = app.begin().await;
    let one = client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    let two = client
        .submit_json("Script", json!(2))
        .within(&mut tx)
        .await
        .unwrap();
    let same = client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    A::commit(tx).await;
    assert_ne!(one.id, two.id);
    assert_eq!((same.id, same.outcome), (one.id, Outcome::Merged));
    assert_eq!(count(&db, "tasks").await, 2);
}

async fn many_submissions_stand_or_fall_together<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    client
        .submit_json("Script", json!({ "n": 7 }))
        .await
        .unwrap();
    // More than one statement carries, and some of them large.
    let payloads = || (0..2_300).map(|n| json!({ "n": n % 2_200, "text": "é".repeat(n % 700) }));
    let mut distinct: Vec<Value> = payloads().collect();
    distinct.push(json!({ "n": 7 }));
    let all = distinct.len();
    distinct.sort_by_key(Value::to_string);
    distinct.dedup();
    let many = || client.submit_many::<Script>(payloads().chain([json!({ "n": 7 })]));
    let mut tx = app.begin().await;
    many().within(&mut tx).await.unwrap();
    A::rollback(tx).await;
    assert_eq!(count(&db, "tasks").await, 1);
    let mut tx = app.begin().await;
    let done = many().within(&mut tx).await.unwrap();
    A::commit(tx).await;
    assert_eq!(done.len(), all);
    let ids: HashSet<_> = done.iter().map(|done| done.id).collect();
    assert_eq!(ids.len(), distinct.len());
    assert_eq!(done.last().unwrap().outcome, Outcome::Merged);
    assert_eq!(
        usize::try_from(count(&db, "tasks").await).unwrap(),
        distinct.len()
    );
    for index in [0, 1, 1_500, all - 1] {
        let stored = client.get(done[index].id).await.unwrap().task_payload;
        assert_eq!(stored, payloads().nth(index).unwrap_or(json!({ "n": 7 })));
    }
}

/// As behind a cluster, where each server has a step of its own.
async fn ids_of_many_submissions_may_lie_apart<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    if db.dialect() == Dialect::Mysql {
        app.say("SET auto_increment_increment = 7, auto_increment_offset = 3")
            .await;
    }
    let mut tx = app.begin().await;
    let payloads = (0..50).map(|n| json!({ "n": n }));
    let done = client.submit_many::<Script>(payloads).within(&mut tx).await;
    A::commit(tx).await;
    for (n, submitted) in done.unwrap().iter().enumerate() {
        let stored = client.get(submitted.id).await.unwrap().task_payload;
        assert_eq!(stored, json!({ "n": n }), "task {}", submitted.id);
    }
}

async fn options_are_stored_whatever_the_session_of_the_caller_is_set_to<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    for setting in match db.dialect() {
        Dialect::Sqlite => &[][..],
        Dialect::Mysql => &["SET time_zone = '+05:30'", "SET sql_mode = 'ANSI'"],
        Dialect::Postgres => &["SET TIME ZONE 'Asia/Kathmandu'", "SET DateStyle = 'German'"],
    } {
        app.say(setting).await;
    }
    let time: Timestamp = "2031-02-28T23:59:59.123456Z".parse().unwrap();
    let mut tx = app.begin().await;
    let submit = |n: i64| client.submit_json("Script", json!(n));
    let now = submit(0).within(&mut tx).await.unwrap().id;
    let at = submit(1)
        .at(time.to_system_time())
        .priority(-3)
        .within(&mut tx)
        .await
        .unwrap()
        .id;
    let later = submit(2)
        .delay(HOUR)
        .max_retries(9)
        .within(&mut tx)
        .await
        .unwrap()
        .id;
    let held = submit(3)
        .held()
        .dedup(DedupScope::None)
        .within(&mut tx)
        .await
        .unwrap()
        .id;
    A::commit(tx).await;
    let database_now = client.stats().await.unwrap().now;
    let task = client.get(now).await.unwrap();
    assert!(task.created_at <= database_now);
    assert!(
        database_now.since(task.created_at) < Duration::from_secs(60),
        "{}",
        task.created_at
    );
    let task = client.get(at).await.unwrap();
    assert_eq!((task.due_at, task.priority), (Some(time), -3));
    let task = client.get(later).await.unwrap();
    // The row's two times may come from two readings of the clock.
    let delay = task.due_at.unwrap().since(task.created_at);
    assert!(delay.abs_diff(HOUR) < Duration::from_secs(5), "{delay:?}");
    assert_eq!(task.max_retries, 9);
    let task = client.get(held).await.unwrap();
    assert_eq!(
        (task.state, task.due_at, task.dedup_scope.as_str()),
        (State::Held, None, "none")
    );
}

async fn a_slot_whose_window_is_over_is_free_and_one_whose_window_is_not_is_taken<A: App>(
    db: TestDb,
) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let submit = || {
        client
            .submit_json("Script", json!(1))
            .dedup(DedupScope::Window(HOUR))
    };
    let mut tx = app.begin().await;
    let first = submit().within(&mut tx).await.unwrap();
    A::commit(tx).await;
    let mut tx = app.begin().await;
    let second = submit().within(&mut tx).await.unwrap();
    A::commit(tx).await;
    assert_eq!((second.id, second.outcome), (first.id, Outcome::Merged));
    db.exec(&format!(
        "UPDATE dutiful_tasks SET dedup_until = {}",
        db.now_plus(-1)
    ))
    .await;
    let mut tx = app.begin().await;
    let third = submit().within(&mut tx).await.unwrap();
    A::commit(tx).await;
    assert_ne!(third.id, first.id);
    assert_eq!(third.outcome, Outcome::Created);
}

async fn a_merge_that_changes_nothing_is_a_merge<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let first = client.submit_json("Script", json!(1)).await.unwrap();
    let most = limits::MAX_RETRIES_MAX;
    db.exec(&format!("UPDATE dutiful_tasks SET max_retries = {most}"))
        .await;
    let mut tx = app.begin().await;
    let merged = client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    A::commit(tx).await;
    assert_eq!((merged.id, merged.outcome), (first.id, Outcome::Merged));
}

async fn a_slot_that_another_transaction_holds_is_a_busy_database<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    let mut holder = A::open(&db).await;
    let mut held = holder.begin().await;
    let first = client
        .submit_json("Script", json!(1))
        .within(&mut held)
        .await
        .unwrap();
    let mut tx = app.begin().await;
    // Inside the transaction: what is set outside may be another session's behind a pooler.
    let impatient = match db.dialect() {
        Dialect::Sqlite => "PRAGMA busy_timeout = 50",
        Dialect::Mysql => "SET innodb_lock_wait_timeout = 1",
        Dialect::Postgres => "SET LOCAL lock_timeout = '100ms'",
    };
    A::exec(&mut tx, impatient).await;
    let error = client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert!(error.is_transient());
    A::rollback(tx).await;
    A::commit(held).await;
    let mut tx = app.begin().await;
    let merged = client
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap();
    A::commit(tx).await;
    assert_eq!((merged.id, merged.outcome), (first.id, Outcome::Merged));
}

async fn tables_that_are_missing_are_named_by_the_error<A: App>(db: TestDb) {
    let mut app = A::open(&db).await;
    let elsewhere = Client::builder(db.url())
        .table_prefix("nowhere_")
        .connect()
        .await
        .unwrap();
    let mut tx = app.begin().await;
    let error = elsewhere
        .submit_json("Script", json!(1))
        .within(&mut tx)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
    assert!(error.to_string().contains("nowhere_tasks"), "{error}");
    A::rollback(tx).await;
}

async fn a_plain_connection_serves_when_a_transaction_was_begun_by_hand<A: App>(db: TestDb) {
    let (client, mut app) = (db.client().await, A::open(&db).await);
    for (end, tasks) in [("ROLLBACK", 0), ("COMMIT", 1)] {
        app.say("BEGIN").await;
        client
            .submit_json("Script", json!(1))
            .within(app.connection())
            .await
            .unwrap();
        app.say(end).await;
        assert_eq!(count(&db, "tasks").await, tasks, "{end}");
    }
}
