//! Rows that no program of ours would write: whatever plain SQL puts into a column, it stops nobody.

use crate::harness::engine::Dialect;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Client, State, TaskError, TaskId, Worker, WorkerHandle};
use serde_json::{Value, json};
use std::time::Duration;

cases![
    no_value_in_any_column_stops_a_claim,
    a_task_due_before_1970_by_plain_sql_runs,
    a_level_whose_claims_fail_keeps_no_other_from_its_tasks,
    what_was_claimed_beside_a_lost_lease_that_cannot_be_taken_over_runs,
];

const LONG: Duration = Duration::from_secs(60);
const FAILS: &str = "fails";

/// Two lanes, the first of which fails what asks for it.
async fn two_lanes(db: &TestDb) -> WorkerHandle {
    let first = Script::<0>::new(|payload, _| async move {
        match payload == json!(FAILS) || payload[0] == json!(FAILS) {
            true => Err(TaskError::failed("as it was told")),
            false => Ok(payload),
        }
    });
    let worker = Worker::new(db.client().await)
        .register(first)
        .register(Script::<1>::echo())
        .shutdown_grace(Duration::ZERO);
    worker.start().await.unwrap()
}

/// A task whose row then says something else. It has been due for longer than all that come after it.
async fn odd(db: &TestDb, client: &Client, payload: Value, change: &str) -> TaskId {
    let id = client.submit_json("Script", payload).await.unwrap().id;
    let due = db.now_plus(-600);
    let sql = format!("UPDATE dutiful_tasks SET due_at = {due}, {change} WHERE id = {id}");
    assert_eq!(db.exec(&sql).await, 1, "{change}");
    id
}

/// Ordinary tasks in the same lane and in a later one.
async fn good(client: &Client) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for (number, name) in ["Script", "Other", "Script", "Other"].iter().enumerate() {
        let submit = client.submit_json(name, json!(["good", number]));
        ids.push(submit.await.unwrap().id);
    }
    ids
}

async fn all_succeed(client: &Client, ids: Vec<TaskId>) {
    for id in ids {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.attempt),
            (State::Succeeded, 1),
            "{task:?}"
        );
    }
}

async fn no_value_in_any_column_stops_a_claim(db: TestDb) {
    use State::{Failed, Quarantined, Scheduled, Succeeded};
    let client = db.client().await;
    // The largest that the columns hold.
    let (most, urgent, least) = match db.dialect() {
        Dialect::Sqlite => (i64::MAX, i64::MAX, i64::MIN),
        _ => (
            i64::from(i32::MAX),
            i64::from(i16::MAX),
            i64::from(i16::MIN),
        ),
    };
    let lost = "worker = 'ghost', last_run_at = created_at";
    let cases = vec![
        (format!("attempt = {most}"), Quarantined),
        (format!("attempt = {}", i32::MAX), Quarantined),
        (format!("attempt = {most}, {lost}"), Quarantined),
        ("attempt = -1".to_owned(), Succeeded),
        (format!("crashes = {most}"), Succeeded),
        (format!("crashes = {most}, {lost}"), Quarantined),
        ("crashes = -1".to_owned(), Succeeded),
        (format!("crashes = -1, {lost}"), Succeeded),
        (format!("retries = {most}"), Succeeded),
        (format!("retries = {most}, max_retries = {most}"), Succeeded),
        ("retries = -1".to_owned(), Succeeded),
        (format!("max_retries = {most}"), Succeeded),
        ("max_retries = -1".to_owned(), Succeeded),
        (format!("priority = {urgent}"), Succeeded),
        (format!("priority = {least}"), Succeeded),
        // Such a payload is left to a newer program.
        (format!("payload_version = {most}"), Scheduled),
    ];
    let fails = [
        format!("retries = {most}"),
        format!("retries = {most}, max_retries = {most}"),
        "retries = -1".to_owned(),
        "max_retries = -1".to_owned(),
    ];
    // SQLite alone holds text that is no UTF-8.
    let bytes = "worker = CAST(x'ff' AS TEXT), attempt = 1".to_owned();
    let cases = cases.into_iter().chain(match db.dialect() {
        Dialect::Sqlite => Some((bytes, Quarantined)),
        Dialect::Mysql | Dialect::Postgres => None,
    });
    let mut ids = Vec::new();
    for (number, (change, state)) in cases.enumerate() {
        let id = odd(&db, &client, json!(["runs", number]), &change).await;
        ids.push((id, change, state));
    }
    for (number, change) in fails.into_iter().enumerate() {
        let id = odd(&db, &client, json!([FAILS, number]), &change).await;
        ids.push((id, format!("{change} and a run that fails"), Failed));
    }
    let good = good(&client).await;
    let worker = two_lanes(&db).await;
    all_succeed(&client, good).await;
    for (id, change, state) in ids {
        until(&format!("{state} after {change}"), || async {
            let task = client.get(id).await.unwrap();
            task.state == state && task.worker.is_none()
        })
        .await;
        let task = client.get(id).await.unwrap();
        if state == Quarantined && change.starts_with("attempt") {
            let why = task.error_message.unwrap();
            assert!(why.contains("attempt"), "{change}: {why}");
            assert_eq!(task.error_kind.as_deref(), Some("undecodable"), "{change}");
        }
    }
    // None of it is taken again and again.
    let held = "SELECT COUNT(*) FROM dutiful_tasks WHERE worker IS NOT NULL";
    assert_eq!(db.int(held).await, 0);
    worker.shutdown().await;
}

async fn a_task_due_before_1970_by_plain_sql_runs(db: TestDb) {
    let client = db.client().await;
    let times: &[&str] = match db.dialect() {
        Dialect::Sqlite => &["-1", "-9223372036854775808"],
        Dialect::Mysql => &["'1969-12-31 23:59:59.999999'", "'1000-01-01 00:00:00'"],
        Dialect::Postgres => &["'1969-12-31 23:59:59.999999Z'", "'-infinity'"],
    };
    let mut ids = Vec::new();
    for (number, time) in times.iter().enumerate() {
        let last_chance = "crashes = 2".to_owned();
        let lost = "worker = 'ghost', attempt = 1".to_owned();
        for (which, change) in ["attempt = 0".to_owned(), last_chance, lost]
            .iter()
            .enumerate()
        {
            let change = format!("{change}, priority = {which}");
            let id = odd(&db, &client, json!([number, which]), &change).await;
            let sql = format!("UPDATE dutiful_tasks SET due_at = {time} WHERE id = {id}");
            assert_eq!(db.exec(&sql).await, 1, "{time}");
            ids.push(id);
        }
    }
    if db.dialect() == Dialect::Mysql {
        // What a program without a strict mode writes for "no date".
        let id = odd(&db, &client, json!("zero"), "attempt = 0").await;
        let zero = format!("UPDATE IGNORE dutiful_tasks SET due_at = '0000-00-00' WHERE id = {id}");
        assert_eq!(db.exec(&zero).await, 1);
        ids.push(id);
    }
    let good = good(&client).await;
    let worker = two_lanes(&db).await;
    all_succeed(&client, good).await;
    for id in ids {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(task.state, State::Succeeded, "{task:?}");
    }
    worker.shutdown().await;
}

/// Makes the database refuse rows of a table unless this holds, or take them again.
async fn refuse(db: &TestDb, table: &str, unless: Option<&str>) {
    let sql = match (db.dialect(), unless) {
        (Dialect::Sqlite, Some(unless)) => {
            let refuse =
                format!("WHEN NOT ({unless}) BEGIN SELECT RAISE(ABORT, 'not this one'); END");
            let insert = format!("CREATE TRIGGER dutiful_no1 BEFORE INSERT ON {table} {refuse}");
            let update = format!("CREATE TRIGGER dutiful_no2 BEFORE UPDATE ON {table} {refuse}");
            db.exec(&insert).await;
            update
        }
        (Dialect::Sqlite, None) => {
            db.exec("DROP TRIGGER dutiful_no1").await;
            "DROP TRIGGER dutiful_no2".to_owned()
        }
        (_, Some(unless)) => {
            let unless = unless.replace("new.", "");
            format!("ALTER TABLE {table} ADD CONSTRAINT dutiful_no CHECK ({unless})")
        }
        (_, None) => format!("ALTER TABLE {table} DROP CONSTRAINT dutiful_no"),
    };
    db.exec(&sql).await;
}

async fn a_level_whose_claims_fail_keeps_no_other_from_its_tasks(db: TestDb) {
    let client = db.client().await;
    let unless = "new.task_name <> 'Script' OR new.priority <> 5 OR new.worker IS NULL";
    refuse(&db, "dutiful_tasks", Some(unless)).await;
    let refused = odd(&db, &client, json!("refused"), "priority = 5").await;
    let worker = two_lanes(&db).await;
    for _ in 0..3 {
        let all = good(&client).await;
        all_succeed(&client, all).await;
    }
    assert_eq!(client.get(refused).await.unwrap().attempt, 0);
    refuse(&db, "dutiful_tasks", None).await;
    all_succeed(&client, vec![refused]).await;
    worker.shutdown().await;
}

async fn what_was_claimed_beside_a_lost_lease_that_cannot_be_taken_over_runs(db: TestDb) {
    let client = db.client().await;
    let lost = client
        .submit_json("Script", json!("lost"))
        .await
        .unwrap()
        .id;
    db.die_holding(lost, "ghost").await;
    let unless = "new.outcome <> 'lease_lost'";
    refuse(&db, "dutiful_attempts", Some(unless)).await;
    let beside = good(&client).await;
    let worker = two_lanes(&db).await;
    // Claimed by a statement that stands, before the other one is refused.
    all_succeed(&client, beside).await;
    assert_eq!(
        client.get(lost).await.unwrap().worker.as_deref(),
        Some("ghost")
    );
    refuse(&db, "dutiful_attempts", None).await;
    let task = client.wait(lost, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 2, 1)
    );
    worker.shutdown().await;
}
