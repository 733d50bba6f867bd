//! `dutiful worker` three times, and `dutiful submit`: workers share, and take over from one that was killed,
//! or from one after another that are killed or stopped.

use crate::arena::Arena;
use crate::engine::Dialect;
use crate::fleet::{Process, complaints, logs};
use crate::seed::Seed;
use crate::wait::until;
use dutiful::{Filter, State};
use nix::sys::signal::Signal;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 3;
/// Submitted at once: until each worker has run some, and before one is killed.
const BULK: i64 = 3_000;
const WAVES_MAX: i64 = 20;
const FROM_A_SHELL: i64 = 3;
/// How often a message is repeated: each task takes its time.
const TIMES: usize = 400;
/// How often one is killed or stopped where that is done again and again.
const ROUNDS: usize = 6;
const A_ROUND: i64 = 1_500;
const LIMIT: Duration = Duration::from_secs(60);
/// What is left of the dead worker's leases, and what the others may take to notice.
const REST_OF_LEASE: i64 = 1;
const NOTICE: Duration = Duration::from_secs(2);

async fn start_workers(arena: &Arena) -> Vec<Process> {
    let workers: Vec<Process> = (0..WORKERS)
        .map(|_| Process::dutiful_worker(arena))
        .collect();
    for worker in &workers {
        let started = || async { worker.log().contains("Started") };
        until("the worker has started", LIMIT, started).await;
    }
    workers
}

pub(crate) async fn three_workers_share_and_take_over(arena: Arc<Arena>) {
    let mut workers = start_workers(&arena).await;
    submit_from_a_shell(&arena);
    let mut submitted = until_each_runs_some(&arena, &workers).await + FROM_A_SHELL;
    submit_in_bulk(&arena, "last", BULK).await;
    submitted += BULK;
    let victim = stop_one_that_holds_tasks(&arena, &mut workers).await;
    let pid = victim.pid();
    victim.kill();
    let victim = pid;
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
    judge(&arena, held, submitted).await;
    let share = |worker: &Process| succeeded(&worker.log()).len();
    let shares: Vec<usize> = workers.iter().map(share).collect();
    eprintln!(
        "{}: {held} tasks taken over after {after:.1?}, the others ran {shares:?}",
        arena.engine.name
    );
    end_well(&arena, workers).await;
}

/// Submits until each worker has had some, and gives back how many: one that is quick may leave the others
/// nothing.
async fn until_each_runs_some(arena: &Arena, workers: &[Process]) -> i64 {
    for wave in 0..WAVES_MAX {
        submit_in_bulk(arena, &format!("wave {wave}:"), BULK).await;
        until("the wave is done", LIMIT, || async {
            arena.open_tasks().await == 0
        })
        .await;
        let none = |worker: &Process| succeeded(&worker.log()).is_empty();
        if !workers.iter().any(none) {
            return (wave + 1) * BULK;
        }
    }
    panic!("a worker had nothing of {WAVES_MAX} waves of {BULK} tasks");
}

pub(crate) async fn workers_that_are_killed_and_stopped_lose_and_double_nothing(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    let mut workers = start_workers(&arena).await;
    for round in 0..ROUNDS {
        submit_in_bulk(&arena, &format!("round {round}:"), A_ROUND).await;
        let victim = stop_one_that_holds_tasks(&arena, &mut workers).await;
        if round % 2 == 0 {
            let pid = victim.pid();
            victim.kill();
            lose_leases(&arena, pid).await;
            workers.push(Process::dutiful_worker(&arena));
        } else {
            // It goes on with what it no longer holds, and comes too late with what it has done. It may have
            // been stopped with a lock in its hand: then the others wait for it.
            let pid = victim.pid();
            let lost = tokio::spawn({
                let arena = Arc::clone(&arena);
                async move { lose_leases(&arena, pid).await }
            });
            tokio::time::sleep(seed.millis(300, 600)).await;
            victim.signal(Signal::SIGCONT);
            lost.await.unwrap();
            workers.push(victim);
        }
    }
    let client = arena.client().await;
    until("all tasks succeed", LIMIT, || async {
        let unlucky = Filter::new().state(State::Quarantined);
        for task in client.list(&unlucky).await.unwrap().tasks {
            client.retry(task.id).await.unwrap();
        }
        arena.open_tasks().await == 0
    })
    .await;
    let lost = judge_rounds(&arena).await;
    eprintln!("{}: {ROUNDS} rounds, {lost} leases lost", arena.engine.name);
    assert!(lost > 0, "no lease was lost");
    end_well(&arena, workers).await;
}

/// Nothing is said to have succeeded twice, nobody complains, and all end in their own way.
async fn end_well(arena: &Arena, workers: Vec<Process>) {
    for worker in workers {
        assert_eq!(worker.stop().await, Some(0));
    }
    let mut said: HashMap<String, Vec<String>> = HashMap::new();
    for (worker, log) in logs(arena).iter().enumerate() {
        for (id, line) in succeeded(log) {
            let line = format!("worker {worker}: {line}");
            said.entry(id).or_default().push(line);
        }
    }
    let twice: Vec<_> = said.values().filter(|lines| lines.len() > 1).collect();
    assert!(twice.is_empty(), "said to have succeeded twice: {twice:#?}");
    assert_eq!(complaints(arena), Vec::<String>::new());
}

/// As if the time of its leases had passed.
async fn lose_leases(arena: &Arena, pid: u32) {
    let now = now_plus(arena, 0);
    arena
        .exec(&format!(
            "UPDATE dutiful_tasks SET due_at = {now} WHERE worker LIKE '%-{pid}-%'"
        ))
        .await;
}

/// Each task has run as often as its row says, its history is one lost lease for each run but the last, and
/// its result is right. Gives back how many leases were lost.
async fn judge_rounds(arena: &Arena) -> i64 {
    let all = arena.int("SELECT COUNT(*) FROM dutiful_tasks").await;
    assert_eq!(all, A_ROUND * i64::try_from(ROUNDS).unwrap());
    let odd = "SELECT COUNT(*) FROM dutiful_tasks AS t
               WHERE attempt <> crashes + 1 OR retries <> 0 OR finished_at IS NULL OR due_at IS NOT NULL
                  OR worker IS NOT NULL OR crashes <>
                     (SELECT COUNT(*) FROM dutiful_attempts
                      WHERE task_id = t.id AND outcome = 'lease_lost' AND attempt < t.attempt)";
    assert_eq!(arena.int(odd).await, 0);
    for row in arena
        .rows("SELECT task_payload, result_data FROM dutiful_tasks")
        .await
    {
        let [payload, result] = [0, 1].map(|cell: usize| {
            let text = row[cell].as_deref().unwrap();
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        });
        let message = payload["message"].as_str().unwrap();
        assert_eq!(result["output"], message.repeat(TIMES));
    }
    let lost = arena.int("SELECT COUNT(*) FROM dutiful_attempts").await;
    assert_eq!(
        lost,
        arena.int("SELECT SUM(crashes) FROM dutiful_tasks").await
    );
    lost
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
async fn submit_in_bulk(arena: &Arena, which: &str, count: i64) {
    for chunk in 0..count / 500 {
        let values: Vec<String> = (0..500)
            .map(|n| json!({ "message": format!("{which} {} ", chunk * 500 + n), "count": TIMES }))
            .map(|payload| format!("('ExampleTask', '{payload}')"))
            .collect();
        let sql = format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES {}",
            values.join(", ")
        );
        arena.exec(&sql).await;
    }
}

/// Stops one at a moment when it holds tasks, and takes it away from the others.
async fn stop_one_that_holds_tasks(arena: &Arena, workers: &mut Vec<Process>) -> Process {
    for round in 0..200 {
        let worker = &workers[round % WORKERS];
        let pid = worker.pid();
        worker.signal(Signal::SIGSTOP);
        let theirs = format!("SELECT COUNT(*) FROM dutiful_tasks WHERE worker LIKE '%-{pid}-%'");
        if arena.int(&theirs).await > 0 {
            return workers.swap_remove(round % WORKERS);
        }
        worker.signal(Signal::SIGCONT);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("no worker was ever seen to hold a task");
}

/// What the killed one held has run twice and has a crash, everything else has run once.
async fn judge(arena: &Arena, held: u64, submitted: i64) {
    let count = |which: &str| format!("SELECT COUNT(*) FROM dutiful_tasks WHERE {which}");
    assert_eq!(
        arena.int(&count("attempt = 2 AND crashes = 1")).await,
        held as i64
    );
    assert_eq!(
        arena.int(&count("attempt = 1 AND crashes = 0")).await,
        submitted - held as i64
    );
}

/// The ids of the tasks that succeeded, by a worker's log, and the lines that say so.
fn succeeded(log: &str) -> Vec<(String, &str)> {
    let lines = log
        .lines()
        .filter(|line| line.contains("ExampleTask") && line.contains(" succeeded in "));
    let with_id = |line| {
        let words: Vec<&str> = str::split(line, ' ').collect();
        let at = words.iter().position(|word| *word == "succeeded").unwrap();
        (words[at - 1].to_owned(), line)
    };
    lines.map(with_id).collect()
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
