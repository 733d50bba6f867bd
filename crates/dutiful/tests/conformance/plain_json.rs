//! Payloads that plain SQL has written: the database takes any text, so a worker reads it as strictly as a
//! submission is read. What breaks a rule ends as invalid, without having run.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Context, State, Task, TaskResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

cases![
    a_payload_of_plain_sql_that_breaks_a_rule_is_invalid_and_not_run,
    a_typed_payload_of_plain_sql_that_breaks_a_rule_is_invalid_and_not_run,
    plain_sql_may_write_a_payload_in_any_spelling,
];

const LONG: Duration = Duration::from_secs(60);

/// What breaks a rule, and a word of the answer.
fn broken() -> Vec<(String, &'static str)> {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    [
        ("123456789012345678901234567890", "64 bits"),
        ("-123456789012345678901234567890", "64 bits"),
        ("1e400", "too large"),
        ("1e100000", "too large"),
        (r#""\u0000""#, "U+0000"),
        (r#""\ud800""#, "surrogate"),
        (r#""\udc00\ud800""#, "surrogate"),
        (&nested(33), "deeper than 32"),
        (&nested(101), "deeper than 32"),
        (&nested(20_000), "deeper than 32"),
        ("NaN", "not JSON"),
        ("Infinity", "not JSON"),
        ("'text'", "not JSON"),
    ]
    .map(|(text, why)| (text.to_owned(), why))
    .to_vec()
}

/// Submits them, and asserts that each is invalid for its reason.
async fn all_are_invalid(db: &TestDb, name: &str, payloads: Vec<(String, &str)>) {
    let client = db.client().await;
    let mut ids = Vec::new();
    for (payload, why) in payloads {
        let start: String = payload.chars().take(60).collect();
        ids.push((db.raw().await.submit(name, &payload).await, start, why));
    }
    for (id, start, why) in ids {
        let task = client.wait(dutiful::TaskId(id), LONG).await.unwrap();
        assert_eq!(task.state, State::Invalid, "{start}: {task:?}");
        assert_eq!((task.retries, task.result_data), (0, None), "{start}");
        let said = task.error_message.unwrap();
        assert!(said.contains(why), "{start}: {said}");
    }
}

async fn a_payload_of_plain_sql_that_breaks_a_rule_is_invalid_and_not_run(db: TestDb) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let worker = db
        .worker(Script::<0>::ends(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(json!(1))
        }))
        .await;
    let mut payloads = broken();
    payloads.push(("\u{feff}{}".to_owned(), "byte order mark"));
    all_are_invalid(&db, "Script", payloads).await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    worker.shutdown().await;
}

/// Its fields take whatever the text holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Loose {
    number: Option<f64>,
    text: Option<String>,
    counts: Option<HashMap<String, u32>>,
    value: Value,
}

#[derive(Default)]
struct LooseTask {
    runs: Arc<AtomicU32>,
}

impl Task for LooseTask {
    type Payload = Loose;
    type Output = Loose;

    async fn process(&self, payload: Loose, _: &Context) -> TaskResult<Loose> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(payload)
    }
}

async fn a_typed_payload_of_plain_sql_that_breaks_a_rule_is_invalid_and_not_run(db: TestDb) {
    let task = LooseTask::default();
    let runs = Arc::clone(&task.runs);
    let worker = db.worker(task).await;
    let mut payloads: Vec<_> = broken()
        .into_iter()
        .map(|(text, why)| (format!(r#"{{"value":{text}}}"#), why))
        .collect();
    for (text, why) in [
        (
            r#"{"number":123456789012345678901234567890,"value":1}"#,
            "/number",
        ),
        (r#"{"number":1e400,"value":1}"#, "/number"),
        (r#"{"text":"a\u0000b","value":1}"#, "/text"),
        (r#"{"counts":{"a":1,"a":2},"value":1}"#, "/counts/a"),
        (r#"{"value":1,"value":2}"#, "/value"),
        (r#"{"unknown":1,"unknown":2,"value":1}"#, "/unknown"),
    ] {
        payloads.push((text.to_owned(), why));
    }
    all_are_invalid(&db, "LooseTask", payloads).await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    worker.shutdown().await;
}

async fn plain_sql_may_write_a_payload_in_any_spelling(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(LooseTask::default()).await;
    let text =
        "\n { \"value\" : [ 1.50, \"\\u00e9\\/\" ],\t\"number\": 1E2, \"text\": \"\\u0001\" } ";
    let id = db.raw().await.submit("LooseTask", text).await;
    let task = client.wait(dutiful::TaskId(id), LONG).await.unwrap();
    let expected = Loose {
        number: Some(100.0),
        text: Some("\u{1}".to_owned()),
        counts: None,
        value: json!([1.5, "é/"]),
    };
    assert_eq!(task.state, State::Succeeded, "{:?}", task.error_message);
    assert_eq!(task.result::<Loose>().unwrap(), expected);
    worker.shutdown().await;
}
