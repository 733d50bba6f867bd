//! Payloads that this program did not write: of other versions, or not what the type asks for.

use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use crate::harness::{TestDb, until};
use dutiful::{Client, Context, State, Status, Task, TaskError, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

cases![
    a_payload_of_an_older_version_is_upgraded_and_run,
    a_payload_that_cannot_be_upgraded_ends_as_invalid,
    a_payload_of_a_newer_version_is_left_to_newer_programs_uncharged,
    a_payload_that_is_not_what_the_type_asks_for_ends_as_invalid_and_never_runs,
    a_payload_that_does_not_validate_ends_as_invalid_and_never_runs,
];

const LONG: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Mail {
    to: Vec<String>,
}

/// Version 3 of a type that once had one receiver only, under the key `receiver`.
#[derive(Clone, Default)]
struct Send {
    runs: Arc<AtomicU32>,
}

impl Task for Send {
    type Payload = Mail;
    type Output = usize;

    async fn process(&self, mail: Mail, _: &Context) -> Result<usize, TaskError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(mail.to.len())
    }

    fn version() -> u32 {
        3
    }

    fn upgrade(from_version: u32, payload: Value) -> Result<Value, String> {
        match from_version {
            1 => Ok(json!({ "to": [payload["receiver"]] })),
            _ => Err(format!("version {from_version} was never released")),
        }
    }

    fn validate(mail: &Mail) -> Result<(), String> {
        if mail.to.is_empty() {
            Err("there is no receiver".to_owned())
        } else {
            Ok(())
        }
    }

    fn poll_interval(&self) -> Duration {
        Duration::from_millis(20)
    }
}

/// Writes a row as another program would.
async fn insert(db: &TestDb, client: &Client, payload: &str, version: i64) -> TaskId {
    let sql = format!(
        "INSERT INTO dutiful_tasks (task_name, task_payload, payload_version)
         VALUES ('Send', {}, {version})",
        quoted(payload)
    );
    assert_eq!(db.exec(&sql).await, 1);
    client
        .list(&dutiful::Filter::new().limit(1))
        .await
        .unwrap()
        .tasks[0]
        .id
}

async fn a_payload_of_an_older_version_is_upgraded_and_run(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Send::default()).await;
    let old = insert(&db, &client, r#"{"receiver":"ada"}"#, 1).await;
    let new = client
        .submit::<Send>(Mail {
            to: vec![String::new(); 5],
        })
        .await
        .unwrap()
        .id;
    for (id, version, result) in [(old, 1, 1), (new, 3, 5)] {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!(
            (task.state, task.result_data),
            (State::Succeeded, Some(json!(result)))
        );
        assert_eq!(
            task.payload_version, version,
            "the row keeps what was submitted"
        );
    }
    worker.shutdown().await;
}

/// Ends as invalid for this reason, and the handler was never called.
async fn is_invalid(db: &TestDb, payload: &str, version: i64, why: &str) {
    let client = db.client().await;
    let send = Send::default();
    let worker = db.worker(send.clone()).await;
    let id = insert(db, &client, payload, version).await;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.status),
        (State::Invalid, Status::Error),
        "{payload}"
    );
    assert_eq!((task.retries, task.due_at), (0, None), "{payload}");
    assert_eq!(
        task.error_kind.as_deref(),
        Some("invalid_payload"),
        "{payload}"
    );
    let text = task.error_message.unwrap();
    assert!(text.contains(why), "{payload}: {text}");
    worker.shutdown().await;
    assert_eq!(send.runs.load(Ordering::SeqCst), 0, "{payload}");
}

async fn a_payload_that_cannot_be_upgraded_ends_as_invalid(db: TestDb) {
    is_invalid(&db, "{}", 2, "version 2 was never released").await;
    is_invalid(&db, "{}", 0, "version 0 was never released").await;
    is_invalid(
        &db,
        r#"{"receiver":5}"#,
        1,
        "after the upgrade from version 1",
    )
    .await;
}

async fn a_payload_of_a_newer_version_is_left_to_newer_programs_uncharged(db: TestDb) {
    let client = db.client().await;
    let send = Send::default();
    let worker = db.worker(send.clone()).await;
    let id = insert(&db, &client, r#"{"cc":["ada"]}"#, 4).await;
    until("it is put off", || async {
        client.attempts(id).await.unwrap().len() == 1
    })
    .await;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.status),
        (State::Scheduled, Status::NotStarted)
    );
    assert_eq!((task.retries, task.crashes), (0, 0));
    let attempt = &client.attempts(id).await.unwrap()[0];
    assert_eq!(attempt.outcome, "snoozed");
    let text = attempt.error_message.as_deref().unwrap();
    assert!(text.contains("version 4 is newer than version 3"), "{text}");
    worker.shutdown().await;
    assert_eq!(send.runs.load(Ordering::SeqCst), 0);
}

async fn a_payload_that_is_not_what_the_type_asks_for_ends_as_invalid_and_never_runs(db: TestDb) {
    is_invalid(&db, r#"{"to":"ada"}"#, 3, "invalid type").await;
    is_invalid(&db, "{}", 3, "missing field `to`").await;
    is_invalid(&db, "no json", 3, "expected").await;
    is_invalid(&db, "", 3, "expected").await;
}

async fn a_payload_that_does_not_validate_ends_as_invalid_and_never_runs(db: TestDb) {
    is_invalid(&db, r#"{"to":[]}"#, 3, "there is no receiver").await;
}
