//! Schemas that are not this program's, and what is said of them.

use crate::harness::database::TestDb;
use crate::harness::script::Script;
use crate::harness::trial::cases;
use crate::tables::tables;
use dutiful::{Error, ErrorKind, Worker};

cases!(
    newer_schema_is_refused_and_left_alone,
    schema_of_another_text_is_refused_and_left_alone,
    worker_refuses_a_missing_schema_and_names_the_command,
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
