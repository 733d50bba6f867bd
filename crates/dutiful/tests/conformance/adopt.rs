//! Taking over the tasks of a home-made queue: what its rows become.
//!
//! The other table is made as the original makes it, and filled by plain SQL.

pub(crate) mod odd;
pub(crate) mod refused;
pub(crate) mod side_by_side;

use crate::harness::engine::Engine;
use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::migrate::{Adoption, AdoptionReport};
use dutiful::{Client, DedupScope, Filter, Outcome, State, TaskId, TaskInfo, Told};
use serde_json::{Value, json};
use std::time::Duration;

cases![
    ; on Engine::adopts:
    rows_of_every_state_are_what_they_were_there,
    an_adopted_task_takes_the_resubmission_of_its_payload,
    with_the_scope_until_success_a_success_frees_its_slot,
    two_rows_of_one_payload_are_both_kept,
    an_id_that_is_taken_is_told_and_never_overwritten,
    new_tasks_take_no_ids_that_the_other_queue_has_yet_to_give,
    what_ended_before_the_figures_had_come_so_far_is_in_them,
];

/// The other table, behind the prefix of the case.
const TABLE: &str = "dutiful_ai_tasks";

const ORIGINAL: &str = "CREATE TABLE dutiful_ai_tasks (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    task_name VARCHAR(255) NOT NULL,
    task_payload JSON NULL,
    task_payload_prefix VARCHAR(511) GENERATED ALWAYS AS (LEFT(task_payload, 511)) STORED,
    status ENUM('not_started', 'success', 'error') NULL DEFAULT 'not_started',
    created_at DATETIME NULL DEFAULT CURRENT_TIMESTAMP,
    last_run_at DATETIME NULL,
    retries INT NULL DEFAULT 0,
    max_retries INT NULL DEFAULT 3,
    error_message TEXT NULL,
    result_data JSON NULL,
    UNIQUE KEY task_and_payload (task_name, task_payload_prefix)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4";

/// As some teams make it: payloads and results as text.
const OF_TEXT: &str = "CREATE TABLE dutiful_ai_tasks (
    id INT UNSIGNED NOT NULL PRIMARY KEY,
    task_name VARCHAR(255) NOT NULL,
    task_payload LONGTEXT NULL,
    status VARCHAR(20) NULL,
    created_at TIMESTAMP(3) NULL,
    last_run_at TIMESTAMP NULL,
    retries SMALLINT NULL,
    max_retries SMALLINT NULL,
    error_message LONGTEXT NULL,
    result_data LONGTEXT NULL,
    spare GEOMETRY NULL
  ) ENGINE = InnoDB DEFAULT CHARACTER SET latin1";

/// One row, given as `(column, SQL)`; `NOW` stands for the time in UTC.
async fn insert(db: &TestDb, columns: &[(&str, &str)]) {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|(_, value)| value.replace("NOW", "UTC_TIMESTAMP()"))
        .collect();
    let sql = format!(
        "INSERT INTO {TABLE} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    );
    assert_eq!(db.exec(&sql).await, 1);
}

/// A row that waits.
async fn waiting(db: &TestDb, id: i64, payload: &str) {
    let id = id.to_string();
    insert(
        db,
        &[
            ("id", &id),
            ("task_name", "'Script'"),
            ("task_payload", &quoted(payload)),
            ("status", "'not_started'"),
            ("retries", "0"),
            ("max_retries", "3"),
            ("created_at", "NOW - INTERVAL 1 HOUR"),
        ],
    )
    .await;
}

fn adoption(db: &TestDb, client: &Client) -> Adoption {
    client
        .migrator()
        .adopt(&TABLE.replace("dutiful_", db.prefix()))
}

async fn adopt(db: &TestDb, client: &Client) -> AdoptionReport {
    adoption(db, client).run().await.unwrap()
}

/// Looked at, copied, there already, refreshed.
fn numbers(report: &AdoptionReport) -> [u64; 4] {
    [
        report.looked_at,
        report.copied,
        report.already_there,
        report.refreshed,
    ]
}

fn ids(told: &Told) -> Vec<i64> {
    told.examples.iter().map(|one| one.id.0).collect()
}

async fn all(client: &Client) -> Vec<TaskInfo> {
    let page = client.list(&Filter::new().limit(200)).await.unwrap();
    let mut tasks = page.tasks;
    tasks.reverse();
    tasks
}

/// Runs what is due to its end, and gives the payloads that ran.
async fn drain(db: &TestDb) -> Vec<Value> {
    let ran = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&ran);
    let script = Script::<0>::new(move |payload, _| {
        seen.lock().unwrap().push(payload.clone());
        async move { Ok(payload) }
    });
    let worker = dutiful::Worker::new(db.client().await).register(script);
    dutiful::testing::drain(worker).await.unwrap();
    let ran = ran.lock().unwrap();
    ran.clone()
}

async fn rows_of_every_state_are_what_they_were_there(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    insert_every_state(&db).await;
    let report = adopt(&db, &client).await;
    assert_eq!(numbers(&report), [7, 7, 0, 0]);
    assert!(report.is_complete() && report.missing_columns.is_empty());
    assert_eq!(ids(&report.held), [13]);

    let tasks = all(&client).await;
    let states: Vec<(i64, State)> = tasks.iter().map(|task| (task.id.0, task.state)).collect();
    assert_eq!(
        states,
        [
            (3, State::Queued),
            (4, State::Scheduled),
            (5, State::Succeeded),
            (8, State::Retrying),
            (9, State::Retrying),
            (12, State::Failed),
            (13, State::Held),
        ]
    );
    for task in &tasks {
        assert_eq!(task.task_payload, json!({ "a": [1], "n": task.id.0 }));
        assert_eq!(task.created_at.to_string(), "2026-01-02T03:04:05.000000Z");
        assert_eq!((task.attempt, task.crashes, task.priority), (0, 0, 0));
    }
    let [new, ran, success, again, soon, failed, _] = &tasks[..] else {
        panic!("{tasks:?}");
    };
    assert_eq!(new.due_at, Some(new.created_at), "in the order of creation");
    for task in [ran, again, soon] {
        let cooldown = task.due_at.unwrap().since(task.last_run_at.unwrap());
        assert_eq!(cooldown, Duration::from_secs(600));
    }
    assert_eq!(success.result_data, Some(json!({ "b": 1.5 })));
    assert_eq!(success.finished_at, success.last_run_at);
    assert_eq!((again.retries, again.max_retries), (1, 3));
    assert_eq!(again.error_message.as_deref(), Some("it broke"));
    assert_eq!(failed.error_kind.as_deref(), Some("failed"));
    assert_eq!(failed.finished_at, failed.last_run_at);

    let mut ran = drain(&db).await;
    ran.sort_by_key(|payload| payload["n"].as_i64());
    let due: Vec<_> = ran
        .iter()
        .map(|payload| payload["n"].as_i64().unwrap())
        .collect();
    assert_eq!(due, [3, 8], "what would run there now, and nothing else");
}

/// Rows in every state that the other queue knows.
async fn insert_every_state(db: &TestDb) {
    for (id, status, last_run, retries, max_retries) in [
        (3, "not_started", "NULL", 0, 3),
        (4, "not_started", "NOW - INTERVAL 2 MINUTE", 1, 3),
        (5, "success", "NOW - INTERVAL 20 DAY", 1, 4),
        (8, "error", "NOW - INTERVAL 1 HOUR", 1, 3),
        (9, "error", "NOW - INTERVAL 4 MINUTE", 2, 3),
        (12, "error", "NOW - INTERVAL 1 HOUR", 3, 3),
        (13, "not_started", "NULL", 0, 0),
    ] {
        let (result, message) = match status {
            "success" => ("'{\"b\": 1.50}'", "NULL"),
            "error" => ("NULL", "'it broke'"),
            _ => ("NULL", "NULL"),
        };
        insert(
            db,
            &[
                ("id", &id.to_string()),
                ("task_name", "'Script'"),
                ("task_payload", &format!("'{{\"n\": {id}, \"a\": [1.0]}}'")),
                ("status", &quoted(status)),
                ("created_at", "'2026-01-02 03:04:05'"),
                ("last_run_at", last_run),
                ("retries", &retries.to_string()),
                ("max_retries", &max_retries.to_string()),
                ("error_message", message),
                ("result_data", result),
            ],
        )
        .await;
    }
}

async fn an_adopted_task_takes_the_resubmission_of_its_payload(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    waiting(&db, 1, r#"{"b": 1, "a": "x"}"#).await;
    waiting(&db, 2, r#"{"done": true}"#).await;
    db.exec(&format!(
        "UPDATE {TABLE} SET status = 'success' WHERE id = 2"
    ))
    .await;
    adopt(&db, &client).await;
    for (id, payload) in [
        (1, json!({ "a": "x", "b": 1 })),
        (2, json!({ "done": true })),
    ] {
        let again = client.submit_json("Script", payload).await.unwrap();
        assert_eq!((again.id, again.outcome), (TaskId(id), Outcome::Merged));
        assert_eq!(client.get(again.id).await.unwrap().max_retries, 4);
    }
    let other = client
        .submit_json("Script", json!({ "a": "X", "b": 1 }))
        .await
        .unwrap();
    assert_eq!(other.outcome, Outcome::Created);
    assert_eq!(drain(&db).await.len(), 2, "a success is not run again");
    let kept = dutiful::testing::prune(
        &client,
        &["Script"],
        dutiful::Retention {
            succeeded: Some(Duration::ZERO),
            ended_otherwise: Some(Duration::ZERO),
        },
    );
    assert_eq!(
        kept.await.unwrap(),
        1,
        "only the new one: the slot of an adopted one stays"
    );
}

async fn with_the_scope_until_success_a_success_frees_its_slot(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    waiting(&db, 1, "[1]").await;
    waiting(&db, 2, "[2]").await;
    db.exec(&format!(
        "UPDATE {TABLE} SET status = 'success' WHERE id = 2"
    ))
    .await;
    let adoption = adoption(&db, &client).dedup(DedupScope::UntilSuccess);
    assert_eq!(numbers(&adoption.run().await.unwrap()), [2, 2, 0, 0]);
    let waits = client.submit_json("Script", json!([1])).await.unwrap();
    assert_eq!((waits.id, waits.outcome), (TaskId(1), Outcome::Merged));
    let done = client.submit_json("Script", json!([2])).await.unwrap();
    assert_eq!(done.outcome, Outcome::Created);
    assert_eq!(drain(&db).await.len(), 2);
}

async fn two_rows_of_one_payload_are_both_kept(db: TestDb) {
    let client = db.client().await;
    let before = client
        .submit_json("Script", json!({ "here": 1 }))
        .held()
        .await
        .unwrap();
    db.exec(&format!(
        "UPDATE dutiful_tasks SET id = 900 WHERE id = {}",
        before.id
    ))
    .await;
    db.exec(OF_TEXT).await;
    waiting(&db, 1, r#"{"a":1,"b":2}"#).await;
    waiting(&db, 2, r#"{ "b": 2.0, "a": 1 }"#).await;
    waiting(&db, 3, r#"{"a":1,"b":2} "#).await;
    waiting(&db, 4, r#"{"here": 1}"#).await;
    let foreseen = adoption(&db, &client).dry_run(true).run().await.unwrap();
    let report = adopt(&db, &client).await;
    for report in [&foreseen, &report] {
        assert_eq!(numbers(report), [4, 4, 0, 0]);
        assert_eq!(ids(&report.without_slot), [2, 3, 4]);
        assert!(
            report.without_slot.examples[0].why.contains("task 1"),
            "{report:?}"
        );
        assert!(
            report.without_slot.examples[2].why.contains("task 900"),
            "{report:?}"
        );
    }
    assert_eq!(drain(&db).await.len(), 4, "no work is lost");
    let again = client
        .submit_json("Script", json!({ "a": 1, "b": 2 }))
        .await
        .unwrap();
    assert_eq!((again.id, again.outcome), (TaskId(1), Outcome::Merged));
    assert_eq!(numbers(&adopt(&db, &client).await), [4, 0, 4, 0]);
}

async fn an_id_that_is_taken_is_told_and_never_overwritten(db: TestDb) {
    let client = db.client().await;
    let mine = client
        .submit_json("Script", json!("mine"))
        .held()
        .await
        .unwrap();
    let before = client.get(mine.id).await.unwrap();
    db.exec(ORIGINAL).await;
    for id in [mine.id.0, mine.id.0 + 1] {
        waiting(&db, id, &format!("[{id}]")).await;
    }
    for dry_run in [true, false] {
        let report = adoption(&db, &client).dry_run(dry_run).run().await.unwrap();
        assert_eq!(numbers(&report), [2, 1, 0, 0]);
        assert_eq!(ids(&report.conflicts), [mine.id.0]);
        assert!(!report.is_complete());
    }
    let after = client.get(mine.id).await.unwrap();
    assert_eq!(
        (after.task_payload.clone(), after.version()),
        (json!("mine"), before.version())
    );
    // What is told to do about it.
    client.duplicate(mine.id).await.unwrap();
    client.cancel(mine.id).await.unwrap();
    client.delete(mine.id).await.unwrap();
    let report = adopt(&db, &client).await;
    assert_eq!(numbers(&report), [2, 1, 1, 0]);
    assert!(report.is_complete());
}

async fn new_tasks_take_no_ids_that_the_other_queue_has_yet_to_give(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    waiting(&db, 70_000, "[1]").await;
    let foreseen = adoption(&db, &client).dry_run(true).run().await.unwrap();
    assert_eq!(foreseen.ids_left_up_to, Some(2_000_000));
    assert_eq!(db.count("tasks").await, 0, "nothing is written");
    let report = adopt(&db, &client).await;
    assert_eq!(report.ids_left_up_to, Some(2_000_000));
    assert_eq!(
        db.count("tasks").await,
        1,
        "the row that moved the counter is gone"
    );
    let new = client.submit_json("Script", json!("new")).await.unwrap();
    assert!(new.id.0 > 2_000_000, "{new:?}");
    let report = adopt(&db, &client).await;
    assert_eq!(report.ids_left_up_to, None, "there is room enough");
}

async fn what_ended_before_the_figures_had_come_so_far_is_in_them(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Other", json!(1)).await.unwrap().id;
    client.cancel(id).await.unwrap();
    let ended = db.earlier("finished_at", Duration::from_secs(60));
    db.exec(&format!("UPDATE dutiful_tasks SET {ended}")).await;
    client.keep_figures().await.unwrap();
    db.exec(ORIGINAL).await;
    insert(
        &db,
        &[
            ("id", "7000"),
            ("task_name", "'Script'"),
            ("task_payload", &quoted("{}")),
            ("status", "'success'"),
            ("created_at", "NOW - INTERVAL 2 HOUR"),
            ("last_run_at", "NOW - INTERVAL 1 HOUR"),
        ],
    )
    .await;
    let report = adopt(&db, &client).await;
    assert_eq!(report.copied, 1);
    let stats = client.stats().await.unwrap();
    let script = stats.names.iter().find(|name| name.task_name == "Script");
    assert_eq!(script.unwrap().counts.get(&State::Succeeded), Some(&1));
}
