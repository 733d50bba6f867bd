//! A deadlock with another program: the engine breaks it at our transaction, which is done again, and nobody
//! hears of it.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use crate::heard;
use dutiful::{Client, State, TaskId};
use serde_json::json;
use std::time::Duration;

cases![
    ;
    on Engine::locks_rows:
    a_deadlock_with_another_program_is_repeated_and_not_seen,
];

const LONG: Duration = Duration::from_secs(60);

/// Whether the heart waits for a lock in this database.
async fn the_heart_waits(db: &TestDb) -> bool {
    let sql = match db.dialect() {
        Dialect::Sqlite => unreachable!("a file has one lock"),
        // The list of transactions is shown as it was to whoever looks often; a renewal takes no second otherwise.
        Dialect::Mysql => {
            "SELECT COUNT(*) FROM information_schema.processlist
             WHERE db = DATABASE() AND id <> CONNECTION_ID() AND time >= 1 AND info LIKE '%dutiful.renew%'"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
    };
    db.int(sql).await > 0
}

/// The heart renews the leases of all runs with one statement. Another program holds one of the rows, and
/// then asks for one that the heart has got before: a circle, which the engine breaks at the heart, which
/// waits for longer and has written less.
async fn a_deadlock_with_another_program_is_repeated_and_not_seen(db: TestDb) {
    heard::take();
    let client = db.client().await;
    let many = client.submit_many::<Script>((0..4).map(|number| json!(number)));
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
    // Whichever row the heart comes to first, it waits there and holds nothing; others are held by then.
    let mut tries = ids.iter().rev().cycle().take(3 * ids.len());
    while let Some(theirs) = tries.next().filter(|_| circles == 0) {
        circles += usize::from(circle(&db, *theirs, &ids).await);
    }
    assert!(
        circles > 0,
        "the heart never held one row and waited for another"
    );
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
    let bad = heard::warnings();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// Rows that make the other program's transaction the heavier one.
async fn fill(client: &Client) {
    let many = (0..300).map(|number| json!(number));
    let many = client.submit_many::<Script<2>>(many);
    many.await.unwrap();
}

/// One try: whether the other program has closed a circle, and was not the one that had to give in: then it
/// asked so late that PostgreSQL no longer looked for a circle on our behalf.
async fn circle(db: &TestDb, theirs: TaskId, ids: &[TaskId]) -> bool {
    let (mut other, mut look) = (Session::open(db).await, Session::open(db).await);
    let touch = |id: TaskId| format!("UPDATE dutiful_tasks SET progress = 1 WHERE id = {id}");
    other.begin().await;
    let all = "UPDATE dutiful_tasks SET progress = 1 WHERE task_name = 'Third'";
    other.exec(all).await.unwrap();
    other.exec(&touch(theirs)).await.unwrap();
    until("the heart waits", || the_heart_waits(db)).await;
    for id in ids.iter().filter(|id| **id != theirs) {
        look.begin().await;
        let lock = format!("SELECT id FROM dutiful_tasks WHERE id = {id} FOR UPDATE NOWAIT");
        let is_held = look.exec(&lock).await.is_err();
        look.exec("ROLLBACK").await.unwrap();
        if is_held {
            let closed = other.exec(&touch(*id)).await.is_ok();
            return closed && other.exec("COMMIT").await.is_ok();
        }
    }
    other.exec("COMMIT").await.unwrap();
    false
}
