//! Machines whose clocks are an hour off. On SQLite there is one machine and so one clock, which is the
//! database's too; this is tried where the database has a clock of its own.

use crate::arena::Arena;
use crate::audit::What;
use crate::clock::Clock;
use crate::engine::Dialect;
use crate::fleet::{LEASE, Process, WORKER};
use crate::verdict;
use crate::wait::until;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const HOUR: i64 = 3_600;
const LIMIT: Duration = Duration::from_secs(60);
const TASKS: u64 = 100;
/// So long that no worker holds all of the tasks at once.
const RUN_MS: u64 = 400;
/// Longer than two leases, so that one that is not renewed, or not believed, is lost.
const LONG_RUN_MS: u64 = 5_000;
/// How often more work is submitted until a worker has got some of it.
const TRIES: usize = 20;
const DELAY_SECONDS: i64 = 2;
/// What claiming a due task may take on a busy machine.
const SLACK: i64 = 15;

pub(crate) async fn workers_whose_clocks_are_an_hour_off_change_nothing(arena: Arc<Arena>) {
    let clock = Clock::make();
    for offset in [HOUR, -HOUR] {
        clock.prove(offset);
    }
    let start = |offset| Process::start_with(&arena, WORKER, |command| clock.set(command, offset));
    let (ahead, behind) = (start(HOUR), start(-HOUR));
    for worker in [&ahead, &behind] {
        let started = || async { worker.log().contains("Started") };
        until("the worker has started", LIMIT, started).await;
    }
    // Submitted by clocks that are off as well, each with a delay.
    for (n, offset) in [(TASKS, HOUR), (TASKS + 1, -HOUR)] {
        submit_delayed(&arena, &clock, n, offset);
    }
    arena
        .submit(TASKS, |n| if n < 8 { LONG_RUN_MS } else { RUN_MS })
        .await;
    let both_run = || async {
        let lines = arena.audit();
        let runs = |pid| lines.iter().any(|line| line.pid == pid);
        runs(ahead.pid()) && runs(behind.pid())
    };
    until("both workers run some", LIMIT, both_run).await;
    all_succeed(&arena).await;
    let attempts = verdict::attempts(&arena).await;
    assert_eq!(attempts.len(), 0, "a lease that held was taken away");
    let once = verdict::tasks(&arena).await;
    assert!(once.iter().all(|task| task.attempt == 1));
    assert_eq!(once.len() as u64, TASKS + 2);
    for seconds in waits(&arena).await {
        let right = DELAY_SECONDS..=DELAY_SECONDS + SLACK;
        assert!(right.contains(&seconds), "a delay of {seconds} s");
    }

    // The one that is ahead dies in the middle of its work: the other, to which those leases have hours to
    // go, takes it over when they have ended, and no sooner.
    let held = die_at_work(&arena, ahead).await;
    all_succeed(&arena).await;
    let attempts = verdict::attempts(&arena).await;
    assert_eq!(
        attempts.len(),
        held,
        "one lost lease for each run that died"
    );
    let lease = i64::try_from(LEASE.as_micros()).unwrap();
    for attempt in attempts {
        assert_eq!(attempt.outcome, "lease_lost");
        let late = lease + SLACK * 1_000_000 + i64::try_from(LONG_RUN_MS).unwrap() * 1_000;
        assert!(
            (lease..late).contains(&attempt.micros()),
            "{} µs",
            attempt.micros()
        );
    }
    assert_eq!(behind.stop().await, Some(0));
}

fn submit_delayed(arena: &Arena, clock: &Clock, n: u64, offset: i64) {
    let payload = json!({ "n": n, "ms": 1 }).to_string();
    let delay = format!("{DELAY_SECONDS}s");
    let args = [
        "submit",
        "AuditTask",
        &payload,
        "--delay",
        &delay,
        "--allow-unknown",
    ];
    let mut command = Process::dutiful(arena, &args);
    clock.set(&mut command, offset);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

async fn all_succeed(arena: &Arena) {
    until("all tasks succeed", LIMIT, || async {
        arena.open_tasks().await == 0
    })
    .await;
}

/// The seconds between submission and run of the delayed tasks, by the database's clock.
async fn waits(arena: &Arena) -> Vec<i64> {
    let seconds = match arena.engine.dialect {
        Dialect::Sqlite => unreachable!("its clock is that of the process"),
        Dialect::Mysql => "TIMESTAMPDIFF(SECOND, created_at, last_run_at)",
        Dialect::Postgres => "FLOOR(EXTRACT(EPOCH FROM last_run_at - created_at))::bigint",
    };
    let sql = format!("SELECT {seconds} FROM dutiful_tasks WHERE task_payload LIKE '%\"ms\":1,%'");
    let rows = arena.rows(&sql).await;
    let waits: Vec<i64> = rows
        .into_iter()
        .map(|row| row[0].as_deref().unwrap().parse().unwrap())
        .collect();
    assert_eq!(waits.len(), 2);
    waits
}

/// Kills a worker while it runs some of these tasks; how many.
async fn die_at_work(arena: &Arena, worker: Process) -> usize {
    let pid = worker.pid();
    let before = arena.audit().len();
    let at_work = || {
        let lines = arena.audit();
        let mut new = lines[before..].iter();
        new.any(|line| line.what == What::Start && line.pid == pid)
    };
    // The other one may be quicker, but it cannot take everything.
    for _ in 0..TRIES {
        if at_work() {
            break;
        }
        arena.submit(16, |_| LONG_RUN_MS / 2).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(at_work(), "the worker never got any work");
    worker.signal(nix::sys::signal::Signal::SIGSTOP);
    let theirs = format!("SELECT COUNT(*) FROM dutiful_tasks WHERE worker LIKE '%-{pid}-%'");
    let held = arena.int(&theirs).await;
    worker.kill();
    assert!(held > 0, "it ended before it was stopped");
    usize::try_from(held).unwrap()
}
