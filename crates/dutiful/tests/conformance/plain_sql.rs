//! Plain SQL: what any program may write to the table, and what people read there.

use crate::harness::engine::Dialect;
use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, documents};
use dutiful::State;
use serde_json::json;
use std::time::Duration;

cases![
    plain_sql_submits_with_defaults_and_a_worker_runs_it,
    plain_sql_that_is_rolled_back_leaves_nothing,
    the_statements_of_the_documents_run_as_written,
    the_table_is_readable_by_people,
];

async fn plain_sql_submits_with_defaults_and_a_worker_runs_it(db: TestDb) {
    let client = db.client().await;
    for payload in [r#"{"n": 1}"#, r#"{"n": 1}"#] {
        let sql = format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Script', {})",
            quoted(payload)
        );
        assert_eq!(db.exec(&sql).await, 1);
    }
    let tasks = client.list(&dutiful::Filter::new()).await.unwrap().tasks;
    assert_eq!(tasks.len(), 2, "plain SQL asks for no dedup");
    for task in &tasks {
        assert_eq!(
            (task.state, task.attempt, task.max_retries),
            (State::Queued, 0, 3)
        );
        assert_eq!(
            (
                task.dedup_scope.as_str(),
                task.priority,
                task.payload_version
            ),
            ("none", 0, 1)
        );
        let age = client.stats().await.unwrap().now.since(task.created_at);
        assert!(
            age < Duration::from_secs(60),
            "the defaults are times in UTC: {age:?}"
        );
    }
    let worker = db.worker(Script::<0>::echo()).await;
    for task in &tasks {
        let task = client.wait(task.id, Duration::from_secs(60)).await.unwrap();
        assert_eq!(
            (task.state, task.result_data),
            (State::Succeeded, Some(json!({ "n": 1 })))
        );
    }
    worker.shutdown().await;
}

async fn plain_sql_that_is_rolled_back_leaves_nothing(db: TestDb) {
    let insert = "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Script', '{}')";
    let insert = insert.replace("dutiful_", db.prefix());
    match db.dialect() {
        Dialect::Sqlite => {
            let file = db.folder().unwrap().join("tasks.db");
            let mut connection = rusqlite::Connection::open(file).unwrap();
            let tx = connection.transaction().unwrap();
            assert_eq!(tx.execute(&insert, []).unwrap(), 1);
            tx.rollback().unwrap();
        }
        Dialect::Mysql => {
            use mysql_async::prelude::Queryable;
            let pool = mysql_async::Pool::new(db.url());
            let mut tx = pool
                .start_transaction(mysql_async::TxOpts::default())
                .await
                .unwrap();
            tx.query_drop(&insert).await.unwrap();
            tx.rollback().await.unwrap();
            pool.disconnect().await.unwrap();
        }
        Dialect::Postgres => {
            let connect = tokio_postgres::connect(db.url(), tokio_postgres::NoTls);
            let (mut postgres, connection) = connect.await.unwrap();
            tokio::spawn(connection);
            let tx = postgres.transaction().await.unwrap();
            tx.batch_execute(&insert).await.unwrap();
            tx.rollback().await.unwrap();
        }
    }
    assert_eq!(db.count("tasks").await, 0);
}

async fn the_statements_of_the_documents_run_as_written(db: TestDb) {
    let client = db.client().await;
    let (mut inserted, mut read) = (0, 0);
    for block in documents::blocks_of("sql") {
        for statement in block.text.split(';').map(str::trim) {
            let place = format!("{}:{}: {statement}", block.document, block.line);
            match statement.split_whitespace().next() {
                None => {}
                Some("INSERT") => {
                    assert_eq!(db.exec(statement).await, 1, "{place}");
                    inserted += 1;
                }
                Some("SELECT") => {
                    db.rows(statement).await;
                    read += 1;
                }
                Some(_) => panic!("it is not clear what this must do: {place}"),
            }
        }
    }
    assert!(inserted >= 1 && read >= 2, "{inserted}, {read}");
    let tasks = client.list(&dutiful::Filter::new()).await.unwrap().tasks;
    assert_eq!(tasks.len(), inserted);
    for task in tasks {
        assert_eq!(
            (task.task_name.as_str(), task.state),
            ("ExampleTask", State::Queued)
        );
        assert!(task.task_payload.is_object(), "{}", task.task_payload);
    }
}

async fn the_table_is_readable_by_people(db: TestDb) {
    let client = db.client().await;
    let submit = client.submit_json("Script", json!({ "to": "ada@example.org" }));
    let task = client.get(submit.await.unwrap().id).await.unwrap();
    assert_eq!(
        db.column(task.id, "status").await.as_deref(),
        Some("not_started")
    );
    let payload = db.column(task.id, "task_payload").await;
    assert_eq!(payload.as_deref(), Some(r#"{"to":"ada@example.org"}"#));
    let created = db.column(task.id, "created_at").await.unwrap();
    let written = task.created_at.to_string();
    match db.dialect() {
        // SQLite has no type for times: microseconds since 1970.
        Dialect::Sqlite => assert_eq!(created, task.created_at.as_micros().to_string()),
        // `2026-01-31 09:00:00.5+00` and `'2026-01-31 09:00:00.500000'`.
        Dialect::Mysql | Dialect::Postgres => {
            let created = created.trim_matches('\'').replacen(' ', "T", 1);
            let digits = created.trim_end_matches("+00").trim_end_matches('0');
            assert!(written.starts_with(digits), "{created} is {written} in UTC");
        }
    }
}
