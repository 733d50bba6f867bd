//! Handlers of different lengths beside each other.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Client, State, TaskId, Worker};
use serde_json::{Value, json};
use std::time::Duration;

cases![long_handlers_hold_up_no_short_ones_of_their_lane_or_another];

const LONG: Duration = Duration::from_secs(120);
/// Fewer than a lane has slots, so that the short ones have some.
const LONG_RUNS: usize = 8;
const SHORT_RUNS: usize = 100;
const LONG_RUN: u64 = 4_000;

/// Sleeps for as many milliseconds as its payload begins with.
fn sleeps<const N: usize>() -> Script<N> {
    Script::new(|payload, _| async move {
        let millis = payload[0].as_u64().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(payload)
    })
}

async fn submit(client: &Client, name: &str, millis: u64, number: usize) -> TaskId {
    let payload: Value = json!([millis, number]);
    client.submit_json(name, payload).await.unwrap().id
}

async fn long_handlers_hold_up_no_short_ones_of_their_lane_or_another(db: TestDb) {
    let client = db.client().await;
    let (mut long, mut short) = (Vec::new(), Vec::new());
    for number in 0..LONG_RUNS {
        long.push(submit(&client, "Script", LONG_RUN, number).await);
    }
    for number in 0..SHORT_RUNS {
        short.push(submit(&client, "Script", 1, number).await);
        short.push(submit(&client, "Other", 1, number).await);
    }
    let worker = Worker::new(db.client().await)
        .register(sleeps::<0>())
        .register(sleeps::<1>());
    let worker = worker.start().await.unwrap();
    let ended_at = |id: TaskId| {
        let client = client.clone();
        async move {
            let task = client.wait(id, LONG).await.unwrap();
            assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
            task.finished_at.unwrap()
        }
    };
    let mut first_long = None;
    for id in long {
        let at = ended_at(id).await;
        first_long = Some(first_long.map_or(at, |first| at.min(first)));
    }
    for id in short {
        let at = ended_at(id).await;
        assert!(Some(at) < first_long, "{id} ended behind a long one: {at}");
    }
    worker.shutdown().await;
}
