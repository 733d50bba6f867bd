//! Runs on SQLite: what a run does, refuses and leaves. How the servers lock and resume is tested against
//! them, with the whole library.

use super::files::{File, Texts};
use super::*;
use crate::db::{DatabaseUrl, DbOptions, Sql};
use std::path::PathBuf;

/// Two versions, in the dialect that is run here.
static TWO: &[File] = &[
    File {
        version: 1,
        name: "first",
        sqlite: Texts {
            up: "CREATE TABLE IF NOT EXISTS dutiful_a (id INTEGER);\n\
                 CREATE TABLE IF NOT EXISTS dutiful_b (id INTEGER);\n",
            down: "DROP TABLE IF EXISTS dutiful_b;\nDROP TABLE IF EXISTS dutiful_a;\n",
        },
        mysql: NONE,
        postgres: NONE,
    },
    File {
        version: 2,
        name: "second",
        sqlite: Texts {
            up: "ALTER TABLE dutiful_a ADD COLUMN note TEXT;\n",
            down: "ALTER TABLE dutiful_a DROP COLUMN note;\n",
        },
        mysql: NONE,
        postgres: NONE,
    },
];

/// The first of [`TWO`], and a second that cannot be applied.
static BROKEN: &[File] = &[File {
    version: 1,
    name: "first",
    sqlite: Texts {
        up: "CREATE TABLE dutiful_a (id INTEGER);\nCREATE TABEL x (id INTEGER);\n",
        down: "",
    },
    mysql: NONE,
    postgres: NONE,
}];

const NONE: Texts = Texts { up: "", down: "" };

const TABLES: Sql = Sql {
    sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    mysql: "",
    postgres: "",
};
const NEWER: Sql = Sql {
    sqlite: "INSERT INTO dutiful_migrations (version, name, checksum) VALUES (7, 'later', 'x')",
    mysql: "",
    postgres: "",
};
const OTHER_TEXT: Sql = Sql {
    sqlite: "UPDATE dutiful_migrations SET checksum = 'other' WHERE version = 1",
    mysql: "",
    postgres: "",
};
/// Version, direction, statements done: what a run that was killed on MySQL leaves.
const CUT_OFF: Sql = Sql {
    sqlite: "UPDATE dutiful_migrations SET applied_at = NULL, under_way = ?2, statements_done = ?3 \
             WHERE version = ?1",
    mysql: "",
    postgres: "",
};

async fn open(url: &str, prefix: &str) -> Db {
    let prefix = Prefix::new(prefix).unwrap();
    let options = DbOptions {
        pool_size: 4,
        prefix,
        away: None,
    };
    Db::open(&DatabaseUrl::parse(url).unwrap(), &options)
        .await
        .unwrap()
}

async fn memory() -> Db {
    open("sqlite::memory:", "dutiful_").await
}

fn over(db: &Db, files: &'static [File]) -> Migrator {
    Migrator {
        db: db.clone(),
        files,
    }
}

async fn tables(db: &Db) -> Vec<String> {
    let rows = db.read(&TABLES, Vec::new()).await.unwrap();
    rows.iter()
        .map(|row| row.text(0).unwrap().to_owned())
        .collect()
}

fn versions(migrations: &[Migration]) -> Vec<u32> {
    migrations
        .iter()
        .map(|migration| migration.version)
        .collect()
}

/// Those of the migrations that this program carries.
fn every_version() -> Vec<u32> {
    (1..=newest_version()).collect()
}

/// A file of its own in the folder for temporary files, removed at the end.
struct TempFile(PathBuf);

impl TempFile {
    fn new() -> TempFile {
        TempFile(std::env::temp_dir().join(format!("dutiful-{}.db", uuid::Uuid::new_v4())))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

#[tokio::test]
async fn up_makes_the_tables_once() {
    let db = memory().await;
    let migrator = Migrator::new(&db);
    assert_eq!(versions(&migrator.up().await.unwrap()), every_version());
    migrator.check().await.unwrap();
    assert!(migrator.up().await.unwrap().is_empty());
    assert!(tables(&db).await.contains(&"dutiful_tasks".to_owned()));
}

#[tokio::test]
async fn up_down_and_up_again_end_at_the_same_tables() {
    let db = memory().await;
    let migrator = over(&db, TWO);
    assert_eq!(versions(&migrator.up().await.unwrap()), [1, 2]);
    let full = tables(&db).await;
    assert_eq!(versions(&migrator.down(0).await.unwrap()), [2, 1]);
    assert_eq!(tables(&db).await, ["dutiful_migrations"]);
    assert!(migrator.down(0).await.unwrap().is_empty());
    assert_eq!(versions(&migrator.up().await.unwrap()), [1, 2]);
    assert_eq!(tables(&db).await, full);
}

#[tokio::test]
async fn down_stops_at_the_version_named() {
    let db = memory().await;
    let migrator = over(&db, TWO);
    migrator.up().await.unwrap();
    assert_eq!(versions(&migrator.down(1).await.unwrap()), [2]);
    let status = migrator.status().await.unwrap();
    assert_eq!((status.needed, status.found), (2, 1));
    let states: Vec<_> = status
        .migrations
        .iter()
        .map(|migration| migration.state)
        .collect();
    assert_eq!(states, [MigrationState::Applied, MigrationState::Pending]);
    let error = migrator.down(3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn status_shows_each_version_with_its_time_and_checksum() {
    let db = memory().await;
    let migrator = Migrator::new(&db);
    let before = migrator.status().await.unwrap();
    assert!(!before.is_current());
    assert_eq!(before.migrations[0].checksum_ok, None);
    migrator.up().await.unwrap();
    let after = migrator.status().await.unwrap();
    assert!(after.is_current());
    let age = dutiful_core::Timestamp::from_system_time(std::time::SystemTime::now())
        .since(after.migrations[0].applied_at.unwrap());
    assert!(age < std::time::Duration::from_secs(60), "{age:?}");
    db.write(&OTHER_TEXT, Vec::new()).await.unwrap();
    let changed = migrator.status().await.unwrap();
    assert_eq!(changed.migrations[0].checksum_ok, Some(false));
    assert!(!changed.is_current());
}

#[tokio::test]
async fn every_wrong_schema_is_refused_with_what_to_do() {
    let db = memory().await;
    let refusal = async |migrator: &Migrator| {
        let error = migrator.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        error.to_string()
    };
    let migrator = over(&db, TWO);
    assert!(
        refusal(&migrator)
            .await
            .contains("missing: run `dutiful migrate up`")
    );
    over(&db, &TWO[..1]).up().await.unwrap();
    assert!(
        refusal(&migrator)
            .await
            .contains("version 1, this program needs 2")
    );
    migrator.up().await.unwrap();
    db.write(&OTHER_TEXT, Vec::new()).await.unwrap();
    assert!(
        refusal(&migrator)
            .await
            .contains("migration 1 (first) was applied with another text")
    );
    db.write(&NEWER, Vec::new()).await.unwrap();
    assert!(
        refusal(&migrator)
            .await
            .contains("schema 7, this program knows 2")
    );
    assert_eq!(migrator.up().await.unwrap_err().kind(), ErrorKind::Schema);
    assert_eq!(
        migrator.down(0).await.unwrap_err().kind(),
        ErrorKind::Schema
    );
}

#[tokio::test]
async fn a_statement_that_fails_is_named_and_leaves_nothing() {
    let db = memory().await;
    let error = over(&db, BROKEN).up().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("statement 2 of migration 1 (first), up, failed"),
        "{error}"
    );
    assert_eq!(tables(&db).await, ["dutiful_migrations"]);
    assert_eq!(versions(&over(&db, TWO).up().await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn what_a_killed_run_left_is_finished_by_the_next() {
    for done in 0..=2 {
        let db = memory().await;
        let migrator = over(&db, &TWO[..1]);
        migrator.up().await.unwrap();
        // As if the tables behind statement `done` had not been made.
        let mut tx = db.begin().await.unwrap();
        for gone in ["DROP TABLE dutiful_b", "DROP TABLE dutiful_a"]
            .iter()
            .take(2 - done)
        {
            tx.script(gone).await.unwrap();
        }
        let cut = vec![1.into(), "up".into(), i64::try_from(done).unwrap().into()];
        tx.run(&CUT_OFF, cut).await.unwrap();
        tx.commit().await.unwrap();
        let error = migrator.check().await.unwrap_err();
        assert!(
            error.to_string().contains("being applied, or was cut off"),
            "{error}"
        );
        assert_eq!(versions(&migrator.up().await.unwrap()), [1]);
        migrator.check().await.unwrap();
        assert_eq!(
            tables(&db).await,
            ["dutiful_a", "dutiful_b", "dutiful_migrations"]
        );
    }
}

#[tokio::test]
async fn what_a_killed_run_left_is_turned_round_by_the_other_direction() {
    for (direction, done) in [("up", 0), ("up", 1), ("down", 1), ("down", 2)] {
        let db = memory().await;
        let migrator = over(&db, &TWO[..1]);
        migrator.up().await.unwrap();
        let cut: Vec<crate::db::Value> = vec![1.into(), direction.into(), done.into()];
        db.write(&CUT_OFF, cut).await.unwrap();
        if direction == "up" {
            assert_eq!(versions(&migrator.down(0).await.unwrap()), [1]);
            assert_eq!(tables(&db).await, ["dutiful_migrations"]);
        } else {
            assert_eq!(versions(&migrator.up().await.unwrap()), [1]);
            migrator.check().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_runs_at_once_one_works_and_all_succeed() {
    let file = TempFile::new();
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = file.url();
        runs.spawn(async move { over(&open(&url, "dutiful_").await, TWO).up().await.unwrap() });
    }
    let applied = runs.join_all().await;
    assert_eq!(
        applied.iter().filter(|applied| !applied.is_empty()).count(),
        1,
        "{applied:?}"
    );
}

#[tokio::test]
async fn two_prefixes_are_two_schemas_in_one_database() {
    let file = TempFile::new();
    let (ours, theirs) = (
        open(&file.url(), "dutiful_").await,
        open(&file.url(), "jobs_").await,
    );
    Migrator::new(&ours).up().await.unwrap();
    let up = Migrator::new(&theirs).up().await.unwrap();
    assert_eq!(versions(&up), every_version());
    Migrator::new(&ours).down(0).await.unwrap();
    Migrator::new(&theirs).check().await.unwrap();
    assert!(tables(&theirs).await.contains(&"jobs_tasks".to_owned()));
}

#[tokio::test]
async fn the_printed_texts_do_and_record_the_same_as_a_run() {
    let file = TempFile::new();
    let db = open(&file.url(), "jobs_").await;
    let other_tool = rusqlite::Connection::open(&file.0).unwrap();
    let text = |direction| Migrator::sql(Engine::Sqlite, direction, "jobs_").unwrap();
    other_tool.execute_batch(&text(Direction::Up)).unwrap();
    let migrator = Migrator::new(&db);
    migrator.check().await.unwrap();
    assert!(migrator.status().await.unwrap().is_current());
    let printed = tables(&db).await;
    other_tool.execute_batch(&text(Direction::Down)).unwrap();
    assert_eq!(tables(&db).await, ["jobs_migrations"]);
    assert_eq!(versions(&migrator.up().await.unwrap()), every_version());
    assert_eq!(tables(&db).await, printed);
}

#[test]
fn a_prefix_that_no_engine_takes_is_refused() {
    for prefix in ["", "1jobs_", "jobs-", "jobs; --"] {
        let error = Migrator::sql(Engine::Mysql, Direction::Up, prefix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{prefix}");
    }
}
