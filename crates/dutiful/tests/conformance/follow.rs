//! Following: what is told, once and in order, from any moment on.

use crate::harness::engine::Engine;
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Change, ChangeKind, Client, Follower, State, TaskError, TaskId};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

cases![
    every_step_of_a_life_is_told_once_and_in_order,
    a_cursor_misses_nothing_that_happened_while_nobody_followed,
    what_happened_before_is_no_news,
    a_change_by_hand_of_a_waiting_task_is_told,
    ends_of_one_moment_are_all_told_once,
    ;
    on Engine::is_server:
    what_is_committed_late_is_told_all_the_same,
];

const LONG: Duration = Duration::from_secs(60);

/// Looks until so many changes have come, or it takes too long.
async fn changes(follower: &mut Follower, count: usize) -> Vec<Change> {
    let began = Instant::now();
    let mut found = Vec::new();
    while found.len() < count {
        assert!(began.elapsed() < LONG, "{found:?}");
        found.extend(follower.look().await.unwrap().changes);
        follower.pause(Duration::from_millis(50)).await;
    }
    found
}

fn events_of(changes: &[Change], id: TaskId) -> Vec<(ChangeKind, i64)> {
    let own = changes.iter().filter(|change| change.id == id);
    own.map(|change| (change.event, change.attempt)).collect()
}

/// A type that succeeds, fails once, or drops its task, as the payload says.
fn scripted() -> Script {
    Script::new(|payload, cx| async move {
        match payload.as_str() {
            Some("twice") if cx.attempt() == 1 => Err(std::io::Error::other("not yet").into()),
            Some("drop") => Err(TaskError::discard("no use")),
            _ => Ok(payload),
        }
    })
}

async fn submit(client: &Client, payload: &str) -> TaskId {
    let submit = client.submit_json("Script", json!(payload));
    submit.await.unwrap().id
}

/// Three lives, and what is told of each.
async fn lives(client: &Client) -> Vec<(TaskId, Vec<(ChangeKind, i64)>)> {
    use ChangeKind::{Discarded, Retrying, Started, Submitted, Succeeded};
    vec![
        (
            submit(client, "ok").await,
            vec![(Submitted, 0), (Started, 1), (Succeeded, 1)],
        ),
        (
            submit(client, "twice").await,
            vec![
                (Submitted, 0),
                (Started, 1),
                (Retrying, 1),
                (Started, 2),
                (Succeeded, 2),
            ],
        ),
        (
            submit(client, "drop").await,
            vec![(Submitted, 0), (Started, 1), (Discarded, 1)],
        ),
    ]
}

/// What was told of each is what there was to tell; how many attempts there were when a submission was seen does not
/// matter.
fn assert_told(told: &[Change], lives: &[(TaskId, Vec<(ChangeKind, i64)>)]) {
    for (id, wanted) in lives {
        let mut events = events_of(told, *id);
        for event in &mut events {
            if event.0 == ChangeKind::Submitted {
                event.1 = 0;
            }
        }
        assert_eq!(&events, wanted, "task {id}");
    }
}

async fn every_step_of_a_life_is_told_once_and_in_order(db: TestDb) {
    let client = db.client().await;
    let mut follower = db.client().await.follow(None).await.unwrap();
    let worker = db.worker(scripted()).await;
    let lives = lives(&client).await;
    let mut told = changes(&mut follower, 11).await;
    // Nothing is told again while it is read a second time.
    let until = Instant::now() + Duration::from_secs(12);
    while Instant::now() < until {
        told.extend(follower.look().await.unwrap().changes);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(told.len(), 11, "{told:?}");
    told.sort_by_key(|change| change.at);
    assert_told(&told, &lives);
    worker.shutdown().await;
}

async fn a_cursor_misses_nothing_that_happened_while_nobody_followed(db: TestDb) {
    let client = db.client().await;
    let mut follower = client.follow(None).await.unwrap();
    let first = submit(&client, "first").await;
    assert_eq!(changes(&mut follower, 1).await[0].id, first);
    let cursor = follower.cursor().to_string();
    drop(follower);
    let worker = db.worker(scripted()).await;
    let lives = lives(&client).await;
    for (id, _) in &lives {
        client.wait(*id, LONG).await.unwrap();
    }
    client.wait(first, LONG).await.unwrap();
    worker.shutdown().await;
    // Another process, later.
    let other = db.client().await;
    let mut follower = other.follow(Some(cursor.parse().unwrap())).await.unwrap();
    let look = follower.look().await.unwrap();
    assert!(look.caught_up);
    assert_told(&look.changes, &lives);
    let events = events_of(&look.changes, first);
    let kinds: Vec<ChangeKind> = events.into_iter().map(|event| event.0).collect();
    use ChangeKind::{Started, Submitted, Succeeded};
    // Its submission was told shortly before the cursor, and may be told again.
    assert!(kinds.ends_with(&[Started, Succeeded]), "{kinds:?}");
    assert!(kinds.len() == 2 || kinds[0] == Submitted, "{kinds:?}");
}

async fn what_happened_before_is_no_news(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(scripted()).await;
    let old = submit(&client, "old").await;
    client.wait(old, LONG).await.unwrap();
    let mut follower = client.follow(None).await.unwrap();
    assert!(follower.look().await.unwrap().changes.is_empty());
    let new = submit(&client, "new").await;
    let told = changes(&mut follower, 3).await;
    assert!(told.iter().all(|change| change.id == new), "{told:?}");
    worker.shutdown().await;
}

async fn a_change_by_hand_of_a_waiting_task_is_told(db: TestDb) {
    let client = db.client().await;
    let mut follower = client.follow(None).await.unwrap();
    let held = client
        .submit_json("Script", json!(1))
        .held()
        .await
        .unwrap()
        .id;
    let told = changes(&mut follower, 1).await;
    assert_eq!(
        (told[0].event, told[0].state),
        (ChangeKind::Submitted, State::Held)
    );
    client.run_now(held).await.unwrap();
    let told = changes(&mut follower, 1).await;
    assert_eq!(
        (told[0].event, told[0].state),
        (ChangeKind::Changed, State::Queued)
    );
    client.cancel(held).await.unwrap();
    let told = changes(&mut follower, 1).await;
    assert_eq!(
        (told[0].event, told[0].state),
        (ChangeKind::Cancelled, State::Cancelled)
    );
    client.delete(held).await.unwrap();
    assert!(follower.look().await.unwrap().changes.is_empty());
}

async fn ends_of_one_moment_are_all_told_once(db: TestDb) {
    const TASKS: usize = 7_500;
    let client = db.client().await;
    let mut follower = client.follow(None).await.unwrap();
    let payloads = (0..TASKS).map(|number| json!(number));
    let submits = payloads.map(|payload| client.submit_json("Script", payload));
    client.submit_all(submits.collect()).await.unwrap();
    let now = db.now_plus(0);
    let sql =
        format!("UPDATE dutiful_tasks SET status = 'success', due_at = NULL, finished_at = {now}");
    assert_eq!(db.exec(&sql).await, TASKS as u64);
    let first = follower.look().await.unwrap();
    assert!(!first.caught_up, "more than one look reads");
    let mut told = first.changes;
    told.extend(changes(&mut follower, 2 * TASKS - told.len()).await);
    let ended = told
        .iter()
        .filter(|change| change.event == ChangeKind::Succeeded);
    let ids: BTreeSet<TaskId> = ended.map(|change| change.id).collect();
    assert_eq!((ids.len(), told.len()), (TASKS, 2 * TASKS));
    assert!(follower.look().await.unwrap().caught_up);
}

async fn what_is_committed_late_is_told_all_the_same(db: TestDb) {
    let client = db.client().await;
    let mut follower = client.follow(None).await.unwrap();
    let mut late = Session::open(&db).await;
    late.begin().await;
    let insert = "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Late', '1')";
    late.exec(insert).await.unwrap();
    let quick = submit(&client, "quick").await;
    assert_eq!(changes(&mut follower, 1).await[0].id, quick);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(follower.look().await.unwrap().changes.is_empty());
    late.exec("COMMIT").await.unwrap();
    let told = changes(&mut follower, 1).await;
    assert_eq!((told.len(), told[0].task_name.as_str()), (1, "Late"));
    assert!(told[0].id < quick, "it had its number before");
}
