//! `dutiful worker` three times, and `dutiful submit`.

use crate::arena::Arena;
use crate::engine::Dialect;
use crate::fleet::Process;
use crate::wait::until;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 3;
/// Submitted twice: before each worker has run some, and before one is killed.
const BULK: i64 = 3_000;
const FROM_A_SHELL: i64 = 3;
const LIMIT: Duration = Duration::from_secs(60);
/// What is left of the dead worker's leases, and what the others may take to notice.
const REST_OF_LEASE: i64 = 1;
const NOTICE: Duration = Duration::from_secs(2);

pub(crate) async fn three_workers_share_and_take_over(arena: Arc<Arena>) {
    let mut workers: Vec<Process> = (0..WORKERS)
        .map(|_| Process::dutiful_worker(&arena))
        .collect();
    for worker in &workers {
        let started = || async { worker.log().contains("Started") };
        until("the worker has started", LIMIT, started).await;
    }
    submit_from_a_shell(&arena);
    submit_in_bulk(&arena, "first").await;
    let all_run = || async { workers.iter().all(|worker| !succeeded(worker).is_empty()) };
    until("each worker runs some", LIMIT, all_run).await;

    submit_in_bulk(&arena, "second").await;
    let (victim, held) = kill_one_that_holds_tasks(&arena, &mut workers).await;
    assert!(held > 0, "the killed worker held nothing");
    // What was due before these leases end comes first.
    let others = format!(
        "SELECT COUNT(*) FROM dutiful_tasks WHERE status <> 'success' \
         AND (worker IS NULL OR worker NOT LIKE '%-{victim}-%')"
    );
    until("the backlog is done", LIMIT, || async {
        arena.int(&others).await == 0
    })
    .await;
    // As if 29 of the 30 seconds of its leases had passed.
    let pass = format!(
        "UPDATE dutiful_tasks SET due_at = {} WHERE worker IS NOT NULL AND worker LIKE '%-{victim}-%'",
        now_plus(&arena, REST_OF_LEASE)
    );
    let held = arena.exec(&pass).await;
    let rest = Duration::from_secs(REST_OF_LEASE as u64) + NOTICE;
    let theirs = format!("SELECT COUNT(*) FROM dutiful_tasks WHERE worker LIKE '%-{victim}-%'");
    let after = until("its tasks are taken over", rest, || async {
        arena.int(&theirs).await == 0
    })
    .await;
    until("all tasks succeed", LIMIT, || async {
        arena.open_tasks().await == 0
    })
    .await;
    judge(&arena, held).await;
    let shares: Vec<usize> = workers
        .iter()
        .map(|worker| succeeded(worker).len())
        .collect();
    eprintln!(
        "{}: {held} tasks taken over after {after:.1?}, the others ran {shares:?}",
        arena.engine.name
    );
    runs_once(&workers);
    for worker in workers {
        assert_eq!(worker.stop().await, Some(0));
    }
}

fn submit_from_a_shell(arena: &Arena) {
    for n in 0..FROM_A_SHELL {
        let payload = json!({ "message": format!("shell {n} "), "count": 1 }).to_string();
        let output = Process::dutiful(arena, &["submit", "ExampleTask", &payload])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// By plain SQL, as any program may.
async fn submit_in_bulk(arena: &Arena, which: &str) {
    for chunk in 0..BULK / 500 {
        let values: Vec<String> = (0..500)
            .map(|n| json!({ "message": format!("{which} {} ", chunk * 500 + n), "count": 400 }))
            .map(|payload| format!("('ExampleTask', '{payload}')"))
            .collect();
        let sql = format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES {}",
            values.join(", ")
        );
        arena.exec(&sql).await;
    }
}

/// Stops one at a moment when it holds tasks, and kills it.
async fn kill_one_that_holds_tasks(arena: &Arena, workers: &mut Vec<Process>) -> (u32, i64) {
    for round in 0..200 {
        let worker = &workers[round % WORKERS];
        let pid = worker.pid();
        worker.signal(nix::sys::signal::Signal::SIGSTOP);
        let theirs = format!("SELECT COUNT(*) FROM dutiful_tasks WHERE worker LIKE '%-{pid}-%'");
        let held = arena.int(&theirs).await;
        if held > 0 {
            workers.swap_remove(round % WORKERS).kill();
            return (pid, held);
        }
        worker.signal(nix::sys::signal::Signal::SIGCONT);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("no worker was ever seen to hold a task");
}

/// What the killed one held has run twice and has a crash, everything else has run once.
async fn judge(arena: &Arena, held: u64) {
    let count = |which: &str| format!("SELECT COUNT(*) FROM dutiful_tasks WHERE {which}");
    assert_eq!(
        arena.int(&count("attempt = 2 AND crashes = 1")).await,
        held as i64
    );
    assert_eq!(
        arena.int(&count("attempt = 1 AND crashes = 0")).await,
        2 * BULK + FROM_A_SHELL - held as i64
    );
}

/// The ids of the tasks that succeeded, by the worker's log.
fn succeeded(worker: &Process) -> Vec<String> {
    let log = worker.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("ExampleTask") && line.contains(" succeeded in "));
    let id = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words.iter().position(|word| *word == "succeeded").unwrap();
        words[at - 1].to_owned()
    };
    lines.map(id).collect()
}

fn runs_once(workers: &[Process]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for id in workers.iter().flat_map(succeeded) {
        *times.entry(id).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "said to have succeeded twice: {twice:?}");
}

fn now_plus(arena: &Arena, seconds: i64) -> String {
    match arena.engine.dialect {
        Dialect::Sqlite => format!(
            "(CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000 + {})",
            seconds * 1_000_000
        ),
        Dialect::Mysql => format!("(UTC_TIMESTAMP(6) + INTERVAL {seconds} SECOND)"),
        Dialect::Postgres => format!("(clock_timestamp() + interval '{seconds} seconds')"),
    }
}
