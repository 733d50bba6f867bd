//! A home-made queue is taken over while it works, by a command that is killed again and again.

use crate::arena::Arena;
use crate::audit::What;
use crate::fleet::{Fleet, Process};
use crate::raw::Raw;
use crate::seed::Seed;
use crate::wait::until;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TABLE: &str = "CREATE TABLE ai_server_tasks (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    task_name VARCHAR(255) NOT NULL,
    task_payload JSON NOT NULL,
    task_payload_prefix VARCHAR(511) GENERATED ALWAYS AS (LEFT(task_payload, 511)) STORED,
    status ENUM('not_started', 'success', 'error') NOT NULL DEFAULT 'not_started',
    created_at DATETIME NOT NULL DEFAULT '2026-01-01 00:00:00',
    last_run_at DATETIME NULL,
    retries INT NOT NULL DEFAULT 0,
    max_retries INT NOT NULL DEFAULT 3,
    error_message TEXT NULL,
    result_data JSON NULL,
    UNIQUE KEY task_and_payload (task_name, task_payload_prefix)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4";
/// How many rows the other queue holds when it begins, where the variable says nothing else; every second one of them
/// is due.
const ROWS: u64 = 10_000;
const ROWS_VARIABLE: &str = "DUTIFUL_TEST_ADOPT_ROWS";
/// The table is filled by five digits.
const ROWS_MAX: u64 = 100_000;
/// At so many copied rows of a hundred the command is killed.
const KILLS: [u64; 3] = [8, 35, 70];
/// How many rows the other queue still runs, at least, before it is stopped.
const OTHERS_RUNS: usize = 200;
const WORKERS: usize = 2;
const COMMAND: Duration = Duration::from_secs(180);
const DRAIN: Duration = Duration::from_secs(240);

pub(crate) async fn a_queue_is_adopted_by_a_command_that_is_killed_while_it_works(
    arena: Arc<Arena>,
) {
    let mut seed = Seed::new();
    let rows = std::env::var(ROWS_VARIABLE).map_or(ROWS, |rows| rows.parse().unwrap());
    fill(&arena, rows).await;
    let other = OtherQueue::start(&arena, rows).await;
    for at in KILLS {
        killed_at(&arena, rows * at / 100, seed.millis(0, 300)).await;
    }
    // Once to the end while both sides of the other queue go on, and held, because it still runs.
    let report = adopt(&arena, &["--hold", "--batch", "200"]).await;
    assert_eq!(report["conflicts"]["tasks"], 0, "{report}");
    let there = report["already_there"].as_u64().unwrap();
    assert!(
        there >= rows * KILLS[2] / 100 / 2,
        "it went on where it was: {report}"
    );
    other.has_run(OTHERS_RUNS).await;
    let run_there = other.stop_running().await;
    // Its submitters are still at work.
    let report = adopt(&arena, &[]).await;
    assert_eq!(report["changed_here"]["tasks"], 0, "{report}");
    assert!(report["refreshed"].as_u64().unwrap() > 0, "{report}");
    other.stop_submitting().await;
    adopt(&arena, &[]).await;
    assert_same(&arena).await;

    let due: BTreeSet<u64> = numbers(&arena, "due_at IS NOT NULL").await;
    assert!(
        due.len() as u64 >= rows * 45 / 100 && due.is_disjoint(&run_there),
        "{}",
        due.len()
    );
    let mut fleet = Fleet::start(&arena, WORKERS);
    until("everything due has run", DRAIN, || async {
        let open = "SELECT COUNT(*) FROM dutiful_tasks WHERE due_at IS NOT NULL";
        arena.int(open).await == 0
    })
    .await;
    fleet.stop().await;
    let mut runs: HashMap<u64, u32> = HashMap::new();
    for line in arena.audit() {
        if line.what == What::Start {
            *runs.entry(line.n).or_default() += 1;
        }
    }
    let ran: BTreeSet<u64> = runs.keys().copied().collect();
    assert_eq!(ran, due, "what was due, and nothing else");
    let twice = runs.values().filter(|runs| **runs > 1).count();
    assert_eq!(twice, 0);
    let report = adopt(&arena, &[]).await;
    assert_eq!(
        (&report["copied"], &report["refreshed"]),
        (&0.into(), &0.into())
    );
    eprintln!(
        "{}: {} rows, {} run by the other queue meanwhile, {} run here, each once",
        arena.engine.name,
        report["looked_at"],
        run_there.len(),
        ran.len()
    );
}

/// Of four rows one is done, one waits, one has failed and is due again, one has failed for good.
async fn fill(arena: &Arena, rows: u64) {
    assert!(rows <= ROWS_MAX, "{ROWS_VARIABLE} is {ROWS_MAX} at most");
    arena.exec(TABLE).await;
    let digit =
        "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
                  UNION ALL SELECT 9)";
    let n = "(a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d)";
    let sql = format!(
        "INSERT INTO ai_server_tasks (task_name, task_payload, status, retries, last_run_at)
         SELECT 'AuditTask', CONCAT('{{\"ms\": 0, \"n\": ', {n}, '}}'),
                ELT({n} % 4 + 1, 'success', 'not_started', 'error', 'error'),
                ELT({n} % 4 + 1, 0, 0, 1, 3),
                ELT({n} % 4 + 1, '2026-01-02', NULL, '2026-01-02', '2026-01-02')
         FROM {digit} AS a, {digit} AS b, {digit} AS c, {digit} AS e, {digit} AS f
         WHERE {n} < {rows}"
    );
    assert_eq!(arena.exec(&sql).await, rows);
}

/// Starts the command, kills it once so many rows are there, and a little later.
async fn killed_at(arena: &Arena, rows: u64, later: Duration) {
    let mut command = Process::dutiful(arena, &ADOPT);
    command
        .args(["--hold", "--batch", "200"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("so many rows are copied", COMMAND, || async {
        arena.int("SELECT COUNT(*) FROM dutiful_tasks").await >= i64::try_from(rows).unwrap()
    })
    .await;
    tokio::time::sleep(later).await;
    assert!(
        child.try_wait().unwrap().is_none(),
        "it was to be killed in the middle"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

const ADOPT: [&str; 5] = ["migrate", "adopt", "--from", "ai_server_tasks", "--json"];

async fn adopt(arena: &Arena, more: &[&str]) -> Value {
    let mut command: Command = Process::dutiful(arena, &ADOPT);
    command.args(more);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(COMMAND, output)
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every row of the other queue is here once, and as it is there.
async fn assert_same(arena: &Arena) {
    let there = arena.int("SELECT COUNT(*) FROM ai_server_tasks").await;
    let same = "SELECT COUNT(*) FROM ai_server_tasks AS o JOIN dutiful_tasks AS t ON t.id = o.id
                WHERE t.status = CAST(o.status AS CHAR) AND t.retries = o.retries
                  AND t.max_retries = o.max_retries AND t.attempt = 0
                  AND JSON_EXTRACT(t.task_payload, '$.n') = JSON_EXTRACT(o.task_payload, '$.n')";
    assert_eq!(arena.int(same).await, there);
    assert_eq!(arena.int("SELECT COUNT(*) FROM dutiful_tasks").await, there);
}

/// The numbers in the payloads of these tasks.
async fn numbers(arena: &Arena, which: &str) -> BTreeSet<u64> {
    let sql = format!("SELECT JSON_EXTRACT(task_payload, '$.n') FROM dutiful_tasks WHERE {which}");
    let rows = arena.rows(&sql).await.into_iter().flatten().flatten();
    rows.map(|n| n.parse().unwrap()).collect()
}

/// What the other system's programs do: they submit, and run what is due.
struct OtherQueue {
    submitting: Arc<AtomicBool>,
    running: Arc<AtomicBool>,
    ran: Arc<std::sync::Mutex<BTreeSet<u64>>>,
    submitter: tokio::task::JoinHandle<()>,
    runner: tokio::task::JoinHandle<()>,
}

impl OtherQueue {
    async fn start(arena: &Arc<Arena>, rows: u64) -> OtherQueue {
        let on = || Arc::new(AtomicBool::new(true));
        let (submitting, running) = (on(), on());
        let ran = Arc::default();
        OtherQueue {
            submitter: tokio::spawn(submit(arena.raw().await, rows, Arc::clone(&submitting))),
            runner: tokio::spawn(run(
                arena.raw().await,
                Arc::clone(&running),
                Arc::clone(&ran),
            )),
            submitting,
            running,
            ran,
        }
    }

    async fn has_run(&self, tasks: usize) {
        until("the other queue has run some", COMMAND, || async {
            self.ran.lock().unwrap().len() >= tasks
        })
        .await;
    }

    async fn stop_running(&self) -> BTreeSet<u64> {
        self.running.store(false, Ordering::SeqCst);
        until("the other worker has ended", COMMAND, || async {
            self.runner.is_finished()
        })
        .await;
        self.ran.lock().unwrap().clone()
    }

    async fn stop_submitting(self) {
        self.submitting.store(false, Ordering::SeqCst);
        self.submitter.await.unwrap();
        self.runner.await.unwrap();
    }
}

/// New payloads, and now and then one that is there already.
async fn submit(raw: Raw, rows: u64, on: Arc<AtomicBool>) {
    let mut next = rows;
    while on.load(Ordering::SeqCst) {
        let n = if next.is_multiple_of(5) {
            next - rows
        } else {
            next
        };
        let sql = format!(
            "INSERT INTO ai_server_tasks (task_name, task_payload)
             VALUES ('AuditTask', '{{\"ms\": 0, \"n\": {n}}}')
             ON DUPLICATE KEY UPDATE max_retries = max_retries + 1"
        );
        raw.exec(&sql).await;
        next += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    raw.close().await;
}

/// Takes what is due, oldest first, and writes that it has run.
async fn run(raw: Raw, on: Arc<AtomicBool>, ran: Arc<std::sync::Mutex<BTreeSet<u64>>>) {
    let due = "SELECT id, JSON_EXTRACT(task_payload, '$.n') FROM ai_server_tasks
               WHERE status IN ('not_started', 'error') AND retries < max_retries
                 AND (last_run_at IS NULL OR last_run_at <= UTC_TIMESTAMP() - INTERVAL 10 MINUTE)
               ORDER BY created_at, id LIMIT 5";
    while on.load(Ordering::SeqCst) {
        for row in raw.rows(due).await {
            let (id, n) = (row[0].clone().unwrap(), row[1].clone().unwrap());
            ran.lock().unwrap().insert(n.parse().unwrap());
            let sql = format!(
                "UPDATE ai_server_tasks SET status = 'success', last_run_at = UTC_TIMESTAMP(),
                        result_data = '\"there\"' WHERE id = {id}"
            );
            raw.exec(&sql).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    raw.close().await;
}
