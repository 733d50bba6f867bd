//! While user code runs nothing of ours is open in the database, however long it takes.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until, within};
use dutiful::{Context, State};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

cases![
    ;
    on Engine::is_alone:
    no_transaction_is_open_while_user_code_runs,
];

const LONG: Duration = Duration::from_secs(60);

/// Runs in the handler itself or inside a step, for as long as the test wants.
fn held(begun: mpsc::UnboundedSender<()>, may_end: Arc<Semaphore>) -> Script {
    let work = move || {
        let (begun, may_end) = (begun.clone(), Arc::clone(&may_end));
        async move {
            begun.send(()).unwrap();
            may_end.acquire().await.unwrap().forget();
            Ok(json!(1))
        }
    };
    Script::new(move |payload, cx: Context| {
        let work = work.clone();
        async move {
            match payload == json!("in a step") {
                true => cx.step("work", work).await,
                false => work().await,
            }
        }
    })
}

async fn no_transaction_is_open_while_user_code_runs(db: TestDb) {
    let client = db.client().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let may_end = Arc::new(Semaphore::new(0));
    let worker = db.worker(held(begun, Arc::clone(&may_end))).await;
    for place in ["in the handler", "in a step"] {
        let id = client.submit_json("Script", json!(place)).await.unwrap().id;
        within(place, begins.recv()).await;
        // Those of the worker's other parts are over in a moment.
        until(&format!("nothing is open, {place}"), || {
            nothing_is_open(&db)
        })
        .await;
        assert_eq!(client.get(id).await.unwrap().state, State::Running);
        may_end.add_permits(1);
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    }
    worker.shutdown().await;
}

/// Whether no transaction is seen from outside at this moment.
async fn nothing_is_open(db: &TestDb) -> bool {
    let sql = match db.dialect() {
        // One that writes would hold the file's lock.
        Dialect::Sqlite => return writes_at_once(db),
        Dialect::Mysql => {
            // The server shows what it saw before to whoever looks again within a tenth of a second.
            tokio::time::sleep(Duration::from_millis(150)).await;
            "SELECT COUNT(*) FROM information_schema.innodb_trx AS t
             JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
             WHERE p.db = DATABASE()"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND xact_start IS NOT NULL"
        }
    };
    db.int(sql).await == 0
}

fn writes_at_once(db: &TestDb) -> bool {
    let file = db.folder().unwrap().join("tasks.db");
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
        .execute_batch("BEGIN IMMEDIATE; ROLLBACK")
        .is_ok()
}
