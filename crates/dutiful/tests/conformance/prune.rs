//! Removing by hand: by the same rules as workers, and only what was asked for.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Client, DedupScope, ErrorKind, Prune, PruneCount, State, TaskError, TaskId};
use serde_json::json;
use std::time::Duration;

cases![
    what_ended_long_ago_goes_whatever_its_name_and_others_stay,
    names_and_states_choose_what_goes,
    a_count_changes_nothing_and_tells_what_a_run_removes,
    what_still_holds_its_slot_stays_by_hand_too,
    a_task_that_is_retried_after_the_count_stays,
    removing_that_is_dropped_in_the_middle_leaves_whole_tasks,
    young_rows_hide_no_old_ones_from_a_person,
    wishes_that_make_no_sense_are_refused,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONG: Duration = Duration::from_secs(60);

/// Makes all tasks so much older.
async fn age(db: &TestDb, by: Duration) {
    let (made, ended) = (db.earlier("created_at", by), db.earlier("finished_at", by));
    db.exec(&format!("UPDATE dutiful_tasks SET {made}, {ended}"))
        .await;
}

/// A success of each name and a failure of the first, with history.
async fn three(db: &TestDb, client: &Client) -> [TaskId; 3] {
    let script = Script::<0>::new(|payload, cx| async move {
        cx.log("a line");
        match payload == json!("bad") {
            true => Err(TaskError::failed("no")),
            false => Ok(payload),
        }
    });
    let worker = dutiful::Worker::new(db.client().await)
        .register(script)
        .register(Script::<1>::echo());
    let submit = |name: &str, payload| client.submit_json(name, payload).max_retries(1);
    let good = submit("Script", json!("good")).await.unwrap().id;
    let other = submit("Other", json!("good")).await.unwrap().id;
    let bad = submit("Script", json!("bad")).await.unwrap().id;
    let worker = worker.start().await.unwrap();
    for id in [good, other, bad] {
        client.wait(id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    [good, other, bad]
}

async fn there(client: &Client) -> Vec<TaskId> {
    let page = client
        .list(&dutiful::Filter::new().limit(200))
        .await
        .unwrap();
    let mut ids: Vec<TaskId> = page.tasks.into_iter().map(|task| task.id).collect();
    ids.sort_unstable();
    ids
}

async fn counted(client: &Client, prune: &Prune) -> Vec<(String, State, u64)> {
    let counts = client.count_prunable(prune, |_| {}).await.unwrap();
    let plain = |count: PruneCount| (count.task_name, count.state, count.tasks);
    counts.into_iter().map(plain).collect()
}

async fn what_ended_long_ago_goes_whatever_its_name_and_others_stay(db: TestDb) {
    let client = db.client().await;
    three(&db, &client).await;
    let waiting = client
        .submit_json("Script", json!("waits"))
        .await
        .unwrap()
        .id;
    let prune = Prune::older_than(30 * DAY);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 0);
    age(&db, 31 * DAY).await;
    let mut seen = 0;
    assert_eq!(
        client
            .prune(&prune, |removed| seen = removed)
            .await
            .unwrap(),
        3
    );
    assert_eq!(seen, 3);
    assert_eq!(there(&client).await, [waiting]);
    for table in ["attempts", "logs"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
}

async fn names_and_states_choose_what_goes(db: TestDb) {
    let client = db.client().await;
    let [good, other, bad] = three(&db, &client).await;
    let all = Prune::older_than(Duration::ZERO);
    assert_eq!(
        counted(&client, &all).await,
        [
            ("Other".to_owned(), State::Succeeded, 1),
            ("Script".to_owned(), State::Succeeded, 1),
            ("Script".to_owned(), State::Failed, 1),
        ]
    );
    let prune = all.clone().names(["Script"]).states(&[State::Failed]);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 1);
    assert_eq!(there(&client).await, [good, other]);
    let prune = all.clone().names(["Nobody", "Other"]);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 1);
    assert_eq!(there(&client).await, [good]);
    let prune = all.states(&[State::Cancelled, State::Succeeded]);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 1);
    assert!(there(&client).await.is_empty() && bad.0 > 0);
}

async fn a_count_changes_nothing_and_tells_what_a_run_removes(db: TestDb) {
    let client = db.client().await;
    let before = three(&db, &client).await;
    let prune = Prune::older_than(Duration::ZERO);
    let mut reached = Vec::new();
    let counts = client
        .count_prunable(&prune, |found| reached.push(found))
        .await
        .unwrap();
    assert_eq!(there(&client).await, before);
    let told: u64 = counts.iter().map(|count| count.tasks).sum();
    assert_eq!(reached.pop(), Some(told));
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), told);
}

async fn what_still_holds_its_slot_stays_by_hand_too(db: TestDb) {
    let client = db.client().await;
    let mut kept = Vec::new();
    for (payload, scope) in [
        ("always", DedupScope::Always),
        ("window", DedupScope::Window(365 * DAY)),
        ("until success", DedupScope::UntilSuccess),
    ] {
        let submit = client.submit_json("Script", json!(payload)).dedup(scope);
        kept.push(submit.await.unwrap().id);
    }
    let worker = db.worker(Script::<0>::echo()).await;
    for id in &kept {
        client.wait(*id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    age(&db, 100 * DAY).await;
    let prune = Prune::older_than(30 * DAY);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 1);
    assert_eq!(there(&client).await, kept[..2]);
}

async fn a_task_that_is_retried_after_the_count_stays(db: TestDb) {
    let client = db.client().await;
    let [_, _, bad] = three(&db, &client).await;
    let prune = Prune::older_than(Duration::ZERO).states(&[State::Failed]);
    assert_eq!(counted(&client, &prune).await.len(), 1);
    client.retry(bad).await.unwrap();
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 0);
    assert!(there(&client).await.contains(&bad));
}

async fn removing_that_is_dropped_in_the_middle_leaves_whole_tasks(db: TestDb) {
    let client = db.client().await;
    client
        .submit_many::<Script>((0..450).map(|n| json!(n)))
        .dedup(DedupScope::None)
        .await
        .unwrap();
    db.exec(
        "UPDATE dutiful_tasks SET status = 'success', attempt = 1, due_at = NULL, dedup_key = NULL,
                finished_at = created_at",
    )
    .await;
    db.exec(
        "INSERT INTO dutiful_logs (task_id, attempt, logged_at, message)
         SELECT id, 1, created_at, 'a line' FROM dutiful_tasks",
    )
    .await;
    let prune = Prune::older_than(Duration::ZERO);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let removing = client.prune(&prune, move |removed| {
        if removed >= 200 {
            let _ = told.send(());
        }
    });
    tokio::select! {
        biased;
        _ = heard.recv() => {}
        removed = removing => panic!("it was to be cut off: {removed:?}"),
    }
    // What was under way is undone or done, once its connection has been given back.
    crate::harness::until("tasks and their lines agree", || async {
        let (tasks, lines) = (db.count("tasks").await, db.count("logs").await);
        tasks == lines && tasks <= 250
    })
    .await;
    let left = u64::try_from(db.count("tasks").await).unwrap();
    assert!(left > 0);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), left);
    assert_eq!(db.count("logs").await, 0);
}

async fn young_rows_hide_no_old_ones_from_a_person(db: TestDb) {
    let client = db.client().await;
    client
        .submit_many::<Script>((0..1_100).map(|n| json!(n)))
        .dedup(DedupScope::None)
        .await
        .unwrap();
    let last = db.int("SELECT MAX(id) FROM dutiful_tasks").await;
    let (made, ended) = (
        db.earlier("created_at", 90 * DAY),
        db.now_plus(-60 * 24 * 3_600),
    );
    db.exec(&format!(
        "UPDATE dutiful_tasks SET status = 'success', due_at = NULL, dedup_key = NULL, {made},
                finished_at = {ended} WHERE id = {last}"
    ))
    .await;
    let prune = Prune::older_than(30 * DAY);
    assert_eq!(client.prune(&prune, |_| {}).await.unwrap(), 1);
}

async fn wishes_that_make_no_sense_are_refused(db: TestDb) {
    let client = db.client().await;
    for (prune, why) in [
        (Prune::older_than(DAY).names(["no name"]), "byte 2"),
        (
            Prune::older_than(DAY).states(&[State::Failed, State::Running]),
            "running",
        ),
    ] {
        let error = client.prune(&prune, |_| {}).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
    let nothing = client
        .prune(&Prune::older_than(Duration::MAX), |_| {})
        .await;
    assert_eq!(nothing.unwrap(), 0);
}
