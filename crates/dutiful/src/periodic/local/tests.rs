//! Runs of one process, against the host's clock.

use super::*;
use crate::periodic::{Kind, Periodic};
use crate::{Filter, Task, TaskId, Threads};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

const EVERY: Duration = Duration::from_millis(100);

/// What a run does.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Returns,
    Fails,
    Panics,
    Waits,
    Blocks(Duration),
    Submits,
}

#[derive(Clone)]
struct Chore {
    does: Does,
    threads: Threads,
    timeout: Duration,
    starts: Arc<Mutex<Vec<i64>>>,
    running: Arc<AtomicUsize>,
    overlaps: Arc<AtomicUsize>,
    cancelled: Arc<AtomicUsize>,
    changed: Arc<Notify>,
}

impl Chore {
    fn new(does: Does) -> Chore {
        Chore {
            does,
            threads: Threads::Shared,
            timeout: Duration::from_secs(10),
            starts: Arc::default(),
            running: Arc::default(),
            overlaps: Arc::default(),
            cancelled: Arc::default(),
            changed: Arc::new(Notify::new()),
        }
    }

    fn starts(&self) -> Vec<i64> {
        self.starts.lock().unwrap().clone()
    }

    async fn has_started(&self, times: usize) {
        let enough = async {
            while self.starts().len() < times {
                self.changed.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), enough)
            .await
            .expect("too few runs");
    }
}

impl Task for Chore {
    type Payload = u32;
    type Output = ();

    async fn process(&self, payload: u32, cx: &Context) -> Result<(), TaskError> {
        assert_eq!((payload, cx.id().0, cx.retries()), (7, NO_TASK, 0));
        let before = self.running.fetch_add(1, Ordering::SeqCst);
        self.overlaps.fetch_add(before, Ordering::SeqCst);
        self.starts.lock().unwrap().push(cx.attempt());
        self.changed.notify_one();
        cx.log("a line for the log");
        let result = match self.does {
            Does::Returns => Ok(()),
            Does::Fails => Err(TaskError::failed("no")),
            Does::Panics => {
                self.running.fetch_sub(1, Ordering::SeqCst);
                panic!("a panic of a test")
            }
            Does::Waits => {
                cx.cancelled().await;
                self.cancelled.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            Does::Blocks(time) => {
                std::thread::sleep(time);
                Ok(())
            }
            Does::Submits => {
                cx.submit::<Chore>(7).await?;
                cx.log("another line");
                Ok(())
            }
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        result
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn threads(&self) -> Threads {
        self.threads
    }
}

struct Started {
    client: Client,
    stopping: CancellationToken,
    ended: mpsc::Receiver<()>,
}

impl Started {
    /// Starts a chore ten times a second, with this grace at the end.
    async fn new(chore: &Chore, grace: Duration) -> Started {
        let client = Client::connect("sqlite::memory:").await.unwrap();
        client.migrate().await.unwrap();
        let periodic = Periodic::every_with(EVERY, chore.clone(), 7).local();
        let Kind::Local(local) = periodic.split().1 else {
            unreachable!("it is local")
        };
        let stopping = CancellationToken::new();
        let host = Host {
            client: client.clone(),
            worker: "w1".into(),
            stopping: stopping.clone(),
            grace,
        };
        let (alive, ended) = mpsc::channel(1);
        Local::new(local).unwrap().start(host, alive).unwrap();
        Started {
            client,
            stopping,
            ended,
        }
    }

    async fn stop(mut self) {
        self.stopping.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.ended.recv()).await;
        assert_eq!(ended, Ok(None));
    }
}

#[tokio::test]
async fn a_local_periodic_runs_at_each_tick_and_counts_its_runs() {
    let chore = Chore::new(Does::Returns);
    let started = Started::new(&chore, Duration::ZERO).await;
    chore.has_started(4).await;
    started.stop().await;
    assert_eq!(chore.starts()[..4], [1, 2, 3, 4]);
}

#[tokio::test]
async fn failures_and_panics_do_not_end_it() {
    for (does, threads) in [
        (Does::Fails, Threads::Shared),
        (Does::Panics, Threads::Shared),
        (Does::Panics, Threads::Own),
    ] {
        let chore = Chore {
            threads,
            ..Chore::new(does)
        };
        let started = Started::new(&chore, Duration::ZERO).await;
        chore.has_started(3).await;
        started.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_told_to_end_and_the_next_tick_runs() {
    for threads in [Threads::Shared, Threads::Own] {
        let timeout = Duration::from_millis(50);
        let chore = Chore {
            threads,
            timeout,
            ..Chore::new(Does::Waits)
        };
        let started = Started::new(&chore, Duration::ZERO).await;
        chore.has_started(3).await;
        started.stop().await;
        assert!(chore.cancelled.load(Ordering::SeqCst) >= 2);
        assert_eq!(chore.overlaps.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_run_never_overlaps_one_that_was_left_behind() {
    // Longer than the timeout and what a handler gets for ending afterwards.
    let blocks = Does::Blocks(CANCEL_GRACE + Duration::from_millis(700));
    let timeout = Duration::from_millis(50);
    let chore = Chore {
        threads: Threads::Own,
        timeout,
        ..Chore::new(blocks)
    };
    let started = Started::new(&chore, Duration::ZERO).await;
    chore.has_started(2).await;
    assert_eq!(chore.overlaps.load(Ordering::SeqCst), 0);
    let client = started.client.clone();
    started.stop().await;
    let lines = client.logs(TaskId(NO_TASK)).await.unwrap();
    assert!(lines.is_empty(), "they belong to no task: {lines:?}");
}

#[tokio::test]
async fn ticks_that_pass_while_a_run_goes_on_are_not_made_up_for() {
    let chore = Chore::new(Does::Blocks(EVERY * 4));
    let started = Started::new(&chore, Duration::ZERO).await;
    chore.has_started(1).await;
    let began = std::time::Instant::now();
    chore.has_started(3).await;
    assert!(began.elapsed() >= EVERY * 8, "{:?}", began.elapsed());
    started.stop().await;
}

#[tokio::test]
async fn at_the_end_a_run_gets_its_grace_and_is_then_told() {
    let chore = Chore::new(Does::Waits);
    let grace = Duration::from_millis(300);
    let started = Started::new(&chore, grace).await;
    chore.has_started(1).await;
    let told = std::time::Instant::now();
    started.stop().await;
    assert!(told.elapsed() >= grace);
    assert_eq!(
        (chore.starts().len(), chore.cancelled.load(Ordering::SeqCst)),
        (1, 1)
    );
}

#[tokio::test]
async fn follow_ups_are_submitted_after_a_success_and_notes_stay_out_of_the_tables() {
    let chore = Chore::new(Does::Submits);
    let started = Started::new(&chore, Duration::ZERO).await;
    chore.has_started(2).await;
    let client = started.client.clone();
    started.stop().await;
    let page = client.list(&Filter::new()).await.unwrap();
    assert_eq!(page.tasks[0].task_name, "Chore");
    assert!(client.logs(TaskId(NO_TASK)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bad_schedule_or_setting_is_refused_with_its_name() {
    let local = |periodic: Periodic<Chore>| match periodic.local().split().1 {
        Kind::Local(local) => Local::new(local).err().map(|error| error.to_string()),
        Kind::Stored(_) => unreachable!("it is local"),
    };
    let bad = local(Periodic::cron_with(
        "61 * * * *",
        "UTC",
        Chore::new(Does::Returns),
        7,
    ))
    .unwrap();
    assert!(bad.contains("Chore") && bad.contains("61 * * * *"), "{bad}");
    let no_time = Chore {
        timeout: Duration::ZERO,
        ..Chore::new(Does::Returns)
    };
    assert!(
        local(Periodic::every_with(EVERY, no_time, 7))
            .unwrap()
            .contains("timeout")
    );
}

#[test]
fn another_name_is_used_and_checked() {
    let local = |name: &str| {
        let periodic = Periodic::every_with(EVERY, Chore::new(Does::Returns), 7);
        match periodic.named(name).local().split().1 {
            Kind::Local(local) => Local::new(local),
            Kind::Stored(_) => unreachable!("it is local"),
        }
    };
    assert_eq!(local("cache").unwrap().name, "cache");
    let bad = local("").err().unwrap().to_string();
    assert!(bad.starts_with("periodic: "), "{bad}");
}

#[tokio::test]
async fn a_clock_that_lags_shows_no_tick_twice_and_one_that_was_set_back_goes_on() {
    let chore = Chore::new(Does::Returns);
    let periodic = Periodic::every_with(Duration::from_secs(60), chore, 7).local();
    let Kind::Local(local) = periodic.split().1 else {
        unreachable!("it is local")
    };
    let client = Client::connect("sqlite::memory:").await.unwrap();
    let host = Host {
        client,
        worker: "w1".into(),
        stopping: CancellationToken::new(),
        grace: Duration::ZERO,
    };
    let runner = Runner::new(Local::new(local).unwrap(), host);
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let lags = at(600).saturating_sub(Duration::from_millis(3));
    assert_eq!(runner.tick_after(lags, None), Some(at(600)));
    assert_eq!(runner.tick_after(lags, Some(at(600))), Some(at(660)));
    assert_eq!(runner.tick_after(at(30), Some(at(600))), Some(at(60)));
}
