//! Schemas that are not this program's, and what is said of them.

use crate::harness::database::TestDb;
use crate::harness::script::Script;
use crate::harness::trial::cases;
use crate::tables::tables;
use dutiful::{Error, ErrorKind, Worker};
use serde_json::json;

cases!(
    newer_schema_is_refused_and_left_alone,
    schema_of_another_text_is_refused_and_left_alone,
    worker_refuses_a_missing_schema_and_names_the_command,
    an_older_schema_is_refused_until_up_and_keeps_its_rows,
);

async fn newer_schema_is_refused_and_left_alone(db: TestDb) {
    let migrator = db.client().await.migrator();
    migrator.up().await.unwrap();
    let known = migrator.status().await.unwrap().needed;
    let newer = known + 6;
    db.exec(&format!(
        "INSERT INTO dutiful_migrations (version, name, checksum) VALUES ({newer}, 'later', 'x')"
    ))
    .await;
    let sentence = format!(
        "the tables were made by a newer version of Dutiful (schema {newer}, this program knows {known}): \
         upgrade this program"
    );
    refused_everywhere(&db, &sentence).await;
    let status = migrator.status().await.unwrap();
    assert_eq!((status.found, status.needed), (newer, known));
}

async fn schema_of_another_text_is_refused_and_left_alone(db: TestDb) {
    let migrator = db.client().await.migrator();
    migrator.up().await.unwrap();
    db.exec("UPDATE dutiful_migrations SET checksum = '0123456789abcdef' WHERE version = 1")
        .await;
    let status = migrator.status().await.unwrap();
    assert_eq!(status.migrations[0].checksum_ok, Some(false));
    let sentence = format!(
        "migration 1 ({}) was applied with another text than this program carries (checksum 0123456789ab, here ",
        status.migrations[0].name
    );
    refused_everywhere(&db, &sentence).await;
}

async fn worker_refuses_a_missing_schema_and_names_the_command(db: TestDb) {
    let error = start_worker(&db).await;
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert_eq!(
        error.to_string(),
        "the tables are missing: run `dutiful migrate up`"
    );
    assert_eq!(tables(&db).await, Vec::<String>::new());
}

async fn an_older_schema_is_refused_until_up_and_keeps_its_rows(db: TestDb) {
    let client = db.client().await;
    client.migrate().await.unwrap();
    let needed = client.migrator().status().await.unwrap().needed;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    client.migrator().down(1).await.unwrap();
    let error = start_worker(&db).await;
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert_eq!(
        error.to_string(),
        format!("the schema is version 1, this program needs {needed}: run `dutiful migrate up`")
    );
    // What needs the newer tables names the command as well.
    for error in [
        client.tokens().await.unwrap_err(),
        client.audit("a", "b", None, None).await.unwrap_err(),
        client
            .submit_once("k", [0; 32], Vec::new())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(error.to_string().contains("dutiful migrate up"), "{error}");
    }
    let applied = client.migrate().await.unwrap();
    assert_eq!(applied.len() + 1, needed as usize);
    assert_eq!(client.get(id).await.unwrap().task_payload, json!(1));
    assert!(client.tokens().await.unwrap().is_empty());
}

/// Nothing that needs or changes the schema goes on, and nothing is changed.
async fn refused_everywhere(db: &TestDb, sentence: &str) {
    let records =
        "SELECT version, name, checksum, under_way FROM dutiful_migrations ORDER BY version";
    let before = (tables(db).await, db.rows(records).await);
    let migrator = db.client().await.migrator();
    let errors = [
        migrator.check().await.unwrap_err(),
        migrator.up().await.unwrap_err(),
        migrator.down(0).await.unwrap_err(),
        start_worker(db).await,
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(error.to_string().starts_with(sentence), "{error}");
    }
    assert_eq!((tables(db).await, db.rows(records).await), before);
}

async fn start_worker(db: &TestDb) -> Error {
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    match worker.start().await {
        Ok(_) => panic!("the worker started"),
        Err(error) => error,
    }
}
