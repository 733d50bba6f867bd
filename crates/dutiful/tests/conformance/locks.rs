//! Locks of other programs: what the engine gives up for their sake is done again as a whole. Circles of them
//! are tried in the trials of what workers say.

use crate::harness::TestDb;
use crate::harness::engine::Dialect;
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::within;
use dutiful::State;
use serde_json::json;
use std::time::Duration;

cases![a_lock_that_is_held_too_long_is_waited_for_again];

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
