//! Locks of other programs: what the engine gives up for their sake is done again as a whole, and nobody
//! sees it.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{TestDb, gated, until, within};
use dutiful::{Client, State, TaskId};
use serde_json::json;
use std::time::Duration;

cases![
    a_lock_that_is_held_too_long_is_waited_for_again,
    ;
    on Engine::locks_rows:
    a_deadlock_with_another_program_is_repeated_and_not_seen,
];

const LONG: Duration = Duration::from_secs(60);
/// Long enough that the engine or our connection gives up waiting: 10 s for SQLite's lock, 20 s for a row.
const TOO_LONG_SQLITE: Duration = Duration::from_millis(11_500);
const TOO_LONG: Duration = Duration::from_millis(21_000);

async fn a_lock_that_is_held_too_long_is_waited_for_again(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let mut other = Session::open(&db).await;
    other.begin().await;
    let touch = format!("UPDATE dutiful_tasks SET progress = 1 WHERE id = {id}");
    other.exec(&touch).await.unwrap();
    let cancel = tokio::spawn(async move { client.cancel(id).await });
    let too_long = match db.dialect() {
        Dialect::Sqlite => TOO_LONG_SQLITE,
        Dialect::Mysql | Dialect::Postgres => TOO_LONG,
    };
    tokio::time::sleep(too_long).await;
    assert!(!cancel.is_finished(), "it did not wait, or was told of it");
    other.exec("COMMIT").await.unwrap();
    let task = within("the lock is free", cancel).await.unwrap().unwrap();
    assert_eq!((task.state, task.progress), (State::Cancelled, Some(1)));
}

/// Whether somebody in this database waits for a lock.
async fn somebody_waits(db: &TestDb) -> bool {
    let sql = match db.dialect() {
        Dialect::Sqlite => unreachable!("a file has one lock"),
        Dialect::Mysql => {
            "SELECT COUNT(*) FROM information_schema.innodb_trx AS t
             JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
             WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
    };
    db.int(sql).await > 0
}

/// Which of these tasks somebody has locked.
async fn locked(db: &TestDb, ids: &[TaskId]) -> Vec<TaskId> {
    let mut look = Session::open(db).await;
    let mut locked = Vec::new();
    for id in ids {
        look.begin().await;
        let lock = format!("SELECT id FROM dutiful_tasks WHERE id = {id} FOR UPDATE NOWAIT");
        if look.exec(&lock).await.is_err() {
            locked.push(*id);
        }
        look.exec("ROLLBACK").await.unwrap();
    }
    locked
}

/// The heart renews the leases of all runs with one statement. Another program holds one of the rows, and
/// then asks for one that the heart has got before: a circle, which the engine breaks at the heart, which
/// waits for longer and has written less.
async fn a_deadlock_with_another_program_is_repeated_and_not_seen(db: TestDb) {
    let client = db.client().await;
    let many = client.submit_many::<crate::harness::Script>((0..4).map(|number| json!(number)));
    let ids: Vec<TaskId> = many.await.unwrap().iter().map(|task| task.id).collect();
    fill(&client).await;
    let (mut script, mut gate) = gated::<0>();
    // Renewed at a third of it, and long enough for everything that happens meanwhile.
    script.lease = Duration::from_secs(9);
    let worker = db.worker(script).await;
    let mut runs = Vec::new();
    for _ in &ids {
        runs.push(gate.next().await);
    }
    let mut circles = 0;
    for theirs in ids.iter().rev() {
        circles += usize::from(circle(&db, *theirs, &ids).await);
        if circles > 0 {
            break;
        }
    }
    assert!(circles > 0, "the heart never held one row and waited for another");
    for run in runs {
        run.succeed(1);
    }
    for id in ids {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
        assert_eq!((task.crashes, task.retries), (0, 0));
    }
    let counts = worker.shutdown().await;
    assert_eq!((counts.leases_lost, counts.failed), (0, 0));
}

/// Rows that make the other program's transaction the heavier one.
async fn fill(client: &Client) {
    let many = (0..300).map(|number| json!(number));
    let many = client.submit_many::<crate::harness::Script<2>>(many);
    many.await.unwrap();
}

/// One try: whether the other program has closed a circle.
async fn circle(db: &TestDb, theirs: TaskId, ids: &[TaskId]) -> bool {
    let mut other = Session::open(db).await;
    other.begin().await;
    let all = "UPDATE dutiful_tasks SET progress = 1 WHERE task_name = 'Third'";
    other.exec(all).await.unwrap();
    let touch = |id: TaskId| format!("UPDATE dutiful_tasks SET progress = 1 WHERE id = {id}");
    other.exec(&touch(theirs)).await.unwrap();
    until("the heart waits", || somebody_waits(db)).await;
    let held = locked(db, ids).await;
    let held: Vec<_> = held.into_iter().filter(|id| *id != theirs).collect();
    if let Some(id) = held.first() {
        other.exec(&touch(*id)).await.unwrap();
    }
    other.exec("COMMIT").await.unwrap();
    !held.is_empty()
}
