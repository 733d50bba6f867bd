//! Submitting many at once.

use crate::harness::engine::Dialect;
use crate::harness::meter::Meter;
use crate::harness::proxy::server_of;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Client, DedupScope, Outcome, State, Timestamp};
use serde_json::json;
use std::collections::HashSet;
use std::time::{Duration, Instant};

cases![
    a_thousand_at_once_merge_duplicates_inside_the_batch,
    ten_thousand_at_once_are_all_there,
    many_large_ones_of_which_the_last_merges_are_all_there,
    many_for_later_are_due_at_the_time_that_was_said,
    a_thousand_at_once_are_no_thousand_round_trips,
];

/// Beginning, committing, preparing, and a few statements of many rows each.
const ROUND_TRIPS_MAX: u64 = 20;

async fn a_thousand_at_once_merge_duplicates_inside_the_batch(db: TestDb) {
    let client = db.client().await;
    let before = client.submit_json("Script", json!(3)).await.unwrap();
    let payloads = (0..1_000).map(|number| json!(number % 900));
    let answers = client.submit_many::<Script>(payloads).await.unwrap();
    assert_eq!(answers.len(), 1_000);
    for (number, answer) in answers.iter().enumerate() {
        let merged = number >= 900 || number == 3;
        assert_eq!(
            answer.outcome == Outcome::Merged,
            merged,
            "payload {number}"
        );
        assert_eq!(answer.id, answers[number % 900].id, "payload {number}");
    }
    assert_eq!(answers[3].id, before.id);
    assert_eq!(db.count("tasks").await, 900);
    assert_eq!(client.get(before.id).await.unwrap().max_retries, 5);
    assert_eq!(client.get(answers[10].id).await.unwrap().max_retries, 4);
    assert_eq!(client.get(answers[899].id).await.unwrap().max_retries, 3);
    assert_eq!(
        client.get(answers[899].id).await.unwrap().task_payload,
        json!(899)
    );
}

/// The statement fails when most of it is written; a cluster must not hear of what it had written by then.
async fn many_large_ones_of_which_the_last_merges_are_all_there(db: TestDb) {
    let client = db.client().await;
    let last = json!({ "number": -1 });
    let before = client.submit_json("Script", last.clone()).await.unwrap();
    let large = (0..300).map(|number| json!({ "number": number, "text": "y".repeat(700) }));
    let answers = client.submit_many::<Script>(large.chain([last])).await;
    let answers = answers.unwrap();
    let (merged, created) = answers.split_last().unwrap();
    assert_eq!((merged.id, merged.outcome), (before.id, Outcome::Merged));
    assert!(
        created
            .iter()
            .all(|answer| answer.outcome == Outcome::Created)
    );
    assert_eq!(db.count("tasks").await, 301);
    assert_eq!(client.get(before.id).await.unwrap().max_retries, 4);
}

async fn many_for_later_are_due_at_the_time_that_was_said(db: TestDb) {
    let client = db.client().await;
    let time: Timestamp = "2031-02-28T23:59:59.123456Z".parse().unwrap();
    let many = client.submit_many::<Script>((0..20).map(|number| json!(number)));
    for answer in many.at(time.to_system_time()).await.unwrap() {
        let task = client.get(answer.id).await.unwrap();
        assert_eq!((task.state, task.due_at), (State::Scheduled, Some(time)));
    }
}

async fn ten_thousand_at_once_are_all_there(db: TestDb) {
    let client = db.client().await;
    let answers = client
        .submit_many::<Script>((0..10_000).map(|n| json!(n)))
        .await
        .unwrap();
    let ids: HashSet<_> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!((ids.len(), db.count("tasks").await), (10_000, 10_000));
    for number in [0, 999, 1_000, 9_999] {
        let task = client.get(answers[number].id).await.unwrap();
        assert_eq!(task.task_payload, json!(number));
    }
}

async fn a_thousand_at_once_are_no_thousand_round_trips(db: TestDb) {
    let thousand = || (0..1_000).map(|n| json!(n));
    if db.dialect() == Dialect::Sqlite {
        // There is no link to count on: they take the time of few commits, and not of a thousand.
        let client = db.client().await;
        let began = Instant::now();
        for n in 0..20 {
            client.submit_json("Script", json!([n])).await.unwrap();
        }
        let each = began.elapsed() / 20;
        let began = Instant::now();
        client.submit_many::<Script>(thousand()).await.unwrap();
        let took = began.elapsed();
        assert!(
            took < each * 200 + Duration::from_secs(1),
            "{took:?}, one takes {each:?}"
        );
        return;
    }
    let meter = Meter::start(server_of(db.url())).await;
    let builder = Client::builder(&meter.url(db.url())).table_prefix(db.prefix());
    let client = builder.pool_size(1).connect().await.unwrap();
    client.submit_json("Script", json!("first")).await.unwrap();
    for scope in [DedupScope::UntilSuccess, DedupScope::None] {
        let before = meter.round_trips();
        let submit = client.submit_many::<Script>(thousand()).dedup(scope);
        assert_eq!(submit.await.unwrap().len(), 1_000);
        let round_trips = meter.round_trips() - before;
        assert!(
            (1..=ROUND_TRIPS_MAX).contains(&round_trips),
            "{round_trips} for {scope:?}"
        );
    }
    assert_eq!(db.count("tasks").await, 2_001);
}
