//! A link that breaks just when the server has done what it was asked: what was written is neither written
//! twice nor forgotten.
//!
//! SQLite has no such link; there a process that is killed while it commits stands for it (the crash trials).

use crate::harness::engine::{Dialect, Engine};
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until, within};
use dutiful::{Client, DedupScope, Filter, Outcome, Overlap, Periodic, Register, RetryPolicy};
use dutiful::{State, TaskInfo, Worker, WorkerHandle};
use dutiful_core::limits::LEASE_MIN;
use serde_json::json;
use std::future::IntoFuture;
use std::time::{Duration, Instant};

cases![
    ;
    on Engine::is_server:
    a_submission_whose_answer_was_lost_is_found_again,
    a_batch_whose_answer_was_lost_is_found_again,
    a_claim_whose_answer_was_lost_is_adopted_and_runs_once,
    a_claim_that_is_heard_after_its_lease_starts_no_handler,
    a_task_on_its_last_chance_whose_claim_was_not_heard_runs_alone,
    a_take_over_whose_answer_was_lost_counts_one_crash,
    successes_whose_answer_was_lost_stand,
    a_failure_whose_answer_was_lost_is_charged_once,
    a_success_whose_answer_was_lost_has_its_follow_ups_once,
    what_an_operator_asked_for_is_done_once_when_the_answer_was_lost,
    an_edit_or_a_removal_whose_answer_was_lost_is_done_once,
    a_tick_whose_answer_was_lost_fires_once,
];

/// Marks what the answer is lost to.
const MARK: &str = "the answer to this is lost";
const COMMIT: &str = "COMMIT";
const LONG: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// How often it is tried to hold up a claim, and not something else that the worker asks.
const HOLD_UPS_MAX: usize = 10;

/// A client behind a link that can lose answers.
async fn over_a_link(db: &TestDb) -> (Client, Proxy) {
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    (client.connect().await.unwrap(), proxy)
}

/// A worker all of whose links can lose answers. It has beaten, and does not again for ten seconds.
async fn worker(db: &TestDb, task: impl Register) -> (WorkerHandle, Proxy) {
    let (client, proxy) = over_a_link(db).await;
    let worker = Worker::new(client).register(task);
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    let again = "SELECT COUNT(*) FROM dutiful_workers WHERE beat_at > started_at";
    until("the heart beats", || async { db.int(again).await == 1 }).await;
    (worker, proxy)
}

/// How the claim that takes something is known: by the worker's name, and on MySQL it is over with the
/// commit that follows.
fn claims(db: &TestDb, worker: &WorkerHandle) -> (String, String) {
    let name = worker.worker().to_owned();
    match db.dialect() {
        Dialect::Mysql => (name, COMMIT.to_owned()),
        _ => (name.clone(), name),
    }
}

async fn a_submission_whose_answer_was_lost_is_found_again(db: TestDb) {
    for scope in [DedupScope::None, DedupScope::UntilSuccess] {
        let (client, proxy) = over_a_link(&db).await;
        proxy.lose(MARK, MARK);
        let submit = client
            .submit_json("Script", json!([MARK, scope.stored()]))
            .dedup(scope);
        let submitted = within("it is answered in the end", submit.into_future()).await;
        let submitted = submitted.unwrap();
        // It is not merged into itself: the caller has submitted once.
        assert_eq!(submitted.outcome, Outcome::Created, "{scope:?}");
        let task = client.get(submitted.id).await.unwrap();
        assert_eq!(task.max_retries, 3, "{scope:?}");
        assert!(proxy.has_cut(), "{scope:?}");
    }
    assert_eq!(db.count("tasks").await, 2);
}

async fn a_batch_whose_answer_was_lost_is_found_again(db: TestDb) {
    let (client, proxy) = over_a_link(&db).await;
    proxy.lose(MARK, COMMIT);
    let payloads = (0..30).map(|number| json!([MARK, number % 20]));
    let many = client.submit_many::<Script>(payloads);
    let answers = within("it is answered in the end", many.into_future()).await;
    let answers = answers.unwrap();
    for (number, answer) in answers.iter().enumerate() {
        let merged = number >= 20;
        assert_eq!(answer.outcome == Outcome::Merged, merged, "{number}");
        assert_eq!(answer.id, answers[number % 20].id, "{number}");
    }
    for (number, max_retries) in [(0, 4), (9, 4), (10, 3), (19, 3)] {
        let task = client.get(answers[number].id).await.unwrap();
        assert_eq!(task.max_retries, max_retries, "{number}");
    }
    assert_eq!((answers.len(), db.count("tasks").await), (30, 20));
    assert!(proxy.has_cut());
}

async fn a_claim_whose_answer_was_lost_is_adopted_and_runs_once(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let (worker, proxy) = worker(&db, script).await;
    let (mark, lost) = claims(&db, &worker);
    proxy.lose(&mark, &lost);
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let run = gate.next().await;
    assert!(proxy.has_cut(), "the claim was heard");
    assert_eq!((run.id(), run.cx.attempt()), (id, 1));
    run.succeed(1);
    let task = client.wait(id, LONG).await.unwrap();
    once(&db, &task).await;
    assert_eq!(gate.waiting(), 0);
    let counts = worker.shutdown().await;
    assert_eq!((counts.succeeded, counts.leases_lost), (1, 0));
}

async fn a_claim_that_is_heard_after_its_lease_starts_no_handler(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.lease = LEASE_MIN;
    let (worker, proxy) = worker(&db, script).await;
    // The worker's name is in other requests too: where one of these is held up, the claim is heard in time.
    for round in 0..HOLD_UPS_MAX {
        proxy.hold_up_answer(worker.worker(), LEASE_MIN * 2);
        let asked = Instant::now();
        let submit = client.submit_json("Script", json!(round));
        let id = submit.await.unwrap().id;
        let run = gate.next().await;
        let (attempt, waited) = (run.cx.attempt(), asked.elapsed());
        assert_eq!(run.id(), id);
        run.succeed(1);
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Succeeded, attempt));
        assert_eq!((task.crashes, task.retries), (0, 0), "nothing was charged");
        assert_eq!(gate.waiting(), 0);
        if attempt == 2 {
            assert!(proxy.held_up() > 0, "nothing was held up");
            worker.shutdown().await;
            return;
        }
        assert!(waited < LEASE_MIN * 2, "begun after its lease: {waited:?}");
    }
    panic!("no claim was held up in {HOLD_UPS_MAX} rounds");
}

/// The task has succeeded in its first attempt, and nothing was charged.
async fn once(db: &TestDb, task: &TaskInfo) {
    assert_eq!(
        (task.state, task.attempt),
        (State::Succeeded, 1),
        "{task:?}"
    );
    assert_eq!((task.crashes, task.retries), (0, 0));
    assert_eq!(db.count("attempts").await, 0);
}

async fn a_task_on_its_last_chance_whose_claim_was_not_heard_runs_alone(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let (worker, proxy) = worker(&db, script).await;
    let (mark, lost) = claims(&db, &worker);
    // Where a claim that takes nothing names the worker too, that one comes before.
    let before = usize::from(db.dialect() == Dialect::Postgres);
    proxy.lose_after(before, &mark, &lost);
    let due = db.now_plus(-1);
    let suspects = format!(
        "INSERT INTO dutiful_tasks (task_name, task_payload, crashes, due_at)
         VALUES ('Script', '1', 2, {due}), ('Script', '2', 2, {due})"
    );
    assert_eq!(db.exec(&suspects).await, 2);
    let first = gate.next().await;
    assert!(proxy.has_cut(), "the claim was heard");
    // What harmed nobody is claimed beside it, the other one is not.
    for number in 0..10 {
        let submit = client.submit_json("Script", json!(["innocent", number]));
        submit.await.unwrap();
        let run = gate.next().await;
        assert_eq!(run.payload[0], json!("innocent"), "two suspects at once");
        run.succeed(1);
    }
    first.succeed(1);
    let second = gate.next().await;
    assert_ne!(second.payload[0], json!("innocent"));
    second.succeed(2);
    let done = "SELECT COUNT(*) FROM dutiful_tasks WHERE status = 'success' AND attempt = 1";
    until("all have run once", || async { db.int(done).await == 12 }).await;
    worker.shutdown().await;
}

async fn a_take_over_whose_answer_was_lost_counts_one_crash(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, MARK).await;
    db.set_due(id, 600).await;
    let (script, mut gate) = gated::<0>();
    let (worker, proxy) = worker(&db, script).await;
    proxy.lose(MARK, COMMIT);
    db.expire(id).await;
    let run = gate.next().await;
    assert!(proxy.has_cut(), "the take-over was heard");
    assert_eq!((run.id(), run.cx.attempt()), (id, 2));
    run.succeed(1);
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt, task.crashes),
        (State::Succeeded, 2, 1)
    );
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!(attempts[0].outcome, "lease_lost");
    assert_eq!(worker.shutdown().await.leases_lost, 0);
}

async fn successes_whose_answer_was_lost_stand(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let (worker, proxy) = worker(&db, script).await;
    let many = client.submit_many::<Script>((0..5).map(|number| json!(number)));
    let ids: Vec<_> = many.await.unwrap().iter().map(|task| task.id).collect();
    let mut runs = Vec::new();
    for _ in &ids {
        runs.push(gate.next().await);
    }
    proxy.lose(MARK, MARK);
    for run in runs {
        run.succeed(MARK);
    }
    for id in ids {
        let task = client.wait(id, LONG).await.unwrap();
        once(&db, &task).await;
        assert_eq!(task.result_data, Some(json!(MARK)));
    }
    assert!(proxy.has_cut(), "the successes were heard");
    let counts = worker.shutdown().await;
    assert_eq!((counts.succeeded, counts.leases_lost), (5, 0));
}

async fn a_failure_whose_answer_was_lost_is_charged_once(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let (worker, proxy) = worker(&db, script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let run = gate.next().await;
    proxy.lose(MARK, COMMIT);
    run.fail(MARK);
    until("the worker knows that it is settled", || async {
        worker.counts().failed == 1
    })
    .await;
    assert!(proxy.has_cut(), "the failure was heard");
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.retries), (State::Retrying, 1));
    assert_eq!(task.error_message.as_deref(), Some(MARK));
    assert_eq!(client.attempts(id).await.unwrap().len(), 1);
    assert_eq!(worker.shutdown().await.leases_lost, 0);
}

async fn a_success_whose_answer_was_lost_has_its_follow_ups_once(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let (worker, proxy) = worker(&db, script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let run = gate.next().await;
    for number in 0..3 {
        let follow_up = run.cx.submit::<Script<1>>(json!(number));
        follow_up.dedup(DedupScope::None).await.unwrap();
    }
    proxy.lose(MARK, COMMIT);
    run.succeed(MARK);
    until("the worker knows that it is settled", || async {
        worker.counts().succeeded == 1
    })
    .await;
    assert!(proxy.has_cut(), "the success was heard");
    once(&db, &client.get(id).await.unwrap()).await;
    let follow_ups = client.list(&Filter::new().task_name("Other")).await;
    assert_eq!(follow_ups.unwrap().tasks.len(), 3);
    assert_eq!(worker.shutdown().await.leases_lost, 0);
}

async fn what_an_operator_asked_for_is_done_once_when_the_answer_was_lost(db: TestDb) {
    let (client, proxy) = over_a_link(&db).await;
    let submit = |number: u32| client.submit_json("Script", json!(number));
    let (cancelled, retried) = (submit(1).await.unwrap().id, submit(2).await.unwrap().id);
    let hurried = submit(3).delay(HOUR).await.unwrap().id;
    db.die_holding(cancelled, "elsewhere").await;
    db.set_due(cancelled, 600).await;
    let failed =
        "UPDATE dutiful_tasks SET status = 'error', due_at = NULL, retries = 3, attempt = 3";
    db.exec(&format!("{failed} WHERE id = {retried}")).await;

    proxy.lose("", COMMIT);
    let task = within("it is answered", client.cancel(cancelled))
        .await
        .unwrap();
    assert_eq!((task.state, proxy.has_cut()), (State::Cancelled, true));
    let attempts = client.attempts(cancelled).await.unwrap();
    assert_eq!(attempts.len(), 1, "{attempts:?}");

    proxy.lose("", COMMIT);
    let task = within("it is answered", client.retry(retried))
        .await
        .unwrap();
    assert_eq!((task.state, proxy.has_cut()), (State::Retrying, true));
    assert_eq!((task.retries, task.max_retries), (3, 4));

    proxy.lose("", COMMIT);
    let task = within("it is answered", client.run_now(hurried))
        .await
        .unwrap();
    assert_eq!((task.state, proxy.has_cut()), (State::Queued, true));
}

async fn an_edit_or_a_removal_whose_answer_was_lost_is_done_once(db: TestDb) {
    let (client, proxy) = over_a_link(&db).await;
    let id = client
        .submit_json("Script", json!(1))
        .held()
        .await
        .unwrap()
        .id;
    let seen = client.get(id).await.unwrap().version();
    let edit = client
        .edit(id)
        .payload(json!(2))
        .priority(3)
        .if_version(&seen);
    proxy.lose("", COMMIT);
    // Repeated, it meets a version of its own making.
    let task = within("it is answered", edit.into_future()).await.unwrap();
    assert_eq!(
        (task.task_payload, task.priority, proxy.has_cut()),
        (json!(2), 3, true)
    );

    client.cancel(id).await.unwrap();
    proxy.lose("", COMMIT);
    within("it is answered", client.delete(id)).await.unwrap();
    assert!(proxy.has_cut());
    assert_eq!(db.count("tasks").await, 0);

    let id = client.submit_json("Script", json!(MARK)).await.unwrap().id;
    proxy.lose(MARK, MARK);
    let copy = within("it is answered", client.duplicate(id))
        .await
        .unwrap();
    assert_eq!((copy.outcome, proxy.has_cut()), (Outcome::Created, true));
    assert_eq!(db.count("tasks").await, 2);
}

async fn a_tick_whose_answer_was_lost_fires_once(db: TestDb) {
    let client = db.client().await;
    let every = Duration::from_millis(300);
    let periodic = Periodic::every_with(every, Script::<0>::echo(), json!(MARK));
    let (worker, proxy) = worker(&db, periodic.overlap(Overlap::Allow)).await;
    let fired = || async {
        let rows = client.periodic().await.unwrap();
        rows.first().map_or(0, |row| row.fired)
    };
    until("it ticks", || async { fired().await >= 1 }).await;
    let before = fired().await;
    proxy.lose(MARK, COMMIT);
    until("the answer is lost", || async { proxy.has_cut() }).await;
    until("it goes on ticking", || async {
        fired().await >= before + 3
    })
    .await;
    worker.shutdown().await;
    assert_eq!(db.count("tasks").await, fired().await, "one task a tick");
}
