//! One task for each tick, whatever becomes of workers.

use crate::database::{on_every_engine, until, wait_for};
use dutiful::{Context, Missed, Overlap, Periodic, PeriodicInfo, Task, TaskError, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Default)]
struct Tick {
    runs: Arc<AtomicI64>,
}

impl Task for Tick {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Checks that between two looks exactly as many tasks were submitted as ticks have passed.
struct Watch {
    first: Option<PeriodicInfo>,
}

impl Watch {
    fn check(&mut self, now: &PeriodicInfo) {
        let Some(last_at) = now.last_at else { return };
        assert_eq!(now.next_at.unwrap().since(last_at), SECOND);
        assert_eq!(now.skipped, 0);
        let first = self.first.get_or_insert_with(|| now.clone());
        let passed = last_at.since(first.last_at.unwrap());
        assert_eq!(passed.as_millis() % 1_000, 0, "ticks are at whole seconds");
        assert_eq!(now.fired - first.fired, passed.as_secs() as i64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_workers_submit_exactly_one_task_for_each_tick_though_two_of_them_go() {
    on_every_engine("ticks", |database| async move {
        let tick = Tick::default();
        let mut workers = Vec::new();
        for _ in 0..5 {
            let periodic = Periodic::every(SECOND, tick.clone());
            let periodic = periodic.overlap(Overlap::Allow).missed(Missed::All);
            let worker = Worker::new(database.client().await).register(periodic);
            workers.push(worker.start().await.unwrap());
        }
        let client = database.client().await;
        let mut watch = Watch { first: None };
        for (fired, leaves) in [(3, true), (5, true), (9, false)] {
            wait_for(&client, "Tick", |now| {
                watch.check(now);
                now.fired >= fired
            })
            .await;
            if leaves {
                drop(workers.pop());
            }
        }
        for worker in workers {
            worker.shutdown().await;
        }
        let fired = wait_for(&client, "Tick", |_| true).await.fired;
        assert_eq!(
            database.number("SELECT COUNT(*) FROM dutiful_tasks").await,
            fired
        );
        // The last task may have come too late for those workers.
        let last = Worker::new(database.client().await)
            .register(tick.clone())
            .start()
            .await
            .unwrap();
        until("every task has run", || async {
            tick.runs.load(Ordering::SeqCst) >= fired
        })
        .await;
        last.shutdown().await;
        assert_eq!(tick.runs.load(Ordering::SeqCst), fired, "each has run once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_that_no_worker_was_there_for_are_dropped_or_made_up_for_as_the_policy_says() {
    on_every_engine("missed", |database| async move {
        let policies = [
            (Missed::None, "none", 0),
            (Missed::Once, "once", 1),
            (Missed::All, "all", 5),
        ];
        let worker = async || {
            let mut worker = Worker::new(database.client().await);
            for (missed, name, _) in policies {
                let periodic = Periodic::every(DAY, Tick::default())
                    .named(name)
                    .missed(missed);
                let periodic = periodic.missed_window(DAY * 30).overlap(Overlap::Allow);
                worker = worker.register(periodic);
            }
            worker.start().await.unwrap()
        };
        let client = database.client().await;
        let first = worker().await;
        for (_, name, _) in policies {
            wait_for(&client, name, |row| row.fired == 0 && row.next_at.is_some()).await;
        }
        first.shutdown().await;
        let back = database.days_before("next_at", 5);
        database
            .execute(&format!("UPDATE dutiful_periodic SET next_at = {back}"))
            .await;
        let second = worker().await;
        for (_, name, fired) in policies {
            let row = wait_for(&client, name, |row| row.fired + row.skipped >= 5).await;
            assert_eq!(
                (row.fired, row.skipped),
                (fired, 5 - fired),
                "{name} on {}",
                database.engine
            );
            assert_eq!(row.last_at.is_some(), fired > 0);
        }
        second.shutdown().await;
        assert_eq!(
            database.number("SELECT COUNT(*) FROM dutiful_tasks").await,
            6
        );
    })
    .await;
}
