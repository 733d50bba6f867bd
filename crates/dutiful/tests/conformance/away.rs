//! A database that goes away for a moment: calls wait for it, and reads are made again.

use crate::harness::door::Door;
use crate::harness::engine::Dialect;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, State};
use serde_json::json;
use std::future::IntoFuture;
use std::time::Duration;

cases![
    calls_wait_for_a_database_that_comes_back,
    waiting_for_a_task_outlasts_an_absence_of_its_database,
    a_read_whose_answer_was_lost_is_made_again,
];

const LONG: Duration = Duration::from_secs(60);
/// How often a client comes in vain before the database is there again.
const IN_VAIN: usize = 3;

async fn calls_wait_for_a_database_that_comes_back(db: TestDb) {
    let Some((door, client)) = Door::before(&db).await else {
        return;
    };
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    door.shut();
    let submit = client.submit_json("Script", json!(2)).into_future();
    let coming_back = async {
        door.turns_away(IN_VAIN).await;
        door.open();
    };
    let calls = async { tokio::join!(client.get(id), submit, coming_back) };
    let (got, submitted, ()) = within("the calls end", calls).await;
    assert_eq!(got.unwrap().state, State::Queued);
    assert_ne!(submitted.unwrap().id, id);
    assert_eq!(db.count("tasks").await, 2);
}

async fn waiting_for_a_task_outlasts_an_absence_of_its_database(db: TestDb) {
    let Some((door, client)) = Door::before(&db).await else {
        return;
    };
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    door.shut();
    let coming_back = async {
        door.turns_away(IN_VAIN).await;
        let worker = db.worker(Script::<0>::echo()).await;
        db.client().await.wait(id, LONG).await.unwrap();
        door.open();
        worker
    };
    let (task, worker) = tokio::join!(client.wait(id, LONG), coming_back);
    assert_eq!(task.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn a_read_whose_answer_was_lost_is_made_again(db: TestDb) {
    let id = db.client().await.submit_json("Script", json!(1)).await;
    let id = id.unwrap().id;
    if db.dialect() == Dialect::Sqlite {
        return;
    }
    let proxy = Proxy::start(server_of(db.url())).await;
    proxy.lose("dutiful.get", "dutiful.get");
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await.unwrap();
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
    assert!(proxy.has_cut());
}
