//! Workers are told to stop in the middle of their work.

use crate::arena::Arena;
use crate::audit::What;
use crate::fleet::{Fleet, GRACE, Process, WORKER, complaints};
use crate::seed::Seed;
use crate::verdict::{self, Verdict};
use crate::wait::until;
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;
const TASKS: u64 = 1_500;
const START: Duration = Duration::from_secs(20);
const DRAIN: Duration = Duration::from_secs(60);
/// What an exit may take beyond the work that goes on.
const AT_ONCE: Duration = Duration::from_secs(1);

pub(crate) async fn sigterm_under_load_twenty_times_loses_and_charges_nothing(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    arena.submit(TASKS, |_| 100).await;
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let mut worker = Process::start(&arena, WORKER);
        runs_something(&arena, &worker).await;
        tokio::time::sleep(seed.millis(0, 200)).await;
        let told = Instant::now();
        worker.signal(Signal::SIGTERM);
        let status = worker.end(GRACE + AT_ONCE).await;
        assert_eq!(
            status.code(),
            Some(0),
            "round {round}; its log: {}",
            worker.log()
        );
        slowest = slowest.max(told.elapsed());
    }
    let left = arena.open_tasks().await;
    assert!(left > 0, "there was no load in the last round");
    let held = "SELECT COUNT(*) FROM dutiful_tasks WHERE worker IS NOT NULL";
    assert_eq!(
        arena.int(held).await,
        0,
        "a worker that has gone left leases behind"
    );

    let mut fleet = Fleet::start(&arena, 4);
    until("all tasks succeed", DRAIN, || async {
        arena.open_tasks().await == 0
    })
    .await;
    fleet.stop().await;
    let charged = verdict::tasks(&arena).await;
    assert!(
        charged
            .iter()
            .all(|task| task.retries == 0 && task.crashes == 0)
    );
    let attempts = verdict::attempts(&arena).await;
    assert!(attempts.iter().all(|attempt| attempt.outcome == "released"));
    let verdict = Verdict::of(&arena, &[]).await;
    eprintln!(
        "{}: {ROUNDS} rounds, slowest exit {slowest:.2?}, {} released, {left} left over; {verdict}",
        arena.engine.name,
        attempts.len()
    );
    verdict.assert_good();
    assert_eq!(complaints(&arena), Vec::<String>::new());
}

pub(crate) async fn a_second_signal_ends_the_process_at_once(arena: Arc<Arena>) {
    arena.submit(4, |_| 60_000).await;
    let mut worker = Process::start(&arena, WORKER);
    runs_something(&arena, &worker).await;
    worker.signal(Signal::SIGTERM);
    until("it says that it heard the first", START, || async {
        worker.log().contains("SIGTERM")
    })
    .await;
    let told = Instant::now();
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end(GRACE).await.code(), Some(143));
    assert!(told.elapsed() < AT_ONCE, "it took {:?}", told.elapsed());
}

async fn runs_something(arena: &Arena, worker: &Process) {
    let pid = worker.pid();
    let started = || async {
        arena
            .audit()
            .iter()
            .any(|line| line.what == What::Start && line.pid == pid)
    };
    until("the worker runs something", START, started).await;
}
