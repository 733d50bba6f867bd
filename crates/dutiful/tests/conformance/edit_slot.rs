//! The dedup slot of a task whose payload is edited.

use crate::harness::trial::cases;
use crate::harness::{TestDb, within};
use crate::operate::conflicts;
use dutiful::{Client, DedupScope, ErrorKind, Outcome, Submitted, TaskId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![
    the_slot_moves_with_the_payload,
    an_edit_whose_new_slot_is_taken_names_the_holder_and_changes_nothing,
    a_slot_that_is_held_no_longer_is_taken,
    a_key_that_the_payload_did_not_make_is_kept_on_request_only,
    a_task_without_a_slot_takes_none_by_an_edit,
    of_edits_to_one_slot_at_once_one_is_done,
    edits_that_would_change_places_are_refused_and_do_not_lock_each_other,
    edits_and_submissions_at_once_leave_one_task_for_each_slot,
];

const HOUR: Duration = Duration::from_secs(3_600);

/// A task that nobody runs.
async fn submit(client: &Client, payload: Value, scope: DedupScope) -> Submitted {
    let submit = client.submit_json("Script", payload).dedup(scope);
    submit.delay(HOUR).await.unwrap()
}

async fn the_slot_moves_with_the_payload(db: TestDb) {
    let client = db.client().await;
    let scopes = [
        DedupScope::Waiting,
        DedupScope::Active,
        DedupScope::UntilSuccess,
        DedupScope::Always,
        DedupScope::Window(HOUR),
    ];
    for (number, scope) in scopes.into_iter().enumerate() {
        let payload = |word: &str| json!([number, word]);
        let first = submit(&client, payload("old"), scope).await.id;
        let task = client.edit(first).payload(payload("new")).await.unwrap();
        assert_eq!(task.dedup_scope, scope.stored());
        let again = submit(&client, payload("new"), scope).await;
        assert_eq!(
            (again.id, again.outcome),
            (first, Outcome::Merged),
            "{scope:?}"
        );
        let old = submit(&client, payload("old"), scope).await;
        assert_eq!(old.outcome, Outcome::Created, "{scope:?}");
        // The same payload again moves nothing.
        client.edit(first).payload(payload("new")).await.unwrap();
        let again = submit(&client, payload("new"), scope).await;
        assert_eq!(again.id, first, "{scope:?}");
    }
}

async fn an_edit_whose_new_slot_is_taken_names_the_holder_and_changes_nothing(db: TestDb) {
    let client = db.client().await;
    let scope = DedupScope::UntilSuccess;
    let before = submit(&client, json!(1), scope).await.id;
    let taken = submit(&client, json!(2), scope).await.id;
    let after = submit(&client, json!(3), scope).await.id;
    for id in [before, after] {
        let task = client.get(id).await.unwrap();
        let refused = client.edit(id).payload(json!(2)).priority(9).await;
        let text = refused.as_ref().unwrap_err().to_string();
        assert!(text.contains(&format!("task {taken} holds")), "{text}");
        conflicts(&client, &task, refused).await;
        assert_eq!(submit(&client, task.task_payload, scope).await.id, id);
    }
    client.cancel(taken).await.unwrap();
    client.edit(before).payload(json!(2)).await.unwrap();
    assert_eq!(submit(&client, json!(2), scope).await.id, before);
}

async fn a_slot_that_is_held_no_longer_is_taken(db: TestDb) {
    let client = db.client().await;
    let window = DedupScope::Window(HOUR);
    let passed = submit(&client, json!(1), window).await.id;
    let over = db.now_plus(-1);
    db.exec(&format!(
        "UPDATE dutiful_tasks SET dedup_until = {over} WHERE id = {passed}"
    ))
    .await;
    // Its success leaves the key in place on SQLite.
    let worker = db.worker(crate::harness::Script::<1>::echo()).await;
    let done = client.submit_json("Other", json!(1)).await.unwrap().id;
    client.wait(done, HOUR).await.unwrap();
    worker.shutdown().await;
    for (name, holder, scope) in [
        ("Script", passed, window),
        ("Other", done, DedupScope::UntilSuccess),
    ] {
        let old = client
            .submit_json(name, json!(2))
            .dedup(scope)
            .delay(HOUR)
            .await
            .unwrap()
            .id;
        client.edit(old).payload(json!(1)).await.unwrap();
        let again = client
            .submit_json(name, json!(1))
            .dedup(scope)
            .await
            .unwrap();
        assert_eq!((again.id, again.outcome), (old, Outcome::Merged), "{name}");
        assert_eq!(db.column(holder, "dedup_key").await, None, "{name}");
    }
    // One whose own window has passed has no slot that could move.
    let own = submit(&client, json!(7), window).await.id;
    db.exec(&format!(
        "UPDATE dutiful_tasks SET dedup_until = {over} WHERE id = {own}"
    ))
    .await;
    client.edit(own).payload(json!(8)).await.unwrap();
    let new = submit(&client, json!(8), window).await;
    assert_eq!(new.outcome, Outcome::Created);
}

async fn a_key_that_the_payload_did_not_make_is_kept_on_request_only(db: TestDb) {
    let client = db.client().await;
    let own = || {
        client
            .submit_json("Script", json!(1))
            .dedup_key("own")
            .delay(HOUR)
    };
    let id = own().await.unwrap().id;
    let before = client.get(id).await.unwrap();
    let refused = client.edit(id).payload(json!(2)).await;
    let text = refused.as_ref().unwrap_err().to_string();
    assert!(text.contains("dedup key"), "{text}");
    conflicts(&client, &before, refused).await;
    client.edit(id).payload(json!(1)).priority(1).await.unwrap();
    client
        .edit(id)
        .payload(json!(2))
        .keep_dedup_key()
        .await
        .unwrap();
    let again = own().await.unwrap();
    assert_eq!((again.id, again.outcome), (id, Outcome::Merged));
    // One that the payload made moves all the same.
    let made = submit(&client, json!(7), DedupScope::Active).await.id;
    client
        .edit(made)
        .payload(json!(8))
        .keep_dedup_key()
        .await
        .unwrap();
    assert_eq!(
        submit(&client, json!(7), DedupScope::Active).await.outcome,
        Outcome::Created
    );
}

async fn a_task_without_a_slot_takes_none_by_an_edit(db: TestDb) {
    let client = db.client().await;
    let scope = DedupScope::UntilSuccess;
    let holder = submit(&client, json!(2), scope).await.id;
    let none = submit(&client, json!(1), DedupScope::None).await.id;
    let freed = submit(&client, json!(1), scope).await.id;
    client.cancel(freed).await.unwrap();
    client.retry(freed).await.unwrap();
    db.exec("INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Script', '1')")
        .await;
    let plain = TaskId(db.int("SELECT MAX(id) FROM dutiful_tasks").await);
    for id in [none, freed, plain] {
        let task = client.edit(id).payload(json!(2)).await.unwrap();
        assert_eq!(task.task_payload, json!(2));
    }
    assert_eq!(submit(&client, json!(2), scope).await.id, holder);
}

/// Edits each of these tasks to this payload at the same time, each over connections of its own.
async fn edit_at_once(
    clients: &[Client],
    edits: &[(TaskId, Value)],
) -> Vec<dutiful::Result<dutiful::TaskInfo>> {
    let barrier = Arc::new(Barrier::new(edits.len()));
    let mut running = Vec::new();
    for (client, (id, payload)) in clients.iter().zip(edits) {
        let (client, id, payload) = (client.clone(), *id, payload.clone());
        let barrier = Arc::clone(&barrier);
        running.push(tokio::spawn(async move {
            barrier.wait().await;
            client.edit(id).payload(payload).await
        }));
    }
    let results = within("the edits end", join_all(running)).await;
    results.into_iter().map(Result::unwrap).collect()
}

async fn of_edits_to_one_slot_at_once_one_is_done(db: TestDb) {
    let clients = db.clients(4).await;
    for round in 0..10 {
        let mut edits = Vec::new();
        for number in 0..4 {
            let id = submit(&clients[0], json!([round, number]), DedupScope::Active)
                .await
                .id;
            edits.push((id, json!([round, "all"])));
        }
        let results = edit_at_once(&clients, &edits).await;
        let done = results.iter().flatten().next().unwrap().id;
        for (result, (id, _)) in results.iter().zip(&edits) {
            match result {
                Ok(task) => assert_eq!(task.id, done, "round {round}: two have one slot"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    assert!(
                        error.to_string().contains(&format!("task {done} holds")),
                        "{error}"
                    );
                    assert_ne!(*id, done);
                }
            }
        }
    }
}

async fn edits_that_would_change_places_are_refused_and_do_not_lock_each_other(db: TestDb) {
    let clients = db.clients(2).await;
    for round in 0..20 {
        let (one, two) = (json!([round, 1]), json!([round, 2]));
        let first = submit(&clients[0], one.clone(), DedupScope::Active)
            .await
            .id;
        let second = submit(&clients[0], two.clone(), DedupScope::Active)
            .await
            .id;
        for result in edit_at_once(&clients, &[(first, two), (second, one)]).await {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Conflict);
        }
    }
}

async fn edits_and_submissions_at_once_leave_one_task_for_each_slot(db: TestDb) {
    const SLOTS: usize = 5;
    let clients = db.clients(4).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(
            submit(&clients[0], json!(["edited", number]), DedupScope::Active)
                .await
                .id,
        );
    }
    let ids = Arc::new(ids);
    let mut running = Vec::new();
    for (number, client) in clients.iter().cloned().enumerate() {
        let ids = Arc::clone(&ids);
        running.push(tokio::spawn(async move {
            for turn in 0..25 {
                let payload = json!((number * 7 + turn * 3) % SLOTS);
                if number % 2 == 0 {
                    let id = ids[turn % ids.len()];
                    match client.edit(id).payload(payload).await {
                        Ok(_) => {}
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                    }
                } else {
                    let submitted = submit(&client, payload, DedupScope::Active).await;
                    if turn % 4 == 0 {
                        // It makes room again; another may have done so first.
                        let _ = client.cancel(submitted.id).await;
                    }
                }
            }
        }));
    }
    for ended in within("all of them end", join_all(running)).await {
        ended.unwrap();
    }
    let twice =
        "SELECT COUNT(*) FROM (SELECT task_payload FROM dutiful_tasks WHERE due_at IS NOT NULL
                   AND dedup_key IS NOT NULL GROUP BY task_payload HAVING COUNT(*) > 1) AS twice";
    assert_eq!(db.int(twice).await, 0);
    for number in 0..SLOTS {
        let again = submit(&clients[0], json!(number), DedupScope::Active).await;
        let task = clients[0].get(again.id).await.unwrap();
        assert_eq!(
            task.task_payload,
            json!(number),
            "the slot is of the task that has its payload"
        );
    }
}
