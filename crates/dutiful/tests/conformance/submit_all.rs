//! Submissions of different names and options in one transaction.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{DedupScope, ErrorKind, Outcome, State, limits};
use serde_json::json;
use std::time::Duration;

cases![
    submissions_of_any_names_and_options_are_there_in_their_order,
    one_faulty_submission_refuses_all_and_is_named,
    a_submission_that_merges_is_told_in_its_place,
    workers_hear_of_all_names,
    submissions_of_another_client_are_refused,
];

const HOUR: Duration = Duration::from_secs(3_600);

async fn submissions_of_any_names_and_options_are_there_in_their_order(db: TestDb) {
    let client = db.client().await;
    assert!(client.submit_all(Vec::new()).await.unwrap().is_empty());
    let submit = |name: &str, number: u32| client.submit_json(name, json!(number));
    let submitted = client
        .submit_all(vec![
            submit("Script", 1).priority(5).max_retries(7),
            submit("Other", 1).delay(HOUR),
            client.submit::<Script<2>>(json!(3)).held(),
            submit("Script", 2).dedup(DedupScope::None),
            submit("Script", 2).dedup(DedupScope::None),
            submit("Other", 9).dedup_key("own"),
        ])
        .await
        .unwrap();
    assert!(
        submitted
            .iter()
            .all(|done| done.outcome == Outcome::Created)
    );
    let mut shown = Vec::new();
    for done in &submitted {
        let task = client.get(done.id).await.unwrap();
        shown.push((
            task.task_name,
            task.task_payload,
            task.priority,
            task.max_retries,
            task.state,
        ));
    }
    let row = |name: &str, number: u32, priority, max_retries, state| {
        (name.to_owned(), json!(number), priority, max_retries, state)
    };
    assert_eq!(
        shown,
        [
            row("Script", 1, 5, 7, State::Queued),
            row("Other", 1, 0, 3, State::Scheduled),
            row("Third", 3, 0, 3, State::Held),
            row("Script", 2, 0, 3, State::Queued),
            row("Script", 2, 0, 3, State::Queued),
            row("Other", 9, 0, 3, State::Queued),
        ]
    );
    assert!(submitted.is_sorted_by_key(|done| done.id));
}

async fn one_faulty_submission_refuses_all_and_is_named(db: TestDb) {
    let client = db.client().await;
    let good = || client.submit_json("Script", json!(1));
    for faulty in [
        client.submit_json("Script", json!("\0")),
        client.submit_json("", json!(1)),
        good().priority(10),
        good().max_retries(u32::MAX),
    ] {
        let result = client
            .submit_all(vec![good(), good(), good(), faulty])
            .await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{error}");
        assert!(error.to_string().starts_with("payload 3: "), "{error}");
    }
    let too_many = (0..=limits::SUBMIT_MANY_MAX).map(|_| good()).collect();
    let error = client.submit_all(too_many).await.unwrap_err();
    assert!(error.to_string().contains("at most 10000"), "{error}");
    assert_eq!(db.count("tasks").await, 0);
}

async fn a_submission_that_merges_is_told_in_its_place(db: TestDb) {
    let client = db.client().await;
    let submit = |name: &str, number: u32| client.submit_json(name, json!(number)).delay(HOUR);
    let before = submit("Other", 1).await.unwrap().id;
    let all = vec![
        submit("Script", 1),
        submit("Other", 1),
        submit("Other", 2),
        submit("Script", 1),
    ];
    let done = client.submit_all(all).await.unwrap();
    let outcomes: Vec<Outcome> = done.iter().map(|done| done.outcome).collect();
    use Outcome::{Created, Merged};
    assert_eq!(outcomes, [Created, Merged, Created, Merged]);
    assert_eq!((done[1].id, done[3].id), (before, done[0].id));
    assert_eq!(client.get(before).await.unwrap().max_retries, 4);
    assert_eq!(db.count("tasks").await, 3);
}

async fn workers_hear_of_all_names(db: TestDb) {
    let client = db.client().await;
    let worker = dutiful::Worker::new(client.clone());
    let worker = worker
        .register(Script::<0>::echo())
        .register(Script::<1>::echo());
    let worker = worker.start().await.unwrap();
    let names = ["Script", "Other", "Script", "Other"];
    let all = names
        .iter()
        .enumerate()
        .map(|(number, name)| client.submit_json(name, json!(number)));
    for done in client.submit_all(all.collect()).await.unwrap() {
        assert_eq!(
            client.wait(done.id, HOUR).await.unwrap().state,
            State::Succeeded
        );
    }
    worker.shutdown().await;
}

async fn submissions_of_another_client_are_refused(db: TestDb) {
    let (one, other) = (db.client().await, db.client().await);
    let all = vec![
        one.submit_json("Script", json!(1)),
        other.submit_json("Script", json!(2)),
    ];
    let error = one.submit_all(all).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().starts_with("payload 1: "), "{error}");
    assert_eq!(db.count("tasks").await, 0);
}
