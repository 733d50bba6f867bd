//! Stopping: nothing is lost, nothing is charged, nothing is claimed any more.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, stubborn, until, within};
use dutiful::{State, Status, Threads, Worker};
use serde_json::json;
use std::time::Duration;

cases![
    queued_tasks_are_released_uncharged_and_running_ones_get_their_grace,
    a_run_that_ends_when_it_is_told_is_released_uncharged,
    a_run_that_ignores_that_it_is_told_is_released_uncharged,
    work_that_is_finished_in_the_last_moment_is_kept,
    nothing_is_claimed_after_the_worker_was_told_to_stop,
    no_lease_is_lost_during_a_slow_drain_with_a_live_peer,
    a_worker_that_stops_takes_its_row_away,
    dropping_the_handle_stops_the_worker,
];

const LONG: Duration = Duration::from_secs(60);

async fn queued_tasks_are_released_uncharged_and_running_ones_get_their_grace(db: TestDb) {
    let client = db.client().await;
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let mut script = Script::<0>::new(move |payload, cx| {
        let begun = begun.clone();
        async move {
            if payload.as_u64().unwrap() >= 100 {
                let (end, ended) = tokio::sync::oneshot::channel::<()>();
                let _ = begun.send((cx.id(), end));
                let _ = ended.await;
            }
            Ok(payload)
        }
    });
    script.batch_size = 1;
    // A hundred quick ones first: so the worker takes many ahead, and queues them.
    client
        .submit_many::<Script>((0..160).map(|number| json!(number)))
        .await
        .unwrap();
    let worker = Worker::new(db.client().await)
        .register(script)
        .shutdown_grace(LONG);
    let worker = worker.start().await.unwrap();
    let (running, end) = within("a slow one begins", begins.recv()).await.unwrap();
    let held = "SELECT COUNT(*) FROM dutiful_tasks WHERE worker IS NOT NULL";
    until("others are queued behind it", || async {
        db.int(held).await > 1
    })
    .await;
    worker.stopper().stop();
    until("all but the running one are released", || async {
        db.int(held).await == 1
    })
    .await;
    assert_eq!(client.get(running).await.unwrap().state, State::Running);
    end.send(()).unwrap();
    let counts = worker.wait().await.unwrap();
    assert_eq!(
        (counts.succeeded, counts.failed, counts.leases_lost),
        (101, 0, 0)
    );
    assert!(counts.released > 0, "{counts:?}");
    assert_eq!(client.get(running).await.unwrap().state, State::Succeeded);
    let uncharged =
        "SELECT COUNT(*) FROM dutiful_tasks WHERE status = 'not_started' AND retries = 0
                     AND crashes = 0 AND worker IS NULL AND error_kind IS NULL";
    assert_eq!(db.int(uncharged).await, 59);
    let stats = client.stats().await.unwrap();
    assert_eq!(stats.names[0].queue_depth, 59, "they are due at once");
    let released = "SELECT COUNT(*) FROM dutiful_attempts WHERE outcome = 'released'";
    assert_eq!(
        db.int(released).await,
        i64::try_from(counts.released).unwrap()
    );
}

/// The row of a task whose run was given back at shutdown.
async fn is_released(db: &TestDb, id: dutiful::TaskId) {
    let client = db.client().await;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.status),
        (State::Queued, Status::NotStarted)
    );
    assert_eq!((task.retries, task.crashes, task.worker), (0, 0, None));
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(
        (attempts.len(), attempts[0].outcome.as_str()),
        (1, "released")
    );
    let worker = db.worker(Script::<0>::echo()).await;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 2));
    worker.shutdown().await;
}

async fn a_run_that_ends_when_it_is_told_is_released_uncharged(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    gate.keep(run);
    assert_eq!(worker.shutdown().await.released, 1);
    is_released(&db, id).await;
}

async fn a_run_that_ignores_that_it_is_told_is_released_uncharged(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (mut script, mut gate) = stubborn::<0>();
    script.threads = Threads::Own;
    let worker = db.worker(script).await;
    let run = gate.next().await;
    let counts = worker.shutdown().await;
    assert_eq!((counts.released, counts.leases_lost), (1, 0));
    assert!(run.cx.is_cancelled());
    gate.keep(run);
    is_released(&db, id).await;
}

async fn work_that_is_finished_in_the_last_moment_is_kept(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = stubborn::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    worker.stopper().stop();
    within("the handler is told", run.cx.cancelled()).await;
    run.succeed("just so");
    let counts = worker.wait().await.unwrap();
    assert_eq!((counts.succeeded, counts.released), (1, 0));
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(json!("just so")))
    );
}

async fn nothing_is_claimed_after_the_worker_was_told_to_stop(db: TestDb) {
    let client = db.client().await;
    client.submit_json("Script", json!(0)).await.unwrap();
    let (script, mut gate) = gated::<0>();
    let worker = Worker::new(client.clone())
        .register(script)
        .shutdown_grace(LONG);
    let worker = worker.start().await.unwrap();
    let run = gate.next().await;
    worker.stopper().stop();
    for number in 1..=20 {
        client.submit_json("Script", json!(number)).await.unwrap();
    }
    run.succeed(1);
    worker.wait().await.unwrap();
    // A claim that was under way when the worker was told may find some. They are given back unrun.
    let unheld = "worker IS NULL AND due_at IS NOT NULL AND retries = 0 AND crashes = 0";
    let unheld = format!("SELECT COUNT(*) FROM dutiful_tasks WHERE {unheld}");
    assert_eq!(db.int(&unheld).await, 20);
    let untouched = "SELECT COUNT(*) FROM dutiful_tasks WHERE attempt = 0";
    assert!(db.int(untouched).await > 0, "not more than one batch");
    assert_eq!(gate.waiting(), 0);
}

async fn no_lease_is_lost_during_a_slow_drain_with_a_live_peer(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (mut script, mut gate) = gated::<0>();
    script.lease = Duration::from_secs(1);
    let first = Worker::new(db.client().await)
        .register(script.clone())
        .shutdown_grace(LONG);
    let first = first.start().await.unwrap();
    let run = gate.next().await;
    let peer = db.worker(script).await;
    first.stopper().stop();
    until("the lease is renewed again and again", || async {
        let task = client.get(id).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Running, 1));
        task.due_at.unwrap().since(task.last_run_at.unwrap()) > Duration::from_secs(2)
    })
    .await;
    run.succeed("slowly");
    let counts = first.wait().await.unwrap();
    assert_eq!((counts.succeeded, counts.leases_lost), (1, 0));
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.attempt, task.crashes, task.state),
        (1, 0, State::Succeeded)
    );
    peer.shutdown().await;
    assert_eq!(gate.waiting(), 0, "the peer never ran it");
}

async fn a_worker_that_stops_takes_its_row_away(db: TestDb) {
    let client = db.client().await;
    let first = Worker::new(client.clone()).register(Script::<0>::echo());
    let first = first.register(Script::<1>::echo()).start().await.unwrap();
    let second = db.worker(Script::<2>::echo()).await;
    let workers = client.workers().await.unwrap();
    let names: Vec<_> = workers
        .iter()
        .map(|worker| worker.worker.as_str())
        .collect();
    assert!(
        names.len() == 2 && names.contains(&first.worker()),
        "{names:?}"
    );
    for worker in &workers {
        assert!(
            worker.alive && worker.process_id == i64::from(std::process::id()),
            "{worker:?}"
        );
        assert!(worker.beat_at >= worker.started_at);
        if worker.worker == first.worker() {
            assert_eq!(worker.task_names, ["Script", "Other"]);
        }
    }
    first.shutdown().await;
    until("only the other has a row", || async {
        let workers = client.workers().await.unwrap();
        workers.len() == 1 && workers[0].worker == second.worker()
    })
    .await;
    second.shutdown().await;
}

async fn dropping_the_handle_stops_the_worker(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    client.wait(id, LONG).await.unwrap();
    drop(worker);
    until("its row is gone", || async {
        client.workers().await.unwrap().is_empty()
    })
    .await;
}
