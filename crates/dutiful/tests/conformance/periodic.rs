//! Periodic tasks: rows that any worker fires, and those that each process runs by itself.

mod by_hand;
mod definition;
mod local;
mod overlap;
mod races;
mod restart;
mod ticks;

use crate::harness::raw::quoted;
use crate::harness::trial::Case;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, Overlap, Periodic, PeriodicInfo, Worker, WorkerHandle};
use serde_json::Value;
use std::time::Duration;

/// The time between two ticks that a case waits for.
const EVERY: Duration = Duration::from_millis(300);
/// The time between two ticks of which none comes by itself while a case runs.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two looks at a row.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) fn cases() -> Vec<Case> {
    [
        ticks::cases(),
        restart::cases(),
        definition::cases(),
        by_hand::cases(),
        races::cases(),
        overlap::cases(),
        local::cases(),
    ]
    .concat()
}

/// Each tick of these submits a task, whatever became of the last one.
fn allowing(interval: Duration, payload: impl Into<Value>) -> Periodic<Script> {
    Periodic::every_with(interval, Script::echo(), payload.into()).overlap(Overlap::Allow)
}

async fn start(db: &TestDb, periodics: impl IntoIterator<Item = Periodic<Script>>) -> WorkerHandle {
    let worker = Worker::new(db.client().await);
    let worker = periodics.into_iter().fold(worker, Worker::register);
    worker.start().await.unwrap()
}

/// Starts a worker with these, lets it look at each of them, and stops it.
async fn look_once(db: &TestDb, periodics: impl IntoIterator<Item = Periodic<Script>>) {
    // A worker goes through its periodics in order, so once the last one, which is new, has ticked, all
    // the others have been made what their program says, and have been attended to since.
    let sign = format!("Sign{}", db.count("periodic").await);
    let last = allowing(EVERY, "sign").named(&sign);
    let worker = start(db, periodics.into_iter().chain([last])).await;
    when(&db.client().await, &sign, |row| row.fired > 0).await;
    worker.shutdown().await;
}

async fn find(client: &Client, name: &str) -> Option<PeriodicInfo> {
    let rows = client.periodic().await.unwrap();
    rows.into_iter().find(|row| row.name == name)
}

/// The row, once it is there and as wanted. Each look at it is given to `wanted`.
async fn when(
    client: &Client,
    name: &str,
    mut wanted: impl FnMut(&PeriodicInfo) -> bool,
) -> PeriodicInfo {
    let looks = async {
        loop {
            if let Some(row) = find(client, name).await.filter(&mut wanted) {
                return row;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    within(&format!("the periodic {name} is as wanted"), looks).await
}

/// How many tasks there are with this payload.
async fn submitted(db: &TestDb, payload: impl Into<Value>) -> i64 {
    let payload = quoted(&payload.into().to_string());
    db.int(&format!(
        "SELECT COUNT(*) FROM dutiful_tasks WHERE task_payload = {payload}"
    ))
    .await
}

/// Moves the tick that a periodic waits for to so many seconds from now. Workers that run see it late.
async fn set_next(db: &TestDb, name: &str, seconds: i64) {
    let next = db.now_plus(seconds);
    let sql = format!("UPDATE dutiful_periodic SET next_at = {next} WHERE name = '{name}'");
    assert_eq!(db.exec(&sql).await, 1);
}
