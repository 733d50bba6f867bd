//! Ten workers with one periodic, of which one is killed now and then.

use crate::arena::Arena;
use crate::fleet::{Fleet, TICKER, complaints};
use crate::roles::TICK;
use crate::seed::Seed;
use crate::wait::until;
use dutiful::PeriodicInfo;
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 10;
const KILLS: usize = 8;
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn each_tick_submits_one_task_over_ten_workers_that_are_killed(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    let mut fleet = Fleet::of(&arena, TICKER, WORKERS);
    let first = ticked(&arena, 3).await;
    for _ in 0..KILLS {
        tokio::time::sleep(seed.millis(100, 400)).await;
        let index = seed.between(0, WORKERS as u64 - 1) as usize;
        fleet.kill(index);
        fleet.add();
    }
    let killed = ticked(&arena, 0).await.fired;
    ticked(&arena, killed + 10).await;
    until("all tasks succeed", LIMIT, || async {
        arena.open_tasks().await == 0
    })
    .await;
    fleet.stop().await;
    let last = ticked(&arena, 0).await;
    let passed = last.last_at.unwrap().since(first.last_at.unwrap());
    assert_eq!(passed.as_micros() % TICK.as_micros(), 0);
    let ticks = i64::try_from(passed.as_micros() / TICK.as_micros()).unwrap();
    let tasks = arena.int("SELECT COUNT(*) FROM dutiful_tasks").await;
    eprintln!(
        "{}: {KILLS} kills, {ticks} ticks, {} fired, {} skipped, {tasks} tasks",
        arena.engine.name, last.fired, last.skipped
    );
    assert_eq!((last.fired - first.fired, last.skipped), (ticks, 0));
    assert_eq!(tasks, last.fired);
    assert_eq!(complaints(&arena), Vec::<String>::new());
}

/// The periodic, once it has fired so often.
async fn ticked(arena: &Arena, often: i64) -> PeriodicInfo {
    let client = arena.client().await;
    let row = async || client.periodic().await.unwrap().into_iter().next();
    until("it ticks", LIMIT, || async {
        row()
            .await
            .is_some_and(|row| row.fired >= often && row.last_at.is_some())
    })
    .await;
    row().await.unwrap()
}
