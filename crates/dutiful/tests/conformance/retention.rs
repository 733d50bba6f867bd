//! What becomes of tasks that ended long ago: workers remove them with all that belongs to them.

use crate::harness::engine::Dialect;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{
    Client, DedupScope, ErrorKind, Outcome, Retention, TaskError, TaskId, Worker, testing,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

cases![
    expired_tasks_go_with_all_that_belongs_to_them_and_others_stay,
    tasks_of_unknown_names_and_those_kept_for_ever_stay,
    a_slot_that_is_still_held_keeps_its_row,
    a_task_that_is_retried_while_others_go_keeps_all_that_belongs_to_it,
    pruning_never_deletes_by_cascade,
    a_pass_finds_what_ended_long_ago_wherever_it_lies,
    rows_of_workers_go_after_a_day_without_a_beat,
    a_worker_removes_what_it_knows_and_what_has_expired,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONG: Duration = Duration::from_secs(60);
/// Rows that one look goes through.
const LOOK: usize = 1_000;
/// Tables whose rows belong to a task.
const BELONGING: [&str; 3] = ["attempts", "steps", "logs"];

async fn prune(client: &Client, names: &[&str]) -> usize {
    testing::prune(client, names, Retention::default())
        .await
        .unwrap()
}

async fn is_there(client: &Client, id: TaskId) -> bool {
    match client.get(id).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            false
        }
    }
}

/// How many attempts, steps and log lines a task has.
async fn belongings(db: &TestDb, id: TaskId) -> [i64; 3] {
    let count = |table| format!("SELECT COUNT(*) FROM dutiful_{table} WHERE task_id = {id}");
    let counts = BELONGING.map(|table| {
        let sql = count(table);
        async move { db.int(&sql).await }
    });
    join_all(counts).await.try_into().unwrap()
}

/// Makes rows so much older.
async fn age(db: &TestDb, by: Duration, which: &str) {
    let (made, ended) = (db.earlier("created_at", by), db.earlier("finished_at", by));
    db.exec(&format!(
        "UPDATE dutiful_tasks SET {made}, {ended} WHERE {which}"
    ))
    .await;
}

/// Submits so many and makes each of them one that ended now, with a row in every table.
async fn ended(db: &TestDb, client: &Client, count: usize, how: &str) -> Vec<TaskId> {
    let submitted = client
        .submit_many::<Script>((0..count).map(|n| json!(n)))
        .dedup(DedupScope::None)
        .await
        .unwrap();
    let first = submitted[0].id;
    let which = format!("id >= {first} AND task_name = 'Script'");
    db.exec(&format!(
        "UPDATE dutiful_tasks SET {how}, attempt = 1, due_at = NULL, dedup_key = NULL,
                finished_at = created_at
         WHERE {which}"
    ))
    .await;
    for (table, columns, values) in [
        (
            "attempts",
            "attempt, worker, started_at, ended_at, outcome",
            "1, 'w', created_at, created_at, 'failed'",
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
        db.exec(&format!(
            "INSERT INTO dutiful_{table} (task_id, {columns})
             SELECT id, {values} FROM dutiful_tasks WHERE {which}"
        ))
        .await;
    }
    submitted.iter().map(|submitted| submitted.id).collect()
}

const FAILED: &str = "status = 'error', error_kind = 'failed', retries = 3";
const SUCCEEDED: &str = "status = 'success'";

async fn expired_tasks_go_with_all_that_belongs_to_them_and_others_stay(db: TestDb) {
    let client = db.client().await;
    let script = Script::<0>::new(|payload, cx| async move {
        cx.log("a line");
        let done: Value = cx.step("s", || async { Ok(json!(1)) }).await?;
        if payload == "good" {
            Ok(done)
        } else {
            Err(TaskError::failed("no"))
        }
    });
    let worker = db.worker(script).await;
    let submit = |payload: &str| client.submit_json("Script", json!(payload)).max_retries(1);
    let good = submit("good").await.unwrap().id;
    let bad = submit("bad").await.unwrap().id;
    let waiting = submit("waiting").delay(DAY).await.unwrap().id;
    for id in [good, bad] {
        client.wait(id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    let all = async || (belongings(&db, good).await, belongings(&db, bad).await);
    assert_eq!(all().await, ([0, 1, 1], [1, 1, 1]));
    assert_eq!(prune(&client, &["Script"]).await, 0, "nothing has expired");

    age(&db, 7 * DAY, "id > 0").await;
    assert_eq!(prune(&client, &["Script"]).await, 1);
    assert!(!is_there(&client, good).await && is_there(&client, bad).await);
    assert_eq!(all().await, ([0, 0, 0], [1, 1, 1]));

    age(&db, 23 * DAY, "id > 0").await;
    assert_eq!(prune(&client, &["Script"]).await, 1);
    assert!(!is_there(&client, bad).await && is_there(&client, waiting).await);
    assert_eq!(all().await, ([0; 3], [0; 3]));
}

async fn tasks_of_unknown_names_and_those_kept_for_ever_stay(db: TestDb) {
    let client = db.client().await;
    let id = ended(&db, &client, 1, SUCCEEDED).await[0];
    age(&db, 4_000 * DAY, "id > 0").await;
    let for_ever = Retention {
        succeeded: None,
        ..Retention::default()
    };
    let kept = testing::prune(&client, &["Script"], for_ever).await;
    assert_eq!(kept.unwrap(), 0);
    assert_eq!(prune(&client, &["Other", "script"]).await, 0);
    assert_eq!(belongings(&db, id).await, [1; 3]);
    assert_eq!(prune(&client, &["Other", "Script"]).await, 1);
}

async fn a_slot_that_is_still_held_keeps_its_row(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    let scopes = [
        DedupScope::Always,
        DedupScope::Window(100 * DAY),
        DedupScope::Window(DAY),
        DedupScope::UntilSuccess,
    ];
    let mut ids = Vec::new();
    for (number, scope) in scopes.into_iter().enumerate() {
        let submit = client.submit_json("Script", json!(number));
        ids.push(submit.dedup(scope).await.unwrap().id);
    }
    for id in &ids {
        client.wait(*id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    age(&db, 40 * DAY, "id > 0").await;
    // The end of a window is a time of its own, which has not been moved yet.
    assert_eq!(prune(&client, &["Script"]).await, 1);
    assert!(!is_there(&client, ids[3]).await);
    let over = db.earlier("dedup_until", DAY);
    db.exec(&format!("UPDATE dutiful_tasks SET {over}")).await;
    assert_eq!(prune(&client, &["Script"]).await, 1);
    assert!(!is_there(&client, ids[2]).await);
    for id in &ids[..2] {
        assert!(is_there(&client, *id).await);
    }
    let again = client.submit_json("Script", json!(0)).dedup(scopes[0]);
    let again = again.await.unwrap();
    assert_eq!((again.id, again.outcome), (ids[0], Outcome::Merged));
}

async fn a_task_that_is_retried_while_others_go_keeps_all_that_belongs_to_it(db: TestDb) {
    let client = db.client().await;
    for _ in 0..20 {
        let ids = ended(&db, &client, LOOK, FAILED).await;
        let last = ids[LOOK - 1];
        age(&db, 40 * DAY, "id > 0").await;
        let pruning = client.clone();
        let pruning = tokio::spawn(async move { prune(&pruning, &["Script"]).await });
        // One look has found all of them expired; they go in several transactions.
        until("the first have gone", || async {
            !is_there(&client, ids[0]).await
        })
        .await;
        let retried = client.retry(last).await;
        let pruned = pruning.await.unwrap();
        if retried.is_ok() {
            assert_eq!((pruned, db.count("tasks").await), (LOOK - 1, 1));
            assert!(client.get(last).await.unwrap().due_at.is_some());
            assert_eq!(belongings(&db, last).await, [1; 3]);
            for table in BELONGING {
                assert_eq!(db.count(table).await, 1, "{table}");
            }
            return;
        }
        assert_eq!(retried.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!((pruned, db.count("tasks").await), (LOOK, 0));
    }
    panic!("no retry came while others went");
}

async fn pruning_never_deletes_by_cascade(db: TestDb) {
    let here = match db.dialect() {
        Dialect::Sqlite => {
            let links = "SELECT COUNT(*) FROM sqlite_master AS t, pragma_foreign_key_list(t.name)";
            assert_eq!(db.int(links).await, 0);
            // The words of chunks are kept by triggers, which no task has to do with.
            let triggers = "SELECT COUNT(*) FROM sqlite_master
                WHERE type = 'trigger' AND tbl_name <> 'dutiful_chunks'";
            assert_eq!(db.int(triggers).await, 0);
            return;
        }
        Dialect::Mysql => "DATABASE()",
        Dialect::Postgres => "current_schema()",
    };
    let ours = format!("table_schema = {here} AND table_name LIKE 'dutiful_%'");
    let tables = format!("SELECT COUNT(*) FROM information_schema.tables WHERE {ours}");
    assert!(db.int(&tables).await > 5);
    let links = format!(
        "SELECT COUNT(*) FROM information_schema.table_constraints
         WHERE constraint_type = 'FOREIGN KEY' AND {ours}"
    );
    assert_eq!(db.int(&links).await, 0);
    let triggers = format!(
        "SELECT COUNT(*) FROM information_schema.triggers
         WHERE event_object_schema = {here} AND event_object_table LIKE 'dutiful_%'"
    );
    assert_eq!(db.int(&triggers).await, 0);
}

async fn a_pass_finds_what_ended_long_ago_wherever_it_lies(db: TestDb) {
    let client = db.client().await;
    let names = ["Script", "Third"];
    let waiting = (0..LOOK + 10).map(|n| json!(n));
    let waiting = client.submit_many::<Script<2>>(waiting).delay(DAY);
    let behind = waiting.await.unwrap()[LOOK + 9].id;
    ended(&db, &client, 150, SUCCEEDED).await;
    age(&db, 8 * DAY, "id > 0").await;
    assert_eq!(prune(&client, &names).await, 150);

    // What ended long ago is found by the time of its end, wherever it lies.
    ended(&db, &client, 1, SUCCEEDED).await;
    age(&db, 8 * DAY, &format!("id > {behind}")).await;
    let now = db.now_plus(0);
    db.exec(&format!(
        "UPDATE dutiful_tasks SET created_at = {now} WHERE id <= {behind}"
    ))
    .await;
    assert_eq!(prune(&client, &names).await, 1);
}

async fn rows_of_workers_go_after_a_day_without_a_beat(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    until("the worker has its row", || async {
        client.workers().await.unwrap().len() == 1
    })
    .await;
    for (name, hours) in [("gone", 25), ("late", 23)] {
        let beat = db.now_plus(-hours * 3_600);
        db.exec(&format!(
            "INSERT INTO dutiful_workers (worker, host, process_id, task_names, started_at, beat_at)
             VALUES ('{name}', 'h', 1, '[]', {beat}, {beat})"
        ))
        .await;
    }
    assert_eq!(prune(&client, &[]).await, 0);
    let left = client.workers().await.unwrap();
    let left: Vec<&str> = left.iter().map(|row| row.worker.as_str()).collect();
    assert_eq!(left, [worker.worker(), "late"]);
    worker.shutdown().await;
}

async fn a_worker_removes_what_it_knows_and_what_has_expired(db: TestDb) {
    let client = db.client().await;
    let old = ended(&db, &client, 4, FAILED).await;
    let young = ended(&db, &client, 1, FAILED).await[0];
    let unknown = client.submit_json("Unknown", json!(1)).await.unwrap().id;
    client.cancel(unknown).await.unwrap();
    age(&db, 4 * DAY, &format!("id <> {young}")).await;
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    let worker = worker.retention(Retention {
        succeeded: None,
        ended_otherwise: Some(3 * DAY),
    });
    let worker = worker.start().await.unwrap();
    // It begins half a minute after its start.
    until("the old ones are gone", || async {
        db.count("tasks").await == 2
    })
    .await;
    worker.shutdown().await;
    assert!(is_there(&client, young).await && is_there(&client, unknown).await);
    assert_eq!(belongings(&db, old[0]).await, [0; 3]);
    for table in BELONGING {
        assert_eq!(db.count(table).await, 1, "{table}");
    }
}
