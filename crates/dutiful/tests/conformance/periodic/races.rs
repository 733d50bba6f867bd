//! An operator and a tick at the same moment. Two schedulers start and look at a tick that is due while the
//! operator's wish comes.

use super::{DAY, EVERY, allowing, find, look_once, set_next, start, submitted, when};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, ErrorKind, Filter, Periodic, Result, State, Worker, WorkerHandle};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Barrier;

cases![
    once_a_pause_is_answered_no_tick_fires,
    once_a_change_is_answered_no_tick_fires_with_what_was_before,
    of_a_tick_and_a_run_by_hand_at_once_one_submits,
];

const ROUNDS: i64 = 12;
const SCRIPT: &str = "Script";

/// Does this while two workers with the periodic start, all at the same moment, and gives what it came to. The
/// workers stay.
async fn beside_two_starts<T, F>(
    db: &TestDb,
    periodic: impl Fn() -> Periodic<Script>,
    wish: impl FnOnce(Client) -> F,
) -> (T, Vec<WorkerHandle>)
where
    F: Future<Output = T>,
{
    let barrier = Arc::new(Barrier::new(3));
    let start = |client: Client| {
        // Told to stop, it lets nothing run on.
        let worker = Worker::new(client).shutdown_grace(std::time::Duration::ZERO);
        let sign = allowing(EVERY, "sign").named("Sign");
        let worker = worker.register(periodic()).register(sign);
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            worker.start().await.unwrap()
        }
    };
    let starts = db.clients(2).await.into_iter().map(start);
    let client = db.client().await;
    let wish = async {
        barrier.wait().await;
        wish(client).await
    };
    within("all are done", async {
        tokio::join!(wish, join_all(starts))
    })
    .await
}

/// Lets every scheduler that runs look once more: the other periodic ticks with the same look.
async fn look_again(client: &Client) {
    let fired = find(client, "Sign").await.map_or(0, |sign| sign.fired);
    when(client, "Sign", |sign| sign.fired >= fired + 3).await;
}

async fn end(workers: Vec<WorkerHandle>) {
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn once_a_pause_is_answered_no_tick_fires(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, "tick")]).await;
    let mut ticks = 0;
    for round in 0..ROUNDS {
        set_next(&db, SCRIPT, -1).await;
        let pause = |client: Client| async move { client.periodic_pause(SCRIPT).await.unwrap() };
        let (paused, workers) = beside_two_starts(&db, || allowing(DAY, "tick"), pause).await;
        assert!(paused.paused);
        look_again(&client).await;
        end(workers).await;
        let after = find(&client, SCRIPT).await.unwrap();
        assert_eq!(after.fired, paused.fired, "round {round}");
        assert_eq!(submitted(&db, "tick").await, paused.fired);
        assert!(after.fired - ticks <= 1);
        ticks = after.fired;
        client.periodic_resume(SCRIPT).await.unwrap();
    }
}

async fn once_a_change_is_answered_no_tick_fires_with_what_was_before(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, "tick")]).await;
    for round in 0..ROUNDS {
        set_next(&db, SCRIPT, -1).await;
        let fired = find(&client, SCRIPT).await.unwrap().fired;
        let change = |client: Client| async move {
            let change = client
                .periodic_change(SCRIPT)
                .payload(json!(["round", round]));
            change.await.unwrap();
            newest(&client).await
        };
        let (newest, workers) = beside_two_starts(&db, || allowing(DAY, "tick"), change).await;
        when(&client, SCRIPT, |row| row.fired > fired).await;
        look_again(&client).await;
        end(workers).await;
        let row = find(&client, SCRIPT).await.unwrap();
        assert_eq!(row.fired, fired + 1, "round {round}: one task for the tick");
        let task = client.get(row.last_task_id.unwrap()).await.unwrap();
        if task.id.0 > newest {
            assert_eq!(task.task_payload, json!(["round", round]));
        }
    }
}

/// The number of the newest task.
async fn newest(client: &Client) -> i64 {
    let page = client.list(&Filter::new().limit(1)).await.unwrap();
    page.tasks.first().map_or(0, |task| task.id.0)
}

/// Its tasks run until their worker stops, and are then queued again: they end when they are cancelled.
fn endless() -> Periodic<Script> {
    let script = Script::new(|_, _| std::future::pending::<dutiful::TaskResult<Value>>());
    Periodic::every_with(DAY, script, json!("endless"))
}

async fn of_a_tick_and_a_run_by_hand_at_once_one_submits(db: TestDb) {
    let client = db.client().await;
    let first = start(&db, [endless()]).await;
    when(&client, SCRIPT, |row| row.next_at.is_some()).await;
    first.shutdown().await;
    let mut by_hand = 0;
    for round in 1..=ROUNDS {
        set_next(&db, SCRIPT, -1).await;
        let run = |client: Client| async move { client.periodic_run_now(SCRIPT).await };
        let (ran, workers) = beside_two_starts(&db, endless, run).await;
        by_hand += i64::from(is_done(ran));
        let passed = |row: &dutiful::PeriodicInfo| row.fired + row.skipped >= round;
        let row = when(&client, SCRIPT, passed).await;
        look_again(&client).await;
        end(workers).await;
        assert_eq!(submitted(&db, "endless").await, round, "one of the two");
        assert_eq!(row.fired, round - by_hand);
        let last = row.last_task_id.unwrap();
        assert_eq!(client.cancel(last).await.unwrap().state, State::Cancelled);
    }
}

/// Whether it was done; if not, because the tick's task has not ended.
fn is_done<T>(ran: Result<T>) -> bool {
    match ran {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            false
        }
    }
}
