//! A queue that is in use while it moves: programs submit, workers run, and nothing is lost.

use crate::fill::{fill, tasks};
use crate::harness::database::TestDb;
use crate::harness::script::{Script, gated};
use crate::harness::wait::{until, within};
use crate::pair::{Pair, pair_cases};
use dutiful::moves::Mover;
use dutiful::{Client, DedupScope, ErrorKind, State, TaskId};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pair_cases![
    submitters_and_workers_go_on_and_every_task_is_in_one_place,
    running_tasks_get_their_grace_and_run_once,
    a_task_that_outlasts_the_grace_is_taken_over_when_its_lease_ends,
];

const SUBMITTERS: usize = 4;

/// Submits without end. What it was told is stored it remembers; told that the queue has moved, it goes on at
/// the new place.
async fn submitter(number: usize, pair: (TestDb, TestDb), enough: Arc<AtomicBool>) -> Vec<String> {
    let mut client = pair.0.client().await;
    let (mut stored, mut moved, mut next) = (Vec::new(), false, 0);
    while !enough.load(Ordering::Relaxed) || !moved {
        let name = format!("{number}-{next}");
        // As many at once as alone, the same under one key.
        let told = match next % 3 {
            0 => client.submit_json("Script", json!(name)).await.map(drop),
            1 => {
                let tasks = vec![
                    client
                        .submit_json("Script", json!(name))
                        .dedup(DedupScope::None),
                ];
                client.submit_all(tasks).await.map(drop)
            }
            _ => {
                let tasks = vec![client.submit_json("Script", json!(name))];
                client.submit_once(&name, [1; 32], tasks).await.map(drop)
            }
        };
        match told {
            Ok(()) => {
                stored.push(name);
                next += 1;
            }
            Err(error) if error.kind() == ErrorKind::Moved && !moved => {
                moved = true;
                client = pair.1.client().await;
            }
            // Told to wait, because the last of a large table takes longer than a call waits by itself.
            Err(error) if error.kind() == ErrorKind::Moving => {}
            Err(error) => panic!("a submission failed: {error}"),
        }
    }
    stored
}

/// How often each payload was run, by the attempts that its task has had.
async fn runs(client: &Client, db: &TestDb) -> BTreeMap<String, i64> {
    let sql = "SELECT task_payload, attempt FROM dutiful_tasks WHERE task_name = 'Script'";
    let rows = db.rows(sql).await.into_iter();
    let runs: Vec<(String, i64)> = rows
        .map(|row| {
            (
                row[0].clone().unwrap(),
                row[1].clone().unwrap().parse().unwrap(),
            )
        })
        .collect();
    let count = runs.len();
    let by_payload: BTreeMap<String, i64> = runs.into_iter().collect();
    assert_eq!(by_payload.len(), count, "no task is there twice");
    assert!(client.stats().await.is_ok());
    by_payload
}

async fn submitters_and_workers_go_on_and_every_task_is_in_one_place(pair: Pair) {
    fill(&pair.from, tasks()).await;
    let ran = Arc::new(std::sync::Mutex::new(BTreeMap::<String, u32>::new()));
    let script = || {
        let ran = Arc::clone(&ran);
        Script::<0>::new(move |payload, _| {
            *ran.lock().unwrap().entry(payload.to_string()).or_default() += 1;
            async move { Ok(payload) }
        })
    };
    let at_old = pair.from.worker(script()).await;
    let enough = Arc::new(AtomicBool::new(false));
    let places = || (pair.from.clone(), pair.to.clone());
    let submitters: Vec<_> = (0..SUBMITTERS)
        .map(|number| tokio::spawn(submitter(number, places(), Arc::clone(&enough))))
        .collect();
    until("the old worker runs tasks", || async {
        ran.lock().unwrap().len() > 20
    })
    .await;
    let (old, new) = pair.clients().await;
    let report = Mover::new(&old, &new)
        .grace(Duration::from_secs(60))
        .run()
        .await
        .unwrap();
    let held_by_the_dead = (1..=tasks()).filter(|id| matches!(id % 13, 3 | 4)).count();
    // They are counted up to 10,000.
    assert_eq!(
        report.leased,
        held_by_the_dead.min(10_000) as u64,
        "everything that ran has ended in its grace"
    );
    // The worker at the old place ends by itself, and says why.
    let ended = within("the old worker ends", at_old.wait())
        .await
        .unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::Moved, "{ended}");
    let at_new = pair.to.worker(script()).await;
    enough.store(true, Ordering::Relaxed);
    let mut stored = Vec::new();
    for submitter in submitters {
        stored.extend(within("a submitter ends", submitter).await.unwrap());
    }
    let waiting =
        "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script' AND status <> 'success'";
    until("all have run", || async { pair.to.int(waiting).await == 0 }).await;
    let runs = runs(&new, &pair.to).await;
    for name in &stored {
        let payload = format!("\"{name}\"");
        assert_eq!(
            runs.get(&payload),
            Some(&1),
            "{payload} is there and has run once"
        );
        assert_eq!(
            ran.lock().unwrap().get(&payload),
            Some(&1),
            "{payload} ran once"
        );
    }
    assert_eq!(runs.len(), stored.len(), "and no other task is there");
    at_new.shutdown().await;
}

async fn running_tasks_get_their_grace_and_run_once(pair: Pair) {
    let (script, mut gate) = gated::<0>();
    let worker = pair.from.worker(script).await;
    let (old, new) = pair.clients().await;
    let runs = old.submit_json("Script", json!("runs")).await.unwrap().id;
    let run = gate.next().await;
    let mover = Mover::new(&old, &new).grace(Duration::from_secs(60));
    let moving = tokio::spawn(async move { mover.run().await });
    until("the tasks are waited for", || async {
        pair.stage().await.as_deref() == Some("draining")
    })
    .await;
    let heard =
        |worker: &str| format!("SELECT COUNT(*) FROM dutiful_workers WHERE worker = '{worker}'");
    assert_eq!(pair.from.int(&heard(worker.worker())).await, 1);
    // Only once the worker has heard of it nothing begins any more.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let waits = old.submit_json("Script", json!("waits")).await.unwrap().id;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(gate.waiting(), 0, "nothing begins");
    run.succeed("done");
    let report = within("the move ends", moving).await.unwrap().unwrap();
    assert_eq!(report.leased, 0);
    let task = new.get(runs).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    let task = new.get(waits).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Queued, 0));
    drop(worker);
}

async fn a_task_that_outlasts_the_grace_is_taken_over_when_its_lease_ends(pair: Pair) {
    let (mut script, mut gate) = gated::<0>();
    script.lease = Duration::from_secs(3);
    let worker = pair.from.worker(script).await;
    let (old, new) = pair.clients().await;
    let id: TaskId = old.submit_json("Script", json!("long")).await.unwrap().id;
    let run = gate.next().await;
    let report = Mover::new(&old, &new)
        .grace(Duration::ZERO)
        .run()
        .await
        .unwrap();
    assert_eq!(report.leased, 1);
    let task = new.get(id).await.unwrap();
    assert_eq!(task.attempt, 1);
    // Its outcome has no place to go to.
    run.succeed("too late");
    let ended = within("the old worker ends", worker.wait())
        .await
        .unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::Moved);
    let at_new = pair.to.worker(Script::<0>::echo()).await;
    let task = new.wait(id, Duration::from_secs(30)).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 2));
    let attempts = new.attempts(id).await.unwrap();
    assert_eq!(attempts.len(), 1, "the first one has a row of history");
    at_new.shutdown().await;
}
