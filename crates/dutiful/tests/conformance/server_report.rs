//! What a server says of itself.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{TestDb, until};
use std::time::Duration;

cases![
    a_whole_schema_misses_nothing,
    an_index_or_a_column_that_is_gone_is_named,
    due_tasks_are_found_by_their_index,
    settings_that_a_commit_depends_on_are_told,
    ;
    on Engine::is_server:
    a_transaction_that_stays_open_is_told,
];

const LONG: Duration = Duration::from_secs(3600);

async fn a_whole_schema_misses_nothing(db: TestDb) {
    let report = db.client().await.server_report(LONG).await.unwrap();
    assert_eq!(report.missing, [""; 0]);
    let product = report.version.split(' ').next().unwrap();
    let known = match db.dialect() {
        Dialect::Sqlite => product == "SQLite",
        Dialect::Mysql => ["MariaDB", "MySQL"].contains(&product),
        Dialect::Postgres => product == "PostgreSQL",
    };
    assert!(known && report.version.contains('.'), "{}", report.version);
}

async fn an_index_or_a_column_that_is_gone_is_named(db: TestDb) {
    let drop_index = match db.dialect() {
        Dialect::Mysql => "DROP INDEX dutiful_logs_task ON dutiful_logs",
        Dialect::Sqlite | Dialect::Postgres => "DROP INDEX dutiful_logs_task",
    };
    db.exec(drop_index).await;
    db.exec("ALTER TABLE dutiful_tasks DROP COLUMN progress_note")
        .await;
    let report = db.client().await.server_report(LONG).await.unwrap();
    let prefix = db.prefix();
    assert_eq!(
        report.missing,
        [
            format!("column progress_note of {prefix}tasks"),
            format!("index {prefix}logs_task of {prefix}logs"),
        ]
    );
}

async fn due_tasks_are_found_by_their_index(db: TestDb) {
    let client = db.client().await;
    let payloads = (0..2_000).map(|number| serde_json::json!({ "number": number }));
    let submissions: Vec<_> = payloads
        .map(|payload| client.submit_json("Numbered", payload))
        .collect();
    for submission in submissions {
        submission.await.unwrap();
    }
    let report = client.server_report(LONG).await.unwrap();
    assert!(report.finds_due_by_index);
    assert!(report.highest_id >= 2_000);
}

async fn settings_that_a_commit_depends_on_are_told(db: TestDb) {
    let report = db.client().await.server_report(LONG).await.unwrap();
    let setting = |name: &str| report.settings.get(name).map_or("", String::as_str);
    match db.dialect() {
        Dialect::Sqlite => {
            assert_eq!(
                (setting("journal_mode"), setting("synchronous")),
                ("wal", "2")
            );
            assert!(report.log_bytes.is_some());
        }
        Dialect::Mysql => assert!(!setting("innodb_flush_log_at_trx_commit").is_empty()),
        Dialect::Postgres => {
            assert!(!setting("fsync").is_empty());
            assert_eq!(setting("transaction_isolation"), "read committed");
        }
    }
    if db.engine().is_server() {
        assert!(report.connections >= Some(1));
        assert!(report.connections_max > report.connections);
        assert!(report.encrypted.is_some());
    }
}

async fn a_transaction_that_stays_open_is_told(db: TestDb) {
    let client = db.client().await;
    let mut other = Session::open(&db).await;
    other.begin().await;
    // MySQL knows of a transaction when it has touched something.
    other
        .exec("UPDATE dutiful_logs SET message = message")
        .await
        .unwrap();
    until("it is told", || async {
        // MariaDB and MySQL show what they saw before to whoever looks again within a tenth of a second.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let report = client.server_report(Duration::from_secs(1)).await.unwrap();
        report.long_transactions.is_some_and(|all| !all.is_empty())
    })
    .await;
}
