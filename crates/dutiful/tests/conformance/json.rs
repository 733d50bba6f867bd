//! JSON: what every engine can hold is stored byte for byte the same, and the rest is refused before the
//! database sees it.

use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Client, ErrorKind, Filter, State};
use dutiful_core::json::parse;
use serde_json::{Value, json};
use std::time::Duration;

cases![
    accepted_payloads_are_stored_in_the_same_bytes_on_every_engine,
    a_payload_of_thirty_two_levels_is_stored_and_run_and_a_deeper_one_is_refused,
    values_that_some_engine_cannot_hold_are_refused_before_the_database,
    a_payload_reaches_the_handler_as_it_was_submitted,
    a_payload_of_plain_sql_that_says_one_thing_twice_is_invalid_and_not_run,
];

/// What somebody wrote, and the canonical text that is stored.
const ACCEPTED: [(&str, &str); 16] = [
    ("null", "null"),
    (" [ true , false ] ", "[true,false]"),
    (
        r#"{"b":1,"a":{"d":2,"c":3}}"#,
        r#"{"a":{"c":3,"d":2},"b":1}"#,
    ),
    (
        r#"{"10":1,"9":2,"é":3,"z":4}"#,
        r#"{"10":1,"9":2,"z":4,"é":3}"#,
    ),
    ("1.0", "1"),
    ("-0", "0"),
    ("1e3", "1000"),
    ("1E30", "1e+30"),
    ("0.000001", "0.000001"),
    ("1e-7", "1e-7"),
    ("9007199254740993", "9007199254740993"),
    ("18446744073709551615", "18446744073709551615"),
    ("-9223372036854775808", "-9223372036854775808"),
    (r#""\u00e9\u20ac\ud83d\ude00\/""#, r#""é€😀/""#),
    (
        r#""\u0001\t\n\"\\\u007f""#,
        "\"\\u0001\\t\\n\\\"\\\\\u{7f}\"",
    ),
    (
        r#"{"":"","'":"%_?$1:x","\\":"--/*"}"#,
        r#"{"":"","'":"%_?$1:x","\\":"--/*"}"#,
    ),
];

async fn stored(db: &TestDb, client: &Client, payload: Value) -> String {
    let id = client.submit_json("Script", payload).await.unwrap().id;
    let sql = format!("SELECT task_payload FROM dutiful_tasks WHERE id = {id}");
    let rows = db.rows(&sql).await;
    rows[0][0].clone().unwrap()
}

async fn accepted_payloads_are_stored_in_the_same_bytes_on_every_engine(db: TestDb) {
    let client = db.client().await;
    for (text, canonical) in ACCEPTED {
        assert_eq!(
            stored(&db, &client, parse(text).unwrap()).await,
            canonical,
            "{text}"
        );
    }
    // Each of them a second time, already in its canonical form: the same task.
    let before = db.count("tasks").await;
    for (_, canonical) in ACCEPTED {
        assert_eq!(
            stored(&db, &client, parse(canonical).unwrap()).await,
            canonical
        );
    }
    assert_eq!(db.count("tasks").await, before);
}

/// So many levels: arrays and objects in turn, and a number in the innermost.
fn nested(levels: usize) -> Value {
    let around = |inside: Value, level: usize| {
        if level.is_multiple_of(2) {
            json!([inside])
        } else {
            json!({ "k": inside })
        }
    };
    (1..levels).fold(json!(1), around)
}

async fn a_payload_of_thirty_two_levels_is_stored_and_run_and_a_deeper_one_is_refused(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    let deepest = nested(32);
    let id = client
        .submit_json("Script", deepest.clone())
        .await
        .unwrap()
        .id;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(deepest))
    );
    for levels in [33, 101] {
        refused(&client, nested(levels), "deeper than 32").await;
    }
    assert_eq!(db.count("tasks").await, 1);
    worker.shutdown().await;
}

async fn refused(client: &Client, payload: Value, rule: &str) {
    let error = client.submit_json("Script", payload).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{error}");
    assert!(
        error.to_string().contains(rule),
        "{error} does not say {rule}"
    );
}

async fn values_that_some_engine_cannot_hold_are_refused_before_the_database(db: TestDb) {
    let client = db.client().await;
    refused(&client, json!("a\0b"), "U+0000").await;
    refused(&client, json!({ "a": [{ "b\0": 1 }] }), "U+0000").await;
    let batch = [json!(1), json!("\0")];
    let error = client.submit_many::<Script>(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert_eq!(db.count("tasks").await, 0);
}

async fn a_payload_reaches_the_handler_as_it_was_submitted(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    for (text, _) in ACCEPTED {
        let payload = parse(text).unwrap();
        let id = client
            .submit_json("Script", payload.clone())
            .await
            .unwrap()
            .id;
        let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
        // 1.0 and 1 are the same number in JSON, and not to the parser.
        let same = |a: &Value, b: &Value| a == b || a.as_f64() == b.as_f64() && a.is_number();
        assert!(
            same(&task.task_payload, &payload),
            "{text}: {:?}",
            task.task_payload
        );
        assert!(same(&task.result_data.unwrap(), &payload), "{text}");
    }
    worker.shutdown().await;
}

async fn a_payload_of_plain_sql_that_says_one_thing_twice_is_invalid_and_not_run(db: TestDb) {
    let client = db.client().await;
    // A payload of an older version is read before it is upgraded.
    for (payload, version) in [
        (r#"{"to":"ada","to":"bob"}"#, 1),
        (r#"{"all":[{"to":1,"to":2}]}"#, 1),
        (r#"{"to":"ada","to":"bob"}"#, 0),
    ] {
        let sql = format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload, payload_version) VALUES ('Script', {}, {version})",
            quoted(payload)
        );
        assert_eq!(db.exec(&sql).await, 1, "every engine stores it as it is");
    }
    let worker = db.worker(Script::<0>::echo()).await;
    let tasks = client.list(&Filter::new()).await.unwrap().tasks;
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        let task = client.wait(task.id, Duration::from_secs(60)).await.unwrap();
        assert_eq!(task.state, State::Invalid);
        assert_eq!((task.retries, task.result_data), (0, None));
        let why = task.error_message.unwrap();
        assert!(why.contains("/to"), "{why} does not say which key");
    }
    worker.shutdown().await;
}
