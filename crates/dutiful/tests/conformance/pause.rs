//! A task name that is paused: no worker claims its tasks, and nothing else changes.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until, within};
use dutiful::{Client, ErrorKind, State, TaskId, Worker};
use dutiful_core::limits::LEASE_MIN;
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

cases![
    a_paused_name_is_not_claimed_and_others_are,
    a_pause_is_honoured_within_seconds_by_workers_that_run,
    a_worker_that_only_hears_of_its_own_submissions_honours_a_pause,
    running_tasks_go_on_and_what_has_not_begun_goes_back,
    a_lease_that_runs_out_during_a_pause_is_taken_over_afterwards,
    a_pause_is_shown_and_explained,
    pauses_and_resumes_at_once_fail_for_nobody,
];

const LONG: Duration = Duration::from_secs(60);
/// How long a worker that runs may still claim.
const SECONDS: Duration = Duration::from_secs(3);
/// Far more than it takes until a task runs that somebody claims.
const PATIENCE: Duration = Duration::from_secs(1);

async fn submit(client: &Client, name: &str, number: i64) -> TaskId {
    let submit = client.submit_json(name, json!(number));
    submit.await.unwrap().id
}

async fn succeeds(client: &Client, id: TaskId) {
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
}

/// It is not claimed in all the time in which it would be.
async fn stays(client: &Client, id: TaskId) {
    client.wait(id, PATIENCE).await.unwrap_err();
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Queued, 0));
}

async fn a_paused_name_is_not_claimed_and_others_are(db: TestDb) {
    let client = db.client().await;
    client.pause("Script", "ada").await.unwrap();
    let worker = Worker::new(client.clone()).register(Script::<0>::echo());
    let worker = worker.register(Script::<1>::echo()).start().await.unwrap();
    // Of a worker of this process, which hears of the very level, and of a later one.
    let kept = submit(&client, "Script", 1).await;
    for number in 0..3 {
        succeeds(&client, submit(&client, "Other", number).await).await;
    }
    let later = db.worker(Script::<0>::echo()).await;
    stays(&client, kept).await;
    client.resume("Script").await.unwrap();
    succeeds(&client, kept).await;
    later.shutdown().await;
    worker.shutdown().await;
}

async fn a_pause_is_honoured_within_seconds_by_workers_that_run(db: TestDb) {
    let client = db.client().await;
    let workers = [
        db.worker(Script::<0>::echo()).await,
        db.worker(Script::<0>::echo()).await,
    ];
    succeeds(&client, submit(&client, "Script", 0).await).await;
    client.pause("Script", "ada").await.unwrap();
    tokio::time::sleep(SECONDS).await;
    let kept = submit(&client, "Script", 1).await;
    stays(&client, kept).await;
    client.resume("Script").await.unwrap();
    succeeds(&client, kept).await;
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn a_worker_that_only_hears_of_its_own_submissions_honours_a_pause(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::echo();
    // It never looks by itself.
    script.poll_interval = LONG * 60;
    let worker = Worker::new(client.clone()).register(script);
    let worker = worker.start().await.unwrap();
    succeeds(&client, submit(&client, "Script", 0).await).await;
    // As somebody without hints would.
    let now = db.now_plus(0);
    db.exec(&format!("INSERT INTO dutiful_pauses (task_name, paused_at, paused_by) VALUES ('Script', {now}, 'sql')"))
        .await;
    let began = Instant::now();
    let mut number = 0;
    let kept = loop {
        number += 1;
        let id = submit(&client, "Script", number).await;
        if client.wait(id, PATIENCE).await.is_err() {
            break id;
        }
        assert!(began.elapsed() < SECONDS + PATIENCE, "it still claims");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    stays(&client, kept).await;
    client.resume("Script").await.unwrap();
    succeeds(&client, kept).await;
    worker.shutdown().await;
}

async fn running_tasks_go_on_and_what_has_not_begun_goes_back(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.batch_size = 1;
    script.lease = LEASE_MIN * 3;
    let worker = db.worker(script).await;
    let first = submit(&client, "Script", 0).await;
    let run = gate.next().await;
    let mut rest = Vec::new();
    for number in 1..5 {
        rest.push(submit(&client, "Script", number).await);
    }
    client.pause("Script", "ada").await.unwrap();
    let held = "SELECT COUNT(*) FROM dutiful_tasks WHERE worker IS NOT NULL";
    until("only what runs is held", || async {
        db.int(held).await == 1
    })
    .await;
    // For longer than its lease, so that it is renewed.
    tokio::time::sleep(LEASE_MIN * 5).await;
    assert_eq!(client.get(first).await.unwrap().state, State::Running);
    assert!(!run.cx.is_cancelled());
    run.succeed(1);
    succeeds(&client, first).await;
    assert_eq!(gate.waiting(), 0, "nothing new begins");
    client.resume("Script").await.unwrap();
    for _ in &rest {
        gate.next().await.succeed(1);
    }
    for id in rest {
        succeeds(&client, id).await;
    }
    let charged = "SELECT COUNT(*) FROM dutiful_tasks WHERE retries > 0 OR crashes > 0";
    assert_eq!(db.int(charged).await, 0);
    worker.shutdown().await;
}

async fn a_lease_that_runs_out_during_a_pause_is_taken_over_afterwards(db: TestDb) {
    let client = db.client().await;
    client.pause("Script", "ada").await.unwrap();
    let id = submit(&client, "Script", 1).await;
    db.die_holding(id, "ghost").await;
    let worker = db.worker(Script::<0>::echo()).await;
    client.wait(id, PATIENCE).await.unwrap_err();
    let task = client.get(id).await.unwrap();
    assert_eq!((task.attempt, task.crashes), (1, 0));
    client.resume("Script").await.unwrap();
    succeeds(&client, id).await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.attempt, task.crashes), (2, 1));
    worker.shutdown().await;
}

async fn a_pause_is_shown_and_explained(db: TestDb) {
    let client = db.client().await;
    let id = submit(&client, "Script", 1).await;
    let other = submit(&client, "Other", 1).await;
    let paused = client.pause("Script", "ada").await.unwrap();
    assert_eq!(
        (paused.task_name.as_str(), paused.paused_by.as_str()),
        ("Script", "ada")
    );
    // Who was first stays.
    assert_eq!(client.pause("Script", "bob").await.unwrap(), paused);
    client.pause("Third", "ada").await.unwrap();
    let names: Vec<String> = client
        .paused()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.task_name)
        .collect();
    assert_eq!(names, ["Script", "Third"]);
    let stats = client.stats().await.unwrap();
    let shown: Vec<(&str, bool)> = stats
        .names
        .iter()
        .map(|name| (name.task_name.as_str(), name.paused))
        .collect();
    assert_eq!(shown, [("Other", false), ("Script", true)]);
    let codes = async |id| {
        let reasons = client.explain(id).await.unwrap().reasons;
        reasons.iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(id).await, ["paused", "queued_behind", "no_worker"]);
    assert_eq!(codes(other).await, ["queued_behind", "no_worker"]);
    client.resume("Script").await.unwrap();
    client.resume("Script").await.unwrap();
    assert_eq!(codes(id).await, ["queued_behind", "no_worker"]);
    for name in ["", "no name", "x'; --", &"n".repeat(101)] {
        let error = client.pause(name, "ada").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert_eq!(
            client.resume(name).await.unwrap_err().kind(),
            ErrorKind::Config
        );
    }
}

async fn pauses_and_resumes_at_once_fail_for_nobody(db: TestDb) {
    let clients = db.clients(4).await;
    let wishes = clients
        .iter()
        .enumerate()
        .map(|(number, client)| async move {
            for round in 0..25 {
                if (round + number) % 2 == 0 {
                    match client.pause("Script", "ada").await {
                        Ok(_) => {}
                        // Somebody else was quicker to resume it.
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                    }
                } else {
                    client.resume("Script").await.unwrap();
                }
            }
        });
    within("all are done", join_all(wishes)).await;
    clients[0].pause("Script", "last").await.unwrap();
    assert_eq!(clients[1].paused().await.unwrap().len(), 1);
}
