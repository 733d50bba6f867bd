//! Removing a task by hand, and making a new one like it.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use crate::operate::{conflicts, in_every_state};
use dutiful::{DedupScope, ErrorKind, Outcome, Retention, State, TaskId, testing};
use serde_json::json;
use std::time::Duration;

cases![
    only_a_task_that_has_ended_is_deleted_and_all_that_belongs_to_it_goes,
    a_deleted_task_gives_its_slot_back_whatever_its_scope,
    a_delete_beside_a_retry_leaves_the_whole_task_or_nothing,
    of_deletes_at_once_one_is_done,
    deletes_beside_the_janitor_lock_nobody_out,
    a_row_that_means_nothing_and_has_ended_can_be_deleted,
    a_duplicate_is_a_task_of_its_own_in_every_state,
    a_duplicate_of_what_no_submission_may_hold_is_refused,
];

const LONG: Duration = Duration::from_secs(60);

/// Gives a task a row in every table that belongs to it.
async fn adorn(db: &TestDb, id: TaskId) {
    for (table, columns, values) in [
        (
            "attempts",
            "attempt, worker, started_at, ended_at, outcome",
            "77, 'w', created_at, created_at, 'failed'",
        ),
        (
            "steps",
            "step_name, attempt, result_data, created_at",
            "'s', 1, '1', created_at",
        ),
        (
            "logs",
            "attempt, logged_at, message",
            "1, created_at, 'a line'",
        ),
    ] {
        let sql = format!(
            "INSERT INTO dutiful_{table} (task_id, {columns})
             SELECT id, {values} FROM dutiful_tasks WHERE id = {id}"
        );
        assert_eq!(db.exec(&sql).await, 1);
    }
}

/// How many rows of every table are a task's own.
async fn rows(db: &TestDb, id: TaskId) -> [i64; 4] {
    let mut counts = [0; 4];
    for (count, (table, column)) in counts.iter_mut().zip([
        ("tasks", "id"),
        ("attempts", "task_id"),
        ("steps", "task_id"),
        ("logs", "task_id"),
    ]) {
        *count = db
            .int(&format!(
                "SELECT COUNT(*) FROM dutiful_{table} WHERE {column} = {id}"
            ))
            .await;
    }
    counts
}

async fn only_a_task_that_has_ended_is_deleted_and_all_that_belongs_to_it_goes(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (_, before) in &tasks {
        adorn(&db, before.id).await;
    }
    for (state, before) in &tasks {
        let had = rows(&db, before.id).await;
        let result = client.delete(before.id).await;
        if !state.is_ended() {
            let text = result.as_ref().unwrap_err().to_string();
            assert!(text.contains("cancel it first"), "{text}");
            conflicts(&client, before, result).await;
            assert_eq!(rows(&db, before.id).await, had, "{state}");
            continue;
        }
        result.unwrap();
        assert_eq!(rows(&db, before.id).await, [0; 4], "{state}");
        let gone = [
            client.get(before.id).await.unwrap_err(),
            client.delete(before.id).await.unwrap_err(),
        ];
        assert!(gone.iter().all(|error| error.kind() == ErrorKind::NotFound));
    }
    let left = tasks.iter().filter(|(state, _)| !state.is_ended()).count();
    assert_eq!(usize::try_from(db.count("tasks").await).unwrap(), left);
    assert_eq!(usize::try_from(db.count("logs").await).unwrap(), left);
}

async fn a_deleted_task_gives_its_slot_back_whatever_its_scope(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    for scope in [DedupScope::Always, DedupScope::Window(LONG * 60)] {
        let submit = || client.submit_json("Script", json!(1)).dedup(scope);
        let id = submit().await.unwrap().id;
        client.wait(id, LONG).await.unwrap();
        assert_eq!(submit().await.unwrap().id, id);
        client.wait(id, LONG).await.unwrap();
        client.delete(id).await.unwrap();
        let again = submit().await.unwrap();
        assert_eq!(again.outcome, Outcome::Created, "{scope:?}");
        client.wait(again.id, LONG).await.unwrap();
        client.delete(again.id).await.unwrap();
    }
    worker.shutdown().await;
}

async fn a_delete_beside_a_retry_leaves_the_whole_task_or_nothing(db: TestDb) {
    let (one, two) = (db.client().await, db.client().await);
    for round in 0..20 {
        let id = one.submit_json("Script", json!(round)).await.unwrap().id;
        one.cancel(id).await.unwrap();
        adorn(&db, id).await;
        let (deleted, retried) = tokio::join!(
            tokio::spawn({
                let client = one.clone();
                async move { client.delete(id).await }
            }),
            tokio::spawn({
                let client = two.clone();
                async move { client.retry(id).await }
            }),
        );
        match (deleted.unwrap(), retried.unwrap()) {
            (Ok(()), Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
                assert_eq!(rows(&db, id).await, [0; 4]);
            }
            (Err(error), Ok(task)) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                assert_eq!(task.state, State::Retrying);
                assert_eq!(rows(&db, id).await, [1; 4]);
            }
            both => panic!("one of them is first: {both:?}"),
        }
    }
}

async fn of_deletes_at_once_one_is_done(db: TestDb) {
    let clients = db.clients(3).await;
    for round in 0..10 {
        let id = clients[0]
            .submit_json("Script", json!(round))
            .await
            .unwrap()
            .id;
        clients[0].cancel(id).await.unwrap();
        let deletes = clients.iter().map(|client| client.delete(id));
        let results = within("they end", futures_util::future::join_all(deletes)).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for error in results.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
    }
}

async fn deletes_beside_the_janitor_lock_nobody_out(db: TestDb) {
    const TASKS: usize = 200;
    let (one, two) = (db.client().await, db.client().await);
    let payloads = (0..TASKS).map(|number| json!(number));
    let tasks = one.submit_many::<Script<0>>(payloads).await.unwrap();
    db.exec("UPDATE dutiful_tasks SET status = 'success', due_at = NULL, finished_at = created_at")
        .await;
    for table in ["finished_at", "created_at"] {
        let earlier = db.earlier(table, Duration::from_secs(400 * 24 * 3_600));
        db.exec(&format!("UPDATE dutiful_tasks SET {earlier}"))
            .await;
    }
    for task in &tasks {
        adorn(&db, task.id).await;
    }
    let pruning = tokio::spawn(async move {
        testing::prune(&two, &["Script"], Retention::default())
            .await
            .unwrap()
    });
    let mut deleted = 0;
    for task in tasks.iter().rev() {
        match one.delete(task.id).await {
            Ok(()) => deleted += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
        }
    }
    let pruned = within("the janitor ends", pruning).await.unwrap();
    assert_eq!(deleted + pruned, TASKS, "each went once");
    for table in ["tasks", "attempts", "steps", "logs"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
}

async fn a_row_that_means_nothing_and_has_ended_can_be_deleted(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.exec(&format!(
        "UPDATE dutiful_tasks SET dedup_scope = 'forever' WHERE id = {id}"
    ))
    .await;
    assert_eq!(
        client.delete(id).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
    let explanation = client.explain(id).await.unwrap();
    assert_eq!(explanation.reasons[0].code, "undecodable_row");
    assert!(explanation.reasons[0].text.contains("`forever`"));
    let worker = db.worker(Script::<0>::echo()).await;
    client.wait(id, LONG).await.unwrap();
    crate::harness::until("a worker has set it aside", || async {
        db.column(id, "due_at").await.is_none()
    })
    .await;
    worker.shutdown().await;
    client.delete(id).await.unwrap();
    assert_eq!(rows(&db, id).await, [0; 4]);
}

async fn a_duplicate_is_a_task_of_its_own_in_every_state(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let version = format!(
            "UPDATE dutiful_tasks SET payload_version = 4, priority = 2 WHERE id = {}",
            before.id
        );
        db.exec(&version).await;
        let before = client.get(before.id).await.unwrap();
        let copies = [
            client.duplicate(before.id).await.unwrap(),
            client.duplicate(before.id).await.unwrap(),
        ];
        assert_ne!(copies[0].id, copies[1].id);
        for copy in copies {
            assert_eq!(copy.outcome, Outcome::Created, "{state}");
            let task = client.get(copy.id).await.unwrap();
            let is = (
                &task.task_name,
                &task.task_payload,
                task.payload_version,
                task.priority,
                task.max_retries,
            );
            let was = (
                &before.task_name,
                &before.task_payload,
                4,
                2,
                before.max_retries,
            );
            assert_eq!(is, was, "{state}");
            assert_eq!(
                (task.state, task.retries, task.attempt),
                (State::Queued, 0, 0)
            );
            assert_eq!(task.dedup_scope, "none");
        }
        assert_eq!(
            client.get(before.id).await.unwrap(),
            before,
            "{state}: the old one is as it was"
        );
    }
    let worker = db.worker(Script::<2>::echo()).await;
    let third = client
        .submit_json("Third", json!("again"))
        .await
        .unwrap()
        .id;
    client.wait(third, LONG).await.unwrap();
    let copy = client.duplicate(third).await.unwrap().id;
    assert_eq!(
        client.wait(copy, LONG).await.unwrap().result_data,
        Some(json!("again"))
    );
    worker.shutdown().await;
}

async fn a_duplicate_of_what_no_submission_may_hold_is_refused(db: TestDb) {
    let client = db.client().await;
    for (column, value) in [
        ("task_payload", "'not json'"),
        ("priority", "50"),
        ("max_retries", "-1"),
    ] {
        let id = client
            .submit_json("Script", json!(column))
            .await
            .unwrap()
            .id;
        db.exec(&format!(
            "UPDATE dutiful_tasks SET {column} = {value} WHERE id = {id}"
        ))
        .await;
        let error = client.duplicate(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("task {id} has no duplicate: ")),
            "{error}"
        );
    }
    assert_eq!(db.count("tasks").await, 3);
}
