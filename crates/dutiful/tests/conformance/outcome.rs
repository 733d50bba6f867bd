//! How runs end that do not just answer: timeouts, panics, blocked threads, results and errors that are
//! too large, payloads of other versions.

use crate::harness::trial::cases;
use crate::harness::{Gate, Script, TestDb, gated, stubborn, until, within};
use dutiful::{Client, RetryPolicy, State, TaskId, TaskInfo, Threads, Worker, WorkerHandle};
use serde_json::{Value, json};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

cases![
    a_run_that_takes_too_long_times_out_and_says_so,
    a_run_on_its_own_thread_times_out_as_well,
    a_panic_is_a_failed_run_and_its_lane_goes_on,
    a_panic_on_its_own_thread_is_a_failed_run,
    a_handler_that_ignores_its_timeout_is_dropped,
    a_thread_that_ignores_its_timeout_is_abandoned_and_its_slot_given_back,
    a_handler_that_blocks_its_event_loop_times_out_and_others_go_on,
    a_result_that_is_too_large_is_marked_and_the_work_not_repeated,
    a_result_of_many_megabytes_is_stored,
    a_result_is_stored_as_it_is_however_deep_and_with_zero_characters,
    a_zero_character_in_an_error_is_replaced,
    a_long_error_is_cut_and_marked,
];

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(150);
const HOUR: Duration = Duration::from_secs(3_600);

/// The row once nobody holds it.
async fn settled(client: &Client, id: TaskId) -> TaskInfo {
    until("the run is settled", || async {
        let task = client.get(id).await.unwrap();
        task.attempt > 0 && task.worker.is_none()
    })
    .await;
    client.get(id).await.unwrap()
}

async fn submit(client: &Client, payload: Value) -> TaskId {
    client.submit_json("Script", payload).await.unwrap().id
}

fn timed_out(task: &TaskInfo) {
    assert_eq!((task.state, task.retries), (State::Retrying, 1));
    assert_eq!(task.error_kind.as_deref(), Some("timed_out"));
    let text = task.error_message.as_deref().unwrap();
    let names = format!("task `Script` {} timed out: it ran ", task.id);
    assert!(
        text.starts_with(&names) && text.ends_with("allowed are 0.1 s"),
        "{text}"
    );
}

async fn times_out(db: TestDb, threads: Threads) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.timeout = SHORT;
    script.threads = threads;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let id = submit(&client, json!(1)).await;
    let run = gate.next().await;
    assert!(run.cx.remaining() <= SHORT);
    gate.keep(run);
    timed_out(&settled(&client, id).await);
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(
        (attempts.len(), attempts[0].outcome.as_str()),
        (1, "timed_out")
    );
    // The lane is well.
    let id = submit(&client, json!(2)).await;
    gate.next().await.succeed(2);
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    assert_eq!(worker.shutdown().await.abandoned, 0);
}

async fn a_run_that_takes_too_long_times_out_and_says_so(db: TestDb) {
    times_out(db, Threads::Shared).await;
}

async fn a_run_on_its_own_thread_times_out_as_well(db: TestDb) {
    times_out(db, Threads::Own).await;
}

async fn panics(db: TestDb, threads: Threads) {
    let client = db.client().await;
    let mut script = Script::<0>::new(|payload, cx| async move {
        assert!(payload != json!("bad"), "no good: {}", cx.id());
        Ok(payload)
    });
    script.threads = threads;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let bad = submit(&client, json!("bad")).await;
    let good = submit(&client, json!("good")).await;
    let task = settled(&client, bad).await;
    assert_eq!((task.state, task.retries), (State::Retrying, 1));
    assert_eq!(task.error_kind.as_deref(), Some("panicked"));
    assert_eq!(task.error_message, Some(format!("no good: {bad}")));
    assert_eq!(client.attempts(bad).await.unwrap()[0].outcome, "panicked");
    assert_eq!(
        client.wait(good, LONG).await.unwrap().state,
        State::Succeeded
    );
    worker.shutdown().await;
}

async fn a_panic_is_a_failed_run_and_its_lane_goes_on(db: TestDb) {
    panics(db, Threads::Shared).await;
}

async fn a_panic_on_its_own_thread_is_a_failed_run(db: TestDb) {
    panics(db, Threads::Own).await;
}

async fn a_handler_that_ignores_its_timeout_is_dropped(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = stubborn::<0>();
    script.timeout = SHORT;
    script.batch_size = 1;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let id = submit(&client, json!(1)).await;
    let run = gate.next().await;
    within("the handler is told", run.cx.cancelled()).await;
    timed_out(&settled(&client, id).await);
    assert!(run.is_gone(), "its future was dropped");
    // Its slot, the only one, is free again.
    let id = submit(&client, json!(2)).await;
    gate.next().await.succeed(2);
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn a_thread_that_ignores_its_timeout_is_abandoned_and_its_slot_given_back(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = stubborn::<0>();
    script.timeout = SHORT;
    script.batch_size = 1;
    script.threads = Threads::Own;
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let id = submit(&client, json!(1)).await;
    let run = gate.next().await;
    let ended = settled(&client, id).await;
    timed_out(&ended);
    assert_eq!(worker.counts().abandoned, 1);
    let other = submit(&client, json!(2)).await;
    gate.next().await.succeed(2);
    assert_eq!(
        client.wait(other, LONG).await.unwrap().state,
        State::Succeeded
    );
    // What it answers in the end is not stored.
    run.succeed("too late");
    let third = submit(&client, json!(3)).await;
    gate.next().await.succeed(3);
    client.wait(third, LONG).await.unwrap();
    assert_eq!(client.get(id).await.unwrap(), ended);
    worker.shutdown().await;
}

/// A worker with a lane whose handler blocks its thread until the test says so, and another lane.
struct Blocked {
    worker: WorkerHandle,
    release: mpsc::Sender<()>,
    begins: tokio::sync::mpsc::UnboundedReceiver<Value>,
    other: Gate,
}

async fn blocked(db: &TestDb) -> Blocked {
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let (begun, begins) = tokio::sync::mpsc::unbounded_channel();
    let mut script = Script::<0>::new(move |payload, _| {
        let _ = begun.send(payload.clone());
        if payload == json!("blocks") {
            let _ = released.lock().unwrap().recv();
        }
        async move { Ok(payload) }
    });
    script.timeout = SHORT;
    script.lease = Duration::from_secs(2);
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let (lane, other) = gated::<1>();
    let worker = Worker::new(db.client().await)
        .register(script)
        .register(lane);
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    Blocked {
        worker,
        release,
        begins,
        other,
    }
}

async fn a_handler_that_blocks_its_event_loop_times_out_and_others_go_on(db: TestDb) {
    let client = db.client().await;
    let mut it = blocked(&db).await;
    let id = submit(&client, json!("blocks")).await;
    assert_eq!(
        within("it begins", it.begins.recv()).await,
        Some(json!("blocks"))
    );
    // Another lane has a thread of its own.
    let elsewhere = client.submit_json("Other", json!(1)).await.unwrap().id;
    it.other.next().await.succeed(1);
    assert_eq!(
        client.wait(elsewhere, LONG).await.unwrap().state,
        State::Succeeded
    );
    let ended = settled(&client, id).await;
    timed_out(&ended);
    assert_eq!(
        (ended.attempt, ended.crashes),
        (1, 0),
        "it never lost its lease"
    );
    assert_eq!(it.worker.counts().abandoned, 1);
    // The blocked lane has a new thread, while the old one still blocks.
    let next = submit(&client, json!("next")).await;
    assert_eq!(
        client.wait(next, LONG).await.unwrap().state,
        State::Succeeded
    );
    it.release.send(()).unwrap();
    assert_eq!(client.get(id).await.unwrap(), ended);
    it.worker.shutdown().await;
}

async fn a_result_that_is_too_large_is_marked_and_the_work_not_repeated(db: TestDb) {
    let client = db.client().await;
    let bytes = 9 * 1024 * 1024;
    let worker = db
        .worker(Script::<0>::ends(move || Ok(json!("x".repeat(bytes)))))
        .await;
    let id = submit(&client, json!(1)).await;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    let mark = &task.result_data.unwrap()["dutiful_truncated"];
    assert_eq!(mark["bytes"], json!(bytes + 2));
    assert!(mark["head"].as_str().unwrap().starts_with("\"xxx"));
    worker.shutdown().await;
}

async fn a_result_of_many_megabytes_is_stored(db: TestDb) {
    let client = db.client().await;
    // The largest that is stored; and one that doubles when it is written inside JSON.
    let largest = json!("x".repeat(8 * 1024 * 1024 - 2));
    let quotes = json!("\"".repeat(3 * 1024 * 1024));
    for result in [largest, quotes] {
        let answer = result.clone();
        let worker = db
            .worker(Script::<0>::ends(move || Ok(answer.clone())))
            .await;
        let id = submit(&client, json!(1)).await;
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.attempt),
            (State::Succeeded, 1),
            "{:?}",
            task.error_message
        );
        assert!(
            task.result_data == Some(result),
            "the result is another one"
        );
        worker.shutdown().await;
    }
}

async fn a_result_is_stored_as_it_is_however_deep_and_with_zero_characters(db: TestDb) {
    let client = db.client().await;
    let nested = |levels: usize| (0..levels).fold(json!(1), |inside, _| json!([inside]));
    let results = vec![
        nested(33),
        nested(100),
        json!("a\0b"),
        json!({ "k\0": ["\0", "\u{1}\u{7f}\u{ffff}"] }),
        nested(300),
    ];
    let answers = results.clone();
    let worker = db
        .worker(Script::<0>::new(move |number, _| {
            let answer = answers[usize::try_from(number.as_u64().unwrap()).unwrap()].clone();
            async move { Ok(answer) }
        }))
        .await;
    for (number, result) in results.into_iter().enumerate() {
        let id = submit(&client, json!(number)).await;
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.attempt),
            (State::Succeeded, 1),
            "{task:?}"
        );
        let text = serde_json::to_string(&result).unwrap();
        let sql = format!("SELECT result_data FROM dutiful_tasks WHERE id = {id}");
        assert_eq!(db.rows(&sql).await[0][0].as_ref(), Some(&text));
        // Deeper than serde_json reads, it is shown as the text that it is.
        let shown = if number == 4 { json!(text) } else { result };
        assert_eq!(task.result_data, Some(shown));
    }
    assert_eq!(db.count("attempts").await, 0);
    worker.shutdown().await;
}

/// The error that is stored when a run fails with this one.
async fn stored_error(db: &TestDb, error: &str) -> String {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    gate.next().await.fail(error);
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.state, task.retries), (State::Failed, 1));
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(attempts[0].error_message, task.error_message);
    worker.shutdown().await;
    task.error_message.unwrap()
}

async fn a_zero_character_in_an_error_is_replaced(db: TestDb) {
    let stored = stored_error(&db, "before\0after 'quoted' \\ 😀").await;
    assert_eq!(stored, "before\u{fffd}after 'quoted' \\ 😀");
}

async fn a_long_error_is_cut_and_marked(db: TestDb) {
    let stored = stored_error(&db, &"é".repeat(50_000)).await;
    assert!(
        stored.len() <= 8 * 1024 && stored.len() > 8_000,
        "{} bytes",
        stored.len()
    );
    assert!(stored.starts_with("ééé") && stored.ends_with("… (cut)"));
}
