//! Limits: what is just within one is stored, and what is beyond it is refused with the rule.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{
    Client, Context, Error, ErrorKind, Filter, State, Task, TaskError, TaskResult, Worker,
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

cases![
    a_payload_of_one_mebibyte_is_stored_and_one_byte_more_is_refused,
    task_names_are_one_to_a_hundred_of_the_allowed_characters,
    priorities_are_minus_nine_to_nine,
    delays_and_times_are_bounded,
    max_retries_are_bounded,
    more_than_ten_thousand_at_once_are_refused,
    a_page_is_one_to_two_hundred_tasks,
    settings_that_cannot_work_stop_a_worker_before_it_starts,
    step_names_are_bounded,
    a_log_line_is_four_kibibytes_at_most,
    a_task_that_says_nothing_has_the_settings_of_the_contract,
];

const TEN_YEARS: Duration = dutiful::limits::DELAY_MAX;

/// Refused as invalid, with a text that says the rule.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, rule: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{error}");
    assert!(
        error.to_string().contains(rule),
        "{error} does not say {rule}"
    );
}

/// A string whose JSON has so many bytes.
fn text_of(bytes: usize) -> Value {
    Value::String("x".repeat(bytes - 2))
}

async fn a_payload_of_one_mebibyte_is_stored_and_one_byte_more_is_refused(db: TestDb) {
    let client = db.client().await;
    let largest = text_of(1024 * 1024);
    let id = client
        .submit_json("Script", largest.clone())
        .await
        .unwrap()
        .id;
    assert_eq!(client.get(id).await.unwrap().task_payload, largest);
    refused(
        client.submit_json("Script", text_of(1024 * 1024 + 1)).await,
        "1048576 bytes",
    );
    assert_eq!(db.count("tasks").await, 1);
    // Whole batches of them go through as well, in as many statements as it takes.
    let many = (0..6).map(|number| json!([number, "y".repeat(1_000_000)]));
    assert_eq!(client.submit_many::<Script>(many).await.unwrap().len(), 6);
    let worker = db.worker(Script::<0>::echo()).await;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(largest))
    );
    worker.shutdown().await;
}

async fn task_names_are_one_to_a_hundred_of_the_allowed_characters(db: TestDb) {
    let client = db.client().await;
    let longest = "n".repeat(100);
    for name in ["A", "_", "9lives", "mail:send-welcome.v2", &longest] {
        let id = client.submit_json(name, json!(1)).await.unwrap().id;
        assert_eq!(client.get(id).await.unwrap().task_name, name);
    }
    let too_long = "n".repeat(101);
    for name in [
        "", " ", "a b", "../etc", "-a", "é", "a\n", "a\0", "a'--", "a%", &too_long,
    ] {
        refused(client.submit_json(name, json!(1)).await, "1 to 100");
    }
    assert_eq!(db.count("tasks").await, 5);
}

async fn priorities_are_minus_nine_to_nine(db: TestDb) {
    let client = db.client().await;
    for priority in -9..=9 {
        let submit = client
            .submit_json("Script", json!(priority))
            .priority(priority);
        let id = submit.await.unwrap().id;
        assert_eq!(client.get(id).await.unwrap().priority, priority);
    }
    for priority in [-10, 10, i64::from(i32::MAX) + 1, i64::MAX, i64::MIN] {
        refused(
            client
                .submit_json("Script", json!(0))
                .priority(priority)
                .await,
            "-9 to 9",
        );
    }
}

async fn delays_and_times_are_bounded(db: TestDb) {
    let client = db.client().await;
    let submit = |number: u32| client.submit_json("Script", json!(number));
    let id = submit(1).delay(TEN_YEARS).await.unwrap().id;
    assert_eq!(client.get(id).await.unwrap().state, State::Scheduled);
    refused(
        submit(2).delay(TEN_YEARS + Duration::from_secs(1)).await,
        "ten years",
    );
    refused(submit(3).delay(Duration::MAX).await, "ten years");
    // Before 1970 counts as 1970, which is long past.
    let old = SystemTime::UNIX_EPOCH - Duration::from_secs(3_600);
    let id = submit(4).at(old).await.unwrap().id;
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
    // Beyond the year 9999 counts as its end.
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(300_000_000_000);
    let id = submit(5).at(far).await.unwrap().id;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        task.due_at.unwrap().to_string(),
        "9999-12-30T22:00:00.000000Z"
    );
}

async fn max_retries_are_bounded(db: TestDb) {
    let client = db.client().await;
    let submit = |number: u32| client.submit_json("Script", json!(1)).max_retries(number);
    let id = submit(1_000_000).await.unwrap().id;
    // A resubmission raises it no further.
    assert_eq!(submit(3).await.unwrap().id, id);
    assert_eq!(client.get(id).await.unwrap().max_retries, 1_000_000);
    refused(submit(1_000_001).await, "1000000");
}

async fn more_than_ten_thousand_at_once_are_refused(db: TestDb) {
    let client = db.client().await;
    let many = (0..10_001).map(|number| json!(number));
    refused(client.submit_many::<Script>(many).await, "10000");
    assert!(client.submit_many::<Script>([]).await.unwrap().is_empty());
    assert_eq!(db.count("tasks").await, 0);
}

async fn a_page_is_one_to_two_hundred_tasks(db: TestDb) {
    let client = db.client().await;
    client
        .submit_many::<Script>((0..201).map(|number| json!(number)))
        .await
        .unwrap();
    let page = client.list(&Filter::new().limit(200)).await.unwrap();
    assert_eq!((page.tasks.len(), page.next.is_some()), (200, true));
    for limit in [0, 201, usize::MAX] {
        let error = client.list(&Filter::new().limit(limit)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

async fn refuses_to_start(client: &Client, script: Script, rule: &str) {
    let error = Worker::new(client.clone())
        .register(script)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(
        error.to_string().contains(rule),
        "{error} does not say {rule}"
    );
}

async fn settings_that_cannot_work_stop_a_worker_before_it_starts(db: TestDb) {
    let client = db.client().await;
    let change = |change: fn(&mut Script)| {
        let mut script = Script::echo();
        change(&mut script);
        script
    };
    refuses_to_start(
        &client,
        change(|s| s.lease = Duration::from_millis(999)),
        "lease",
    )
    .await;
    refuses_to_start(
        &client,
        change(|s| s.lease = Duration::from_secs(3_601)),
        "lease",
    )
    .await;
    refuses_to_start(
        &client,
        change(|s| s.timeout = Duration::from_secs(30 * 86_400 + 1)),
        "timeout",
    )
    .await;
    refuses_to_start(
        &client,
        change(|s| s.poll_interval = Duration::from_micros(999)),
        "poll_interval",
    )
    .await;
    refuses_to_start(
        &client,
        change(|s| s.poll_interval = Duration::from_secs(3_601)),
        "poll_interval",
    )
    .await;
    refuses_to_start(&client, change(|s| s.batch_size = 1_001), "batch").await;
    refuses_to_start(&client, change(|s| s.batch_size = 0), "batch").await;
    refuses_to_start(&client, change(|s| s.timeout = Duration::ZERO), "timeout").await;
    refuses_to_start(&client, change(|s| s.crash_limit = 0), "crash").await;
    let twice = Worker::new(client.clone())
        .register(Script::<0>::echo())
        .register(Script::<0>::echo());
    let error = twice.start().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("two task types are named `Script`"),
        "{error}"
    );
    let error = Worker::new(client.clone()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(client.workers().await.unwrap().is_empty());
}

async fn step_names_are_bounded(db: TestDb) {
    let client = db.client().await;
    let script = Script::<0>::new(|_, cx| async move {
        let longest = "s".repeat(200);
        let mut done: u32 = cx.step(&longest, || async { Ok(1) }).await?;
        // Names are compared byte by byte.
        for name in ["a", "A", "ä", "a "] {
            done += cx.step(name, || async { Ok(1_u32) }).await?;
        }
        for name in ["", "a\0b", &"s".repeat(201)] {
            let refused = cx.step(name, || async { Ok(1) }).await.unwrap_err();
            assert!(refused.to_string().contains("1 to 200 bytes"), "{refused}");
        }
        Ok(json!(done))
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(task.result_data, Some(json!(5)), "{:?}", task.error_message);
    assert_eq!(db.count("steps").await, 5);
    worker.shutdown().await;
}

async fn a_log_line_is_four_kibibytes_at_most(db: TestDb) {
    let client = db.client().await;
    let script = Script::<0>::new(|_, cx| async move {
        cx.log("x".repeat(4 * 1024));
        cx.log("é".repeat(4 * 1024));
        cx.progress(1, &"y".repeat(5 * 1024));
        Ok(json!(1))
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    let lines = client.logs(id).await.unwrap();
    assert_eq!(lines[0].message, "x".repeat(4 * 1024));
    for cut in [&lines[1].message, &task.progress_note.unwrap()] {
        let bytes = cut.len();
        assert!((4_000..=4 * 1024).contains(&bytes), "{bytes} bytes");
        assert!(cut.ends_with("… (cut)"), "it is not marked");
    }
    worker.shutdown().await;
}

/// A task of which only its work is written.
struct Plain;

impl Task for Plain {
    type Payload = u32;
    type Output = [u64; 2];

    /// The seconds that its run may take, and those of its lease.
    async fn process(&self, _: u32, cx: &Context) -> TaskResult<[u64; 2]> {
        let task = cx.client()?.get(cx.id()).await?;
        let (Some(ends), Some(began)) = (task.due_at, task.last_run_at) else {
            return Err(TaskError::failed("nobody holds it"));
        };
        Ok([cx.remaining().as_secs(), ends.since(began).as_secs()])
    }
}

async fn a_task_that_says_nothing_has_the_settings_of_the_contract(db: TestDb) {
    assert_eq!(Plain.poll_interval(), Duration::from_secs(1));
    assert_eq!((Plain.batch_size(), Plain.crash_limit()), (16, 3));
    let limits = [dutiful::limits::SHUTDOWN_GRACE, dutiful::limits::COOLDOWN];
    assert_eq!(limits.map(|time| time.as_secs()), [25, 10 * 60]);
    let client = db.client().await;
    let id = client.submit::<Plain>(1).await.unwrap().id;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.max_retries, task.priority), (3, 0));
    assert_eq!(task.dedup_scope, "until_success");
    let worker = db.worker(Plain).await;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    let [run, lease] = task.result::<[u64; 2]>().unwrap();
    assert!((280..=300).contains(&run), "{run} s of 5 minutes are left");
    assert!((29..=31).contains(&lease), "a lease of {lease} s");
    worker.shutdown().await;
}
