//! What a worker asks a server before it begins: whether locked rows are skipped.

use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, ErrorKind, Result, Worker, WorkerHandle};
use std::time::Duration;

cases![
    ;
    on Engine::is_server:
    a_server_that_stands_still_while_a_worker_starts_is_not_refused,
    a_server_that_waits_for_locked_rows_is_refused,
];

/// Of the statement that locks the row, and that asks for it on another connection.
const ASKED: &str = "dutiful.migrations.lock_row";
/// Longer than a worker waits for the answer.
const STANDS_STILL: Duration = Duration::from_secs(7);

async fn start_over(db: &TestDb, proxy: &Proxy) -> Result<WorkerHandle> {
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await?;
    let worker = Worker::new(client).register(Script::<0>::echo());
    within("it is decided", worker.start()).await
}

async fn a_server_that_stands_still_while_a_worker_starts_is_not_refused(db: TestDb) {
    let proxy = Proxy::start(server_of(db.url())).await;
    // The question, not the lock: it is answered when the lock is gone.
    proxy.hold_up_after(1, ASKED, STANDS_STILL);
    let worker = start_over(&db, &proxy).await.unwrap();
    assert!(proxy.held_up() > 0, "nothing was held up");
    worker.shutdown().await;
}

async fn a_server_that_waits_for_locked_rows_is_refused(db: TestDb) {
    let proxy = Proxy::start(server_of(db.url())).await;
    proxy.blank("SKIP LOCKED");
    let error = start_over(&db, &proxy).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let said = error.to_string();
    assert!(said.contains("waited for a locked row"), "{said}");
    assert_eq!(db.count("workers").await, 0);
}
