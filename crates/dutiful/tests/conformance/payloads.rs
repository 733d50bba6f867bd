//! Whether a program can read what is stored, told before it is deployed.

use crate::harness::TestDb;
use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use dutiful::{
    Client, Context, PayloadFault, PayloadReport, PayloadType, State, Task, TaskError, TaskId,
    UnknownName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

cases![
    what_cannot_be_run_is_told_by_name_and_reason,
    what_is_told_is_what_becomes_of_it,
    tasks_that_have_ended_are_looked_at_when_asked,
    names_that_the_program_does_not_know_are_counted_and_not_read,
    every_row_of_a_large_table_is_looked_at_in_steps,
    a_row_that_means_nothing_is_told_of_and_hides_no_other,
    a_payload_of_an_unknown_type_carries_the_version_that_was_said,
];

#[derive(Serialize, Deserialize, JsonSchema)]
struct Mail {
    to: Vec<String>,
}

/// Version 3 of a type that once had one receiver only.
struct Send;

impl Task for Send {
    type Payload = Mail;
    type Output = usize;

    async fn process(&self, mail: Mail, _: &Context) -> Result<usize, TaskError> {
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
        match mail.to.is_empty() {
            true => Err("there is no receiver".to_owned()),
            false => Ok(()),
        }
    }

    fn poll_interval(&self) -> Duration {
        Duration::from_millis(20)
    }
}

/// Writes a row as another program would; they get the ids from 1 on.
async fn insert(db: &TestDb, name: &str, payload: &str, version: i64) {
    let sql = format!(
        "INSERT INTO dutiful_tasks (task_name, task_payload, payload_version)
         VALUES ('{name}', {}, {version})",
        quoted(payload)
    );
    assert_eq!(db.exec(&sql).await, 1);
}

/// One for each reason, and two that can be run.
async fn one_each(db: &TestDb) {
    for (payload, version) in [
        (r#"{"to":["ada"]}"#, 3),
        (r#"{"receiver":"ada"}"#, 1),
        (r#"{"cc":[]}"#, 4),
        ("{}", 2),
        ("no json", 3),
        (r#"{"to":[],"to":["a"]}"#, 3),
        (r#"{"receiver":5}"#, 1),
        (r#"{"to":[]}"#, 3),
    ] {
        insert(db, "Send", payload, version).await;
    }
}

async fn check(client: &Client, ended: bool) -> PayloadReport {
    let types = [PayloadType::of::<Send>()];
    client
        .check_payloads(&types, ended, |_, _| {})
        .await
        .unwrap()
}

/// Reason, number and ids.
fn faults(report: &PayloadReport) -> Vec<(PayloadFault, u64, usize)> {
    let plain = report.faults.iter();
    plain
        .map(|fault| (fault.reason, fault.told.tasks, fault.told.examples.len()))
        .collect()
}

async fn what_cannot_be_run_is_told_by_name_and_reason(db: TestDb) {
    let client = db.client().await;
    assert!(
        check(&client, true).await.faults.is_empty(),
        "an empty table"
    );
    one_each(&db).await;
    let report = check(&client, false).await;
    assert_eq!(report.checked, 8);
    assert_eq!(
        faults(&report),
        [
            (PayloadFault::NewerVersion, 1, 1),
            (PayloadFault::NotUpgraded, 1, 1),
            (PayloadFault::NotReadable, 3, 3),
            (PayloadFault::NotValid, 1, 1),
        ]
    );
    let listed = client
        .list(&dutiful::Filter::new().limit(200))
        .await
        .unwrap();
    // Ids of a cluster lie apart.
    let oldest_first: Vec<TaskId> = listed.tasks.iter().rev().map(|task| task.id).collect();
    let unreadable = &report.faults[2];
    let ids: Vec<TaskId> = unreadable.told.examples.iter().map(|one| one.id).collect();
    assert_eq!(
        (unreadable.task_name.as_str(), &ids[..]),
        ("Send", &oldest_first[4..7])
    );
    assert!(unreadable.told.examples[1].why.contains("twice"));
    let json = serde_json::to_value(unreadable).unwrap();
    assert_eq!(json["reason"], "not_readable");
    assert_eq!(
        (&json["tasks"], json["examples"][0]["id"].is_i64()),
        (&json!(3), true)
    );
    for task in client
        .list(&dutiful::Filter::new().limit(200))
        .await
        .unwrap()
        .tasks
    {
        assert_eq!(
            (task.state, task.attempt),
            (State::Queued, 0),
            "nothing has run"
        );
    }
}

async fn what_is_told_is_what_becomes_of_it(db: TestDb) {
    let client = db.client().await;
    one_each(&db).await;
    let report = check(&client, false).await;
    let told = |id: TaskId| {
        let of =
            |fault: &&dutiful::PayloadFaults| fault.told.examples.iter().any(|one| one.id == id);
        report.faults.iter().find(of).map(|fault| fault.reason)
    };
    let worker = db.worker(Send).await;
    for task in client
        .list(&dutiful::Filter::new().limit(200))
        .await
        .unwrap()
        .tasks
    {
        let expected = match told(task.id) {
            None => State::Succeeded,
            Some(PayloadFault::NewerVersion) => State::Scheduled,
            Some(_) => State::Invalid,
        };
        crate::harness::until("it is what was told", || async {
            client.get(task.id).await.unwrap().state == expected
        })
        .await;
    }
    worker.shutdown().await;
}

async fn tasks_that_have_ended_are_looked_at_when_asked(db: TestDb) {
    let client = db.client().await;
    one_each(&db).await;
    for task in client
        .list(&dutiful::Filter::new().limit(200))
        .await
        .unwrap()
        .tasks
    {
        client.cancel(task.id).await.unwrap();
    }
    let report = check(&client, false).await;
    assert_eq!((report.checked, report.faults.len()), (0, 0));
    let report = check(&client, true).await;
    assert_eq!((report.checked, report.faults.len()), (8, 4));
}

async fn names_that_the_program_does_not_know_are_counted_and_not_read(db: TestDb) {
    let client = db.client().await;
    for name in ["Gone", "Else", "Gone"] {
        insert(&db, name, "no json", 9).await;
    }
    let report = check(&client, false).await;
    assert_eq!((report.checked, report.faults.len()), (0, 0));
    let unknown: Vec<(&str, u64)> = report
        .unknown
        .iter()
        .map(
            |UnknownName {
                 task_name, tasks, ..
             }| (task_name.as_str(), *tasks),
        )
        .collect();
    assert_eq!(unknown, [("Else", 1), ("Gone", 2)]);
}

async fn every_row_of_a_large_table_is_looked_at_in_steps(db: TestDb) {
    let client = db.client().await;
    let mail = |n: u32| Mail {
        to: vec![n.to_string()],
    };
    client
        .submit_many::<Send>((0..2_300).map(mail))
        .await
        .unwrap();
    insert(&db, "Send", "{}", 3).await;
    // More than is read at once.
    for n in 0..18 {
        let large = json!({ "to": [n, "x".repeat(1_000_000)] });
        let submit = client.submit_json("Send", large);
        submit.payload_version(3).await.unwrap();
    }
    let mut reached = Vec::new();
    let types = [PayloadType::of::<Send>()];
    let report = client.check_payloads(&types, false, |done, of| reached.push((done, of)));
    let report = report.await.unwrap();
    assert_eq!(report.checked, 2_319);
    assert_eq!(faults(&report), [(PayloadFault::NotReadable, 19, 19)]);
    assert_eq!(reached.len(), 3);
    assert!(
        reached.is_sorted() && reached[2].0 == reached[2].1,
        "{reached:?}"
    );
}

async fn a_row_that_means_nothing_is_told_of_and_hides_no_other(db: TestDb) {
    let client = db.client().await;
    insert(&db, "Send", r#"{"to":["ada"]}"#, 3).await;
    insert(&db, "Send", "{}", 3).await;
    db.exec("UPDATE dutiful_tasks SET error_kind = 'gremlins' WHERE task_payload <> '{}'")
        .await;
    let report = check(&client, false).await;
    assert_eq!(
        faults(&report),
        [
            (PayloadFault::NotReadable, 1, 1),
            (PayloadFault::Undecodable, 1, 1)
        ]
    );
    assert!(report.faults[1].told.examples[0].why.contains("gremlins"));
}

async fn a_payload_of_an_unknown_type_carries_the_version_that_was_said(db: TestDb) {
    let client = db.client().await;
    let submit = client.submit_json("Send", json!({ "to": ["ada"] }));
    let new = submit.payload_version(3).await.unwrap().id;
    let old = client
        .submit_json("Send", json!({ "receiver": "ada" }))
        .await
        .unwrap()
        .id;
    let worker = db.worker(Send).await;
    for (id, version) in [(new, 3), (old, 1)] {
        let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
        assert_eq!(
            (task.state, task.payload_version),
            (State::Succeeded, version)
        );
    }
    worker.shutdown().await;
    let too_new = client
        .submit_json("Send", json!(1))
        .payload_version(u32::MAX);
    let error = too_new.await.unwrap_err();
    assert_eq!(error.kind(), dutiful::ErrorKind::InvalidPayload, "{error}");
}
