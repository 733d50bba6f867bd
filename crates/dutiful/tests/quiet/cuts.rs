//! Links that are cut again and again.

use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use crate::heard;
use dutiful::{Client, TaskId, Worker};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::Level;

cases![
    ;
    on Engine::is_server:
    a_link_cut_a_hundred_times_stops_nothing_and_is_told_once_an_outage,
];

const CUTS: usize = 100;
const TASKS: usize = 2_000;
/// What a part says when its trouble begins, and when it is over.
const PAIRS: [(&str, &str); 2] = [
    ("cannot claim tasks", "claiming tasks again"),
    ("cannot renew leases", "renewing leases again"),
];

async fn a_link_cut_a_hundred_times_stops_nothing_and_is_told_once_an_outage(db: TestDb) {
    let client = db.client().await;
    let many = client.submit_many::<Script>((0..TASKS).map(|number| json!(number)));
    many.await.unwrap();
    let proxy = Proxy::start(server_of(db.url())).await;
    let behind = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let behind = behind.connect().await.unwrap();
    heard::take();
    let runs: Arc<Mutex<HashMap<TaskId, u32>>> = Arc::default();
    let counted = Arc::clone(&runs);
    let mut script = Script::<0>::new(move |payload, cx| {
        *counted.lock().unwrap().entry(cx.id()).or_default() += 1;
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(payload)
        }
    });
    script.batch_size = 8;
    let worker = Worker::new(behind).register(script).start().await.unwrap();
    for _ in 0..CUTS {
        proxy.cut_all();
        // As long as it takes to be in the middle of something again.
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let done = "SELECT COUNT(*) FROM dutiful_tasks WHERE status = 'success'";
    let all = i64::try_from(TASKS).unwrap();
    until("all tasks succeed", || async { db.int(done).await == all }).await;
    // Each ran once, whatever the worker did not hear.
    let twice = "SELECT COUNT(*) FROM dutiful_tasks WHERE attempt <> 1 OR crashes <> 0";
    assert_eq!((db.int(twice).await, db.count("attempts").await), (0, 0));
    assert!(runs.lock().unwrap().values().all(|count| *count == 1));
    let counts = worker.shutdown().await;
    assert_eq!((counts.leases_lost, counts.failed), (0, 0));
    told_once_an_outage(&heard::take());
}

fn told_once_an_outage(lines: &[(Level, String)]) {
    for (begins, is_over) in PAIRS {
        let mut ill = false;
        for (_, line) in lines {
            if line.starts_with(begins) {
                assert!(!ill, "`{begins}` is told twice in one outage: {lines:#?}");
                ill = true;
            } else if line.starts_with(is_over) {
                assert!(ill, "`{is_over}` without an outage: {lines:#?}");
                ill = false;
            }
        }
        assert!(!ill, "`{is_over}` is not told: {lines:#?}");
    }
    let warnings = lines.iter().filter(|(level, _)| *level <= Level::WARN);
    let (warnings, most) = (warnings.count(), 4 * CUTS);
    assert!(warnings <= most, "{warnings} warnings for {CUTS} cuts");
}
