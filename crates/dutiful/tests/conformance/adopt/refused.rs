//! What cannot be adopted, and what is said about it.

use super::{ORIGINAL, TABLE, adopt, adoption, waiting};
use crate::harness::TestDb;
use crate::harness::engine::Engine;
use crate::harness::trial::cases;
use dutiful::{DedupScope, ErrorKind};

cases![
    ; on Engine::adopts_not:
    other_engines_are_refused_with_what_to_do
    ; on Engine::adopts:
    a_table_that_is_not_one_of_a_queue_is_refused_with_all_that_is_wrong,
    hostile_names_of_tables_are_refused,
    a_table_with_an_odd_name_is_adopted,
    settings_that_cannot_be_used_are_refused,
    our_own_tables_must_be_there
];

async fn other_engines_are_refused_with_what_to_do(db: TestDb) {
    let client = db.client().await;
    let error = adoption(&db, &client).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("MySQL and MariaDB only"),
        "{error}"
    );
}

async fn a_table_that_is_not_one_of_a_queue_is_refused_with_all_that_is_wrong(db: TestDb) {
    let client = db.client().await;
    let refusal = async || {
        let error = adoption(&db, &client).run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    assert!(refusal().await.contains("there is no table"));
    db.exec(&format!(
        "CREATE TABLE {TABLE} (id INT NOT NULL, task_name VARBINARY(9), task_payload INT, last_run_at DATE,
                               status ENUM('a'), max_retries VARCHAR(3))"
    ))
    .await;
    let said = refusal().await;
    for part in [
        "`retries` is missing",
        "`task_name` is varbinary(9), where text is wanted",
        "where JSON or text is wanted",
        "`last_run_at` is date, where DATETIME or TIMESTAMP is wanted",
        "`max_retries` is varchar(3), where a whole number is wanted",
        "no primary or unique key",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        !said.contains("status") && !said.contains("created_at"),
        "{said}"
    );
    db.exec(&format!("DROP TABLE {TABLE}")).await;
    db.exec(&ORIGINAL.replace("ai_tasks", "real_tasks")).await;
    db.exec(&format!(
        "CREATE VIEW {TABLE} AS SELECT * FROM dutiful_real_tasks"
    ))
    .await;
    assert!(refusal().await.contains("view"));
    db.exec(&format!("DROP VIEW {TABLE}")).await;
    assert_eq!(db.count("tasks").await, 0);
}

async fn hostile_names_of_tables_are_refused(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    waiting(&db, 1, "[1]").await;
    let ours = format!("{}tasks", db.prefix());
    for name in [
        "",
        "x`; DROP TABLE dutiful_tasks; -- ",
        "dutiful_ai_tasks WHERE 1=0 UNION SELECT",
        "mysql.user",
        "a' OR '1'='1",
        "{table}",
        "\u{0}",
        &"x".repeat(65),
        "nothing_of_this_name",
        &ours,
        &ours.to_uppercase(),
    ] {
        let run = client.migrator().adopt(name).run().await;
        let error = run.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name:?}: {error}");
    }
    assert_eq!(
        adopt(&db, &client).await.copied,
        1,
        "and all tables are there"
    );
}

async fn a_table_with_an_odd_name_is_adopted(db: TestDb) {
    let client = db.client().await;
    for name in ["Aufträge-2$", "select"] {
        // Behind the prefix, so that it goes with the case.
        let name = format!("{}q{name}", db.prefix());
        db.exec(ORIGINAL).await;
        waiting(&db, 1, "[1]").await;
        db.exec(&format!("RENAME TABLE {TABLE} TO `{name}`")).await;
        let report = client.migrator().adopt(&name).run().await.unwrap();
        assert_eq!((report.table.as_str(), report.copied), (name.as_str(), 1));
        db.exec("DELETE FROM dutiful_tasks").await;
        db.exec(&format!("DROP TABLE `{name}`")).await;
    }
}

async fn settings_that_cannot_be_used_are_refused(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    let adoption = || adoption(&db, &client);
    for (wrong, why) in [
        (adoption().batch(0), "1 to 1000"),
        (adoption().batch(1_001), "1 to 1000"),
        (adoption().time_zone("Mars/Olympus"), "+02:00"),
        (adoption().map_name("a", "no name"), "byte 2"),
        (adoption().dedup(DedupScope::Waiting), "until_success"),
    ] {
        let error = wrong.run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
}

async fn our_own_tables_must_be_there(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    client.migrator().down(0).await.unwrap();
    let error = adoption(&db, &client).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("dutiful migrate up"), "{error}");
}
