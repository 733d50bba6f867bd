//! Runs that nothing goes wrong with: there and back, many at once, and by another tool.

use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use crate::printed;
use crate::tables::{tables, tables_without_lock};
use dutiful::migrate::{Direction, MigrationState};
use dutiful::{Client, ErrorKind};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

cases!(
    up_down_and_up_give_the_same_tables,
    of_eight_runs_up_at_once_one_applies,
    runs_up_and_down_at_once_never_fail,
    printed_sql_run_by_another_tool_agrees_with_check,
);

const RUNS: usize = 8;
/// Enough that the directions meet, few enough for a slow server.
const TURNS: usize = 2;

async fn up_down_and_up_give_the_same_tables(db: TestDb) {
    let migrator = db.client().await.migrator();
    assert_eq!(
        migrator.check().await.unwrap_err().kind(),
        ErrorKind::Schema
    );
    let applied = migrator.up().await.unwrap();
    let status = migrator.status().await.unwrap();
    assert_eq!(applied.len(), status.needed as usize);
    assert!(status.is_current());
    migrator.check().await.unwrap();
    let whole = tables(&db).await;
    assert!(whole.iter().any(|line| line.contains("tasks")), "{whole:?}");

    let mut back = migrator.down(0).await.unwrap();
    back.reverse();
    assert_eq!(back, applied);
    assert_eq!(
        migrator.check().await.unwrap_err().kind(),
        ErrorKind::Schema
    );
    let left = tables(&db).await;
    assert!(
        left.iter().all(|line| line.contains("migration")),
        "{left:?}"
    );

    assert_eq!(migrator.up().await.unwrap(), applied);
    assert_eq!(migrator.up().await.unwrap(), []);
    migrator.check().await.unwrap();
    assert_eq!(tables(&db).await, whole);
}

/// Does the work with every client at the same moment.
async fn at_once<T, F>(db: &TestDb, work: impl Fn(usize, Client) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(RUNS));
    let mut runs = JoinSet::new();
    for (number, client) in db.clients(RUNS).await.into_iter().enumerate() {
        let (barrier, work) = (Arc::clone(&barrier), work(number, client));
        runs.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    runs.join_all().await
}

async fn of_eight_runs_up_at_once_one_applies(db: TestDb) {
    let up = |_, client: Client| async move { client.migrate().await.unwrap() };
    let applied = at_once(&db, up).await;
    let migrator = db.client().await.migrator();
    migrator.check().await.unwrap();
    let needed = migrator.status().await.unwrap().needed as usize;
    let total: usize = applied.iter().map(Vec::len).sum();
    assert_eq!(total, needed, "each migration is applied once: {applied:?}");
}

async fn runs_up_and_down_at_once_never_fail(db: TestDb) {
    let migrator = db.client().await.migrator();
    migrator.up().await.unwrap();
    let whole = tables(&db).await;
    let turns = |number, client: Client| async move {
        let migrator = client.migrator();
        for turn in 0..TURNS {
            match (number + turn) % 2 {
                0 => migrator.up().await.unwrap(),
                _ => migrator.down(0).await.unwrap(),
            };
        }
    };
    at_once(&db, turns).await;
    migrator.up().await.unwrap();
    migrator.check().await.unwrap();
    assert_eq!(tables(&db).await, whole);
}

async fn printed_sql_run_by_another_tool_agrees_with_check(db: TestDb) {
    let migrator = db.client().await.migrator();
    for statement in printed::statements(&db, Direction::Up) {
        db.exec(&statement).await;
    }
    migrator.check().await.unwrap();
    assert!(migrator.status().await.unwrap().is_current());
    assert_eq!(migrator.up().await.unwrap(), []);
    let printed = tables_without_lock(&db).await;

    for statement in printed::statements(&db, Direction::Down) {
        db.exec(&statement).await;
    }
    let status = migrator.status().await.unwrap();
    assert!(
        status
            .migrations
            .iter()
            .all(|known| known.state == MigrationState::Pending)
    );
    assert_eq!(
        migrator.check().await.unwrap_err().kind(),
        ErrorKind::Schema
    );

    migrator.up().await.unwrap();
    assert_eq!(tables_without_lock(&db).await, printed);
}
