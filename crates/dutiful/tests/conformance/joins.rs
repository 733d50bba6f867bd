//! Fan out and fan in: a task that is held until others have ended.

use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until, within};
use dutiful::{
    Client, Context, DedupScope, ErrorKind, Retention, State, TaskError, TaskId, TaskResult,
    Worker, WorkerHandle, limits, testing,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

cases![
    a_join_runs_once_when_its_items_have_ended_however_they_did,
    a_join_without_items_runs_at_once,
    a_handler_fans_out_and_a_join_takes_in_what_came_of_it,
    what_a_failing_handler_wanted_to_fan_out_is_not_there,
    joins_wait_for_joins,
    many_items_over_several_workers_let_their_join_run_once,
    several_joins_wait_for_one_item,
    an_item_that_is_there_already_is_waited_for,
    what_people_and_plain_sql_do_to_items_is_seen,
    an_item_that_is_tried_again_is_waited_for,
    a_join_that_is_cancelled_or_run_by_hand_is_no_longer_looked_after,
    two_who_release_a_join_let_it_run_once,
    what_belongs_to_a_join_goes_with_it,
    wishes_that_a_join_cannot_have_are_refused,
    why_a_join_is_held_is_told,
    draining_ends_with_the_last_join,
    ;
    on Engine::is_server:
    a_fan_out_whose_answer_was_lost_is_there_once,
];

const LONG: Duration = Duration::from_secs(60);
/// Marks what the answer is lost to.
const MARK: &str = "the answer to this is lost";

/// A worker of items (`Script`: what their payload says) and joins (`Other`: how many of their items succeeded).
async fn worker(db: &TestDb) -> WorkerHandle {
    let worker = Worker::new(db.client().await)
        .register(items())
        .register(joins())
        .register(Script::<2>::echo());
    worker.shutdown_grace(Duration::ZERO).start().await.unwrap()
}

fn items() -> Script<0> {
    Script::new(|payload, _| async move { answer(&payload) })
}

fn answer(payload: &Value) -> TaskResult<Value> {
    match payload["ends"].as_str() {
        Some("failed") => Err(TaskError::failed("no")),
        Some("discarded") => Err(TaskError::discard("not wanted")),
        Some("invalid") => Err(TaskError::invalid("not this")),
        _ => Ok(json!(1)),
    }
}

fn joins() -> Script<1> {
    Script::new(|_, cx: Context| async move {
        let items = cx.items(0, limits::ITEMS_PAGE_MAX).await?;
        assert!(
            items
                .iter()
                .all(|item| item.state.is_none_or(State::is_ended))
        );
        let succeeded = items.iter().filter(|item| item.succeeded()).count();
        Ok(json!([succeeded, items.len()]))
    })
}

/// A join over items that end like this, numbered so that none merges.
async fn submit(client: &Client, ends: &[&str]) -> TaskId {
    let item = |(number, ends): (usize, &&str)| {
        let payload = json!({ "ends": ends, "number": number });
        let item = client.submit_json("Script", payload);
        item.max_retries(1).dedup(DedupScope::None)
    };
    let items: Vec<_> = ends.iter().enumerate().map(item).collect();
    let join = client.submit_json("Other", json!("join")).after(items);
    join.await.unwrap().id
}

async fn waits(db: &TestDb) -> i64 {
    db.count("joins").await
}

async fn result(client: &Client, id: TaskId) -> (State, i64, Option<Value>) {
    let task = client.wait(id, LONG).await.unwrap();
    (task.state, task.attempt, task.result_data)
}

async fn a_join_runs_once_when_its_items_have_ended_however_they_did(db: TestDb) {
    let client = db.client().await;
    let ends = ["succeeded", "failed", "discarded", "invalid", "succeeded"];
    let join = submit(&client, &ends).await;
    assert_eq!(client.get(join).await.unwrap().state, State::Held);
    assert_eq!(waits(&db).await, 1);
    let worker = worker(&db).await;
    let expected = (State::Succeeded, 1, Some(json!([2, 5])));
    assert_eq!(result(&client, join).await, expected);
    let items = client.items(join, 0, 10).await.unwrap();
    let states: Vec<_> = items.iter().map(|item| item.state.unwrap()).collect();
    let (good, failed) = (State::Succeeded, State::Failed);
    assert_eq!(
        states,
        [good, failed, State::Discarded, State::Invalid, good]
    );
    let numbers: Vec<_> = items.iter().map(|item| item.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(items[1].error_message.as_deref(), Some("no"));
    assert_eq!(items[1].error_kind.as_deref(), Some("failed"));
    assert!(items.iter().all(|item| item.finished_at.is_some()));
    let behind = client.items(join, 3, 1).await.unwrap();
    assert_eq!(behind, items[3..4]);
    assert_eq!(waits(&db).await, 0);
    worker.shutdown().await;
}

async fn a_join_without_items_runs_at_once(db: TestDb) {
    let client = db.client().await;
    let join = submit(&client, &[]).await;
    assert_eq!(client.get(join).await.unwrap().state, State::Queued);
    assert_eq!(client.items(join, 0, 10).await.unwrap(), []);
    let again = submit(&client, &[]).await;
    assert_ne!(join, again, "it is never merged");
    let missing = client.items(TaskId(i64::MAX), 0, 10).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

/// A handler that fans out three items and a join; fails afterwards if it is told to.
fn splitter(fails: bool) -> Script<2> {
    Script::new(move |_, cx: Context| async move {
        let items = (0..3).map(|number| {
            let item = cx.submit::<Script<0>>(json!({ "number": number }));
            item.max_retries(1)
        });
        cx.submit::<Script<1>>(json!("join")).after(items).await?;
        match fails {
            true => Err(TaskError::failed("after all")),
            false => Ok(json!("split")),
        }
    })
}

async fn a_handler_fans_out_and_a_join_takes_in_what_came_of_it(db: TestDb) {
    let client = db.client().await;
    let worker = Worker::new(db.client().await)
        .register(items())
        .register(joins())
        .register(splitter(false));
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    let id = client.submit_json("Third", json!(1)).await.unwrap().id;
    assert_eq!(result(&client, id).await.0, State::Succeeded);
    let join = db.int("SELECT id FROM dutiful_tasks WHERE task_name = 'Other'");
    let join = TaskId(join.await);
    let expected = (State::Succeeded, 1, Some(json!([3, 3])));
    assert_eq!(result(&client, join).await, expected);
    worker.shutdown().await;
}

async fn what_a_failing_handler_wanted_to_fan_out_is_not_there(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(splitter(true)).await;
    let task = client.submit_json("Third", json!(1)).max_retries(2);
    let id = task.await.unwrap().id;
    assert_eq!(result(&client, id).await.0, State::Failed);
    assert_eq!(db.count("tasks").await, 1);
    assert_eq!((waits(&db).await, db.count("items").await), (0, 0));
    worker.shutdown().await;
}

async fn joins_wait_for_joins(db: TestDb) {
    let client = db.client().await;
    let item = |number: i64| client.submit_json("Script", json!({ "number": number }));
    let half = |first: i64| {
        let halves = client.submit_json("Other", json!(first));
        halves.after([item(first), item(first + 1)])
    };
    let whole = client.submit_json("Other", json!("whole"));
    let whole = whole.after([half(0), half(2)]).await.unwrap();
    assert_eq!((db.count("tasks").await, waits(&db).await), (7, 3));
    let worker = worker(&db).await;
    let expected = (State::Succeeded, 1, Some(json!([2, 2])));
    assert_eq!(result(&client, whole.id).await, expected);
    worker.shutdown().await;
}

async fn many_items_over_several_workers_let_their_join_run_once(db: TestDb) {
    let client = db.client().await;
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(worker(&db).await);
    }
    let ends = vec!["succeeded"; 600];
    let joins = join_all((0..3).map(|_| submit(&client, &ends))).await;
    for join in joins {
        let expected = (State::Succeeded, 1, Some(json!([600, 600])));
        assert_eq!(result(&client, join).await, expected);
    }
    assert_eq!(waits(&db).await, 0);
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn several_joins_wait_for_one_item(db: TestDb) {
    let client = db.client().await;
    let item = || client.submit_json("Script", json!({ "same": true }));
    let join = |number: i64| client.submit_json("Other", json!(number)).after([item()]);
    let (one, two) = (join(1).await.unwrap().id, join(2).await.unwrap().id);
    assert_eq!((db.count("tasks").await, waits(&db).await), (3, 2));
    let worker = worker(&db).await;
    for id in [one, two] {
        assert_eq!(result(&client, id).await.2, Some(json!([1, 1])));
    }
    worker.shutdown().await;
}

async fn an_item_that_is_there_already_is_waited_for(db: TestDb) {
    let client = db.client().await;
    let item = || {
        client
            .submit_json("Script", json!({}))
            .dedup(DedupScope::Always)
    };
    let there = item().await.unwrap().id;
    let worker = worker(&db).await;
    assert_eq!(result(&client, there).await.0, State::Succeeded);
    // It has ended, and its slot is kept: the join has nothing to wait for.
    let join = client.submit_json("Other", json!(1)).after([item()]);
    let join = join.await.unwrap().id;
    assert_eq!(result(&client, join).await.2, Some(json!([1, 1])));
    let items = client.items(join, 0, 10).await.unwrap();
    assert_eq!(items[0].id, there);
    worker.shutdown().await;
}

async fn what_people_and_plain_sql_do_to_items_is_seen(db: TestDb) {
    let client = db.client().await;
    let ends = ["cancelled", "deleted", "by SQL"];
    let join = submit(&client, &ends).await;
    let ids: Vec<TaskId> = client
        .items(join, 0, 10)
        .await
        .unwrap()
        .iter()
        .map(|item| item.id)
        .collect();
    // Nobody runs items here.
    let worker = db.worker(joins()).await;
    client.cancel(ids[0]).await.unwrap();
    client.cancel(ids[1]).await.unwrap();
    client.delete(ids[1]).await.unwrap();
    assert_eq!(client.get(join).await.unwrap().state, State::Held);
    db.exec(&format!(
        "UPDATE dutiful_tasks SET status = 'success', due_at = NULL WHERE id = {}",
        ids[2]
    ))
    .await;
    assert_eq!(result(&client, join).await.2, Some(json!([1, 3])));
    let items = client.items(join, 0, 10).await.unwrap();
    assert_eq!(
        (items[1].state, items[1].task_name.as_deref()),
        (None, None)
    );
    worker.shutdown().await;
}

async fn an_item_that_is_tried_again_is_waited_for(db: TestDb) {
    let client = db.client().await;
    let runs = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&runs);
    let third_time = Script::<0>::new(move |_, _| {
        let run = seen.fetch_add(1, Ordering::SeqCst);
        async move {
            match run {
                0 | 1 => Err(TaskError::failed("not yet")),
                _ => Ok(json!(1)),
            }
        }
    });
    let item = client.submit_json("Script", json!(1)).max_retries(3);
    let join = client
        .submit_json("Other", json!(1))
        .after([item])
        .await
        .unwrap()
        .id;
    let worker = Worker::new(db.client().await)
        .register(third_time)
        .register(joins());
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    assert_eq!(result(&client, join).await.2, Some(json!([1, 1])));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    worker.shutdown().await;
}

async fn a_join_that_is_cancelled_or_run_by_hand_is_no_longer_looked_after(db: TestDb) {
    let client = db.client().await;
    let cancelled = submit(&client, &["succeeded"]).await;
    let by_hand = submit(&client, &["succeeded"]).await;
    client.cancel(cancelled).await.unwrap();
    client.run_now(by_hand).await.unwrap();
    assert_eq!(client.get(by_hand).await.unwrap().state, State::Queued);
    // It must not mind that its item has not ended.
    let worker = Worker::new(db.client().await)
        .register(items())
        .register(Script::<1>::echo());
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    assert_eq!(result(&client, by_hand).await.0, State::Succeeded);
    until("both are forgotten", || async { waits(&db).await == 0 }).await;
    assert_eq!(client.get(cancelled).await.unwrap().state, State::Cancelled);
    let by_hand = client.get(by_hand).await.unwrap();
    assert_eq!((by_hand.state, by_hand.attempt), (State::Succeeded, 1));
    worker.shutdown().await;
}

async fn two_who_release_a_join_let_it_run_once(db: TestDb) {
    let client = db.client().await;
    // More than one look goes through.
    let joins = join_all((0..150).map(|_| submit(&client, &["cancelled"]))).await;
    for join in &joins {
        let items = client.items(*join, 0, 1).await.unwrap();
        client.cancel(items[0].id).await.unwrap();
    }
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(worker(&db).await);
    }
    for join in joins {
        let expected = (State::Succeeded, 1, Some(json!([0, 1])));
        assert_eq!(result(&client, join).await, expected);
    }
    assert_eq!(waits(&db).await, 0);
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn what_belongs_to_a_join_goes_with_it(db: TestDb) {
    let client = db.client().await;
    let deleted = submit(&client, &["succeeded", "failed"]).await;
    let pruned = submit(&client, &["succeeded", "failed"]).await;
    for join in [deleted, pruned] {
        client.cancel(join).await.unwrap();
    }
    client.delete(deleted).await.unwrap();
    assert_eq!((db.count("items").await, waits(&db).await), (2, 1));
    let gone = Retention {
        succeeded: None,
        ended_otherwise: Some(Duration::ZERO),
    };
    assert_eq!(testing::prune(&client, &["Other"], gone).await.unwrap(), 1);
    assert_eq!((db.count("items").await, waits(&db).await), (0, 0));
    assert_eq!(
        db.count("tasks").await,
        4,
        "the items are tasks of their own"
    );
}

async fn wishes_that_a_join_cannot_have_are_refused(db: TestDb) {
    let client = db.client().await;
    let other = db.client().await;
    let item = || client.submit_json("Script", json!(1));
    let join = || client.submit_json("Other", json!(1));
    let second = Duration::from_secs(1);
    for refused in [
        join().after([item()]).delay(second).await,
        join().after([item()]).held().await,
        join().after([item()]).dedup(DedupScope::Always).await,
        join().after([item().priority(99)]).await,
        join()
            .after((0..limits::SUBMIT_MANY_MAX).map(|_| item()))
            .await,
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidPayload);
    }
    let foreign = join().after([other.submit_json("Script", json!(1))]).await;
    let foreign = foreign.unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Config);
    assert!(foreign.to_string().contains("item 0"), "{foreign}");
    let mut deep = item();
    for _ in 0..=limits::JOIN_DEPTH_MAX {
        deep = join().after([deep]);
    }
    assert_eq!(deep.await.unwrap_err().kind(), ErrorKind::InvalidPayload);
    let once = client.submit_once("key", [1; 32], vec![join().after([item()])]);
    assert_eq!(once.await.unwrap_err().kind(), ErrorKind::Config);
    for limit in [0, limits::ITEMS_PAGE_MAX + 1] {
        let page = client.items(TaskId(1), 0, limit).await.unwrap_err();
        assert_eq!(page.kind(), ErrorKind::Config);
    }
    assert_eq!((db.count("tasks").await, db.count("items").await), (0, 0));
}

async fn why_a_join_is_held_is_told(db: TestDb) {
    let client = db.client().await;
    let join = submit(&client, &["succeeded", "succeeded"]).await;
    let items = client.items(join, 0, 10).await.unwrap();
    client.cancel(items[0].id).await.unwrap();
    let told = client.explain(join).await.unwrap();
    let [reason] = &told.reasons[..] else {
        panic!("{told:?}");
    };
    assert_eq!(reason.code, "waits_for_items");
    let open = format!("item 2, task {}", items[1].id);
    assert!(
        reason.text.contains("2 items") && reason.text.contains(&open),
        "{}",
        reason.text
    );
    client.cancel(items[1].id).await.unwrap();
    let told = client.explain(join).await.unwrap();
    assert!(told.reasons[0].text.contains("lets it run"), "{told:?}");
}

async fn draining_ends_with_the_last_join(db: TestDb) {
    let client = db.client().await;
    let join = submit(&client, &["succeeded", "succeeded"]).await;
    let worker = Worker::new(client.clone())
        .register(items())
        .register(joins());
    let counts = testing::drain(worker).await.unwrap();
    assert_eq!(counts.succeeded, 3);
    assert_eq!(client.get(join).await.unwrap().state, State::Succeeded);
}

async fn a_fan_out_whose_answer_was_lost_is_there_once(db: TestDb) {
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await.unwrap();
    let item = |number: i64| client.submit_json("Script", json!([MARK, number]));
    let join = client
        .submit_json("Other", json!(1))
        .after((0..3).map(item));
    proxy.lose(MARK, "COMMIT");
    let join = within("it is answered in the end", join.into_future()).await;
    assert!(proxy.has_cut(), "the answer was lost");
    assert_eq!((db.count("tasks").await, db.count("items").await), (4, 3));
    assert_eq!(waits(&db).await, 1);
    let items = client.items(join.unwrap().id, 0, 10).await.unwrap();
    assert_eq!(items.len(), 3);
}
