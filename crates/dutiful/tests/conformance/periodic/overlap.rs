//! A tick while the task of the last one has not ended.

use super::{EVERY, when};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Overlap, Periodic, Worker};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio_util::sync::CancellationToken;

cases![a_tick_while_the_last_task_runs_is_skipped_queued_or_fired_as_the_policy_says];

/// A type whose runs go on until they are released, and the most of those that were queued at once.
fn holding() -> (Script, CancellationToken, Arc<AtomicI64>) {
    let (release, most) = (CancellationToken::new(), Arc::new(AtomicI64::new(0)));
    let (released, seen) = (release.clone(), Arc::clone(&most));
    let queued = Arc::new(AtomicI64::new(0));
    let mut script = Script::new(move |payload: Value, _| {
        let one = i64::from(payload == "queue");
        let (released, queued) = (released.clone(), Arc::clone(&queued));
        seen.fetch_max(
            queued.fetch_add(one, Ordering::SeqCst) + one,
            Ordering::SeqCst,
        );
        async move {
            released.cancelled().await;
            queued.fetch_sub(one, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    // All that is fired runs at once, so that nothing but the policy keeps two apart.
    script.batch_size = 200;
    (script, release, most)
}

async fn a_tick_while_the_last_task_runs_is_skipped_queued_or_fired_as_the_policy_says(db: TestDb) {
    let (script, release, queued_at_once) = holding();
    let mut worker = Worker::new(db.client().await);
    for (name, overlap) in [
        ("skip", Overlap::Skip),
        ("queue", Overlap::Queue),
        ("allow", Overlap::Allow),
    ] {
        let periodic = Periodic::every_with(EVERY, script.clone(), json!(name));
        worker = worker.register(periodic.named(name).overlap(overlap));
    }
    let worker = worker.start().await.unwrap();
    let client = db.client().await;

    let allow = when(&client, "allow", |row| row.fired >= 4).await;
    assert_eq!(allow.skipped, 0);
    let skip = when(&client, "skip", |row| row.skipped >= 3).await;
    assert_eq!(skip.fired, 1);
    let queue = when(&client, "queue", |row| row.last_at.is_some()).await;
    assert_eq!((queue.fired, queue.skipped), (1, 0));
    let waits = queue.next_at.unwrap().since(queue.last_at.unwrap());
    assert_eq!(waits, EVERY, "the next tick stays where it is");

    release.cancel();
    when(&client, "skip", |row| row.fired >= 2).await;
    when(&client, "queue", |row| row.fired >= 3).await;
    worker.shutdown().await;
    assert_eq!(queued_at_once.load(Ordering::SeqCst), 1);
}
