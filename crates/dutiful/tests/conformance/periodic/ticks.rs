//! One task for each tick, whatever becomes of workers.

use super::{DAY, EVERY, allowing, look_once, set_next, start, submitted, when};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Filter, Missed, Overlap, Periodic, PeriodicInfo, Worker};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

cases![
    a_tick_submits_one_task_over_any_number_of_workers_though_some_go,
    ticks_that_no_worker_was_there_for_are_dropped_or_made_up_for_as_the_policy_says,
    more_ticks_than_one_transaction_takes_are_all_made_up_for,
    a_worker_that_is_stopped_at_any_moment_leaves_a_tick_whole_or_not_fired,
];

const WORKERS: usize = 5;
/// How often a worker is stopped.
const STOPS: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// Checks that between two looks exactly as many tasks were submitted as ticks have passed.
#[derive(Default)]
struct Watch {
    first: Option<PeriodicInfo>,
}

impl Watch {
    fn check(&mut self, now: &PeriodicInfo) {
        let Some(last_at) = now.last_at else { return };
        assert_eq!(now.next_at.unwrap().since(last_at), EVERY);
        assert_eq!(now.skipped, 0);
        let first = self.first.get_or_insert_with(|| now.clone());
        let passed = last_at.since(first.last_at.unwrap()).as_micros();
        assert_eq!(passed % EVERY.as_micros(), 0, "ticks stay where they are");
        let ticks = i64::try_from(passed / EVERY.as_micros()).unwrap();
        assert_eq!(now.fired - first.fired, ticks);
    }
}

async fn a_tick_submits_one_task_over_any_number_of_workers_though_some_go(db: TestDb) {
    let runs = Arc::new(AtomicI64::new(0));
    let counted = Arc::clone(&runs);
    let script = Script::<0>::new(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(Value::Null) }
    });
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let periodic = Periodic::every_with(EVERY, script.clone(), json!("tick"));
        let periodic = periodic.overlap(Overlap::Allow).missed(Missed::All);
        let worker = Worker::new(db.client().await).register(periodic);
        workers.push(worker.start().await.unwrap());
    }
    let client = db.client().await;
    let mut watch = Watch::default();
    for (fired, leaves) in [(3, true), (5, true), (9, false)] {
        let wanted = |now: &PeriodicInfo| {
            watch.check(now);
            now.fired >= fired
        };
        when(&client, "Script", wanted).await;
        if leaves {
            drop(workers.pop());
        }
    }
    for worker in workers {
        worker.shutdown().await;
    }
    let row = when(&client, "Script", |_| true).await;
    assert_eq!(row.task_name, "Script");
    let tasks = client.list(&Filter::new().limit(200)).await.unwrap().tasks;
    assert_eq!(tasks.len() as i64, row.fired, "one task for each tick");
    assert_eq!(row.last_task_id, Some(tasks[0].id));
    assert_eq!(submitted(&db, "tick").await, row.fired);
    // The last task may have come too late for those workers.
    let last = db.worker(script).await;
    until("every task has run", || async {
        runs.load(Ordering::SeqCst) >= row.fired
    })
    .await;
    last.shutdown().await;
    assert_eq!(runs.load(Ordering::SeqCst), row.fired, "each has run once");
}

async fn ticks_that_no_worker_was_there_for_are_dropped_or_made_up_for_as_the_policy_says(
    db: TestDb,
) {
    let policies = [
        (Missed::None, "none", 0),
        (Missed::Once, "once", 1),
        (Missed::All, "all", 5),
    ];
    let periodics = || {
        policies.map(|(missed, name, _)| {
            let periodic = allowing(DAY, name).named(name).missed(missed);
            periodic.missed_window(DAY * 30)
        })
    };
    let client = db.client().await;
    let first = start(&db, periodics()).await;
    for (_, name, _) in policies {
        when(&client, name, |row| row.fired == 0 && row.next_at.is_some()).await;
    }
    first.shutdown().await;
    let back = db.earlier("next_at", 5 * DAY);
    db.exec(&format!("UPDATE dutiful_periodic SET {back}"))
        .await;
    let second = start(&db, periodics()).await;
    for (_, name, fired) in policies {
        let row = when(&client, name, |row| row.fired + row.skipped >= 5).await;
        assert_eq!((row.fired, row.skipped), (fired, 5 - fired), "{name}");
        assert_eq!(row.last_at.is_some(), fired > 0);
        assert_eq!(submitted(&db, name).await, fired);
    }
    second.shutdown().await;
}

async fn more_ticks_than_one_transaction_takes_are_all_made_up_for(db: TestDb) {
    let periodic = || [allowing(MINUTE, "tick").missed(Missed::All)];
    let client = db.client().await;
    let first = start(&db, periodic()).await;
    when(&client, "Script", |row| row.next_at.is_some()).await;
    first.shutdown().await;
    // The ticks after that one are those of the schedule: as many as there are whole minutes since.
    set_next(&db, "Script", -250 * 60).await;
    let second = start(&db, periodic()).await;
    let row = when(&client, "Script", |row| row.fired > 250).await;
    second.shutdown().await;
    assert!((row.fired, row.skipped) <= (252, 0), "{row:?}");
    assert_eq!(submitted(&db, "tick").await, row.fired);
}

async fn a_worker_that_is_stopped_at_any_moment_leaves_a_tick_whole_or_not_fired(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, "tick")]).await;
    // How long a worker takes to fire a tick that waits for it.
    set_next(&db, "Script", -1).await;
    let began = Instant::now();
    let worker = start(&db, [allowing(DAY, "tick")]).await;
    when(&client, "Script", |row| row.fired == 1).await;
    let takes = began.elapsed();
    worker.shutdown().await;
    for round in 0..STOPS {
        set_next(&db, "Script", -1).await;
        let worker = Worker::new(db.client().await).register(allowing(DAY, "tick"));
        let began = Instant::now();
        let worker = worker.start().await.unwrap();
        // The moments are spread over that time and a little more.
        let moment = takes * round * 5 / (STOPS * 4);
        tokio::time::sleep(moment.saturating_sub(began.elapsed())).await;
        worker.shutdown().await;
        let fired = when(&client, "Script", |_| true).await.fired;
        assert_eq!(
            submitted(&db, "tick").await,
            fired,
            "stopped after {moment:?}"
        );
    }
}
