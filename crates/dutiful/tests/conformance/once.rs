//! Requests that may come again: what they ask for is done once.

use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::session::Session;
use crate::harness::trial::cases;
use crate::harness::{TestDb, within};
use dutiful::{Client, DedupScope, ErrorKind, Once, Outcome, Result, Retention, testing};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![
    a_request_that_comes_again_is_given_the_first_answer,
    many_submissions_are_all_there_or_none,
    a_key_of_another_request_is_refused,
    a_request_that_fails_takes_no_key,
    of_requests_at_once_one_submits_and_all_have_its_answer,
    the_second_request_waits_for_the_first,
    a_key_is_free_again_after_a_day,
    ;
    on Engine::is_server:
    a_request_whose_answer_was_lost_is_answered_as_the_first,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const BODY: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];
const AT_ONCE: usize = 6;

/// One request for tasks that are new each time.
async fn ask(client: &Client, key: &str, body: [u8; 32], payloads: &[Value]) -> Result<Once> {
    let submit = |payload: &Value| {
        client
            .submit_json("Script", payload.clone())
            .dedup(DedupScope::None)
    };
    client
        .submit_once(key, body, payloads.iter().map(submit).collect())
        .await
}

/// The same request of several processes at once.
async fn at_once(db: &TestDb, key: &'static str, body: [u8; 32]) -> Vec<Once> {
    let barrier = Arc::new(Barrier::new(AT_ONCE));
    let asking = db.clients(AT_ONCE).await.into_iter().map(|client| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            ask(&client, key, body, &[json!(1), json!(2)])
                .await
                .unwrap()
        })
    });
    let answers = within("all have an answer", join_all(asking)).await;
    answers
        .into_iter()
        .map(std::result::Result::unwrap)
        .collect()
}

fn one_submitted(answers: &[Once]) {
    let first = answers.iter().filter(|once| !once.replayed).count();
    assert_eq!(first, 1, "{answers:?}");
    for once in answers {
        assert_eq!(once.submitted, answers[0].submitted);
    }
}

async fn age(db: &TestDb, by: Duration) {
    let earlier = db.earlier("created_at", by);
    let sql = format!("UPDATE dutiful_requests SET {earlier}");
    assert!(db.exec(&sql).await > 0);
}

async fn a_request_that_comes_again_is_given_the_first_answer(db: TestDb) {
    let client = db.client().await;
    let held = client
        .submit_json("Script", json!("held"))
        .await
        .unwrap()
        .id;
    let request = async |client: &Client| {
        let submissions = vec![
            client.submit_json("Script", json!("new")),
            client.submit_json("Script", json!("held")),
            client.submit_json("Other", json!(1)).delay(DAY),
        ];
        client.submit_once("k", BODY, submissions).await.unwrap()
    };
    let first = request(&client).await;
    assert!(!first.replayed);
    let outcomes: Vec<Outcome> = first.submitted.iter().map(|one| one.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Created, Outcome::Merged, Outcome::Created]
    );
    assert_eq!(first.submitted[1].id, held);
    client.cancel(first.submitted[0].id).await.unwrap();
    for client in db.clients(2).await {
        let again = request(&client).await;
        assert_eq!((&again.submitted, again.replayed), (&first.submitted, true));
    }
    assert_eq!(db.count("tasks").await, 3);
    assert_eq!(
        client.get(held).await.unwrap().max_retries,
        4,
        "merged once"
    );
    let empty = client.submit_once("empty", BODY, Vec::new()).await.unwrap();
    assert!(empty.submitted.is_empty() && !empty.replayed);
}

async fn many_submissions_are_all_there_or_none(db: TestDb) {
    const MANY: usize = 1_203;
    let client = db.client().await;
    let payloads: Vec<Value> = (0..MANY).map(|number| json!(number)).collect();
    let first = ask(&client, "k", BODY, &payloads).await.unwrap();
    assert_eq!(
        (first.submitted.len(), db.count("tasks").await),
        (MANY, MANY as i64)
    );
    for number in [0, 1, 999, 1_000, MANY - 1] {
        let task = client.get(first.submitted[number].id).await.unwrap();
        assert_eq!(task.task_payload, json!(number));
    }
    let again = ask(&client, "k", BODY, &payloads).await.unwrap();
    assert_eq!((again.submitted, again.replayed), (first.submitted, true));
    assert_eq!(db.count("tasks").await, MANY as i64);
}

async fn a_key_of_another_request_is_refused(db: TestDb) {
    let client = db.client().await;
    ask(&client, "k", BODY, &[json!(1)]).await.unwrap();
    let refused = ask(&client, "k", OTHER, &[json!(1)]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("another request"), "{refused}");
    assert_eq!(db.count("tasks").await, 1);
    // Keys differ by every letter.
    for key in ["K", "k.", "kk"] {
        assert!(
            !ask(&client, key, OTHER, &[json!(1)])
                .await
                .unwrap()
                .replayed
        );
    }
    for key in ["", "a b", "ключ"] {
        let refused = ask(&client, key, BODY, &[json!(1)]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    }
    assert_eq!(
        (db.count("tasks").await, db.count("requests").await),
        (4, 4)
    );
}

async fn a_request_that_fails_takes_no_key(db: TestDb) {
    let client = db.client().await;
    let payloads = [json!(1), json!("\0")];
    let refused = ask(&client, "k", BODY, &payloads).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidPayload);
    assert!(refused.to_string().contains("payload 1"), "{refused}");
    assert_eq!(
        (db.count("tasks").await, db.count("requests").await),
        (0, 0)
    );
    assert!(
        !ask(&client, "k", OTHER, &payloads[..1])
            .await
            .unwrap()
            .replayed
    );
}

async fn of_requests_at_once_one_submits_and_all_have_its_answer(db: TestDb) {
    for (round, key) in ["k0", "k1", "k2", "k3"].into_iter().enumerate() {
        one_submitted(&at_once(&db, key, BODY).await);
        assert_eq!(db.count("tasks").await, 2 * (round as i64 + 1));
    }
}

async fn the_second_request_waits_for_the_first(db: TestDb) {
    let client = db.client().await;
    let held = client
        .submit_json("Script", json!("held"))
        .await
        .unwrap()
        .id;
    // Somebody holds the task that the first request is to be merged into.
    let mut other = Session::open(&db).await;
    other.begin().await;
    let touch = format!("UPDATE dutiful_tasks SET progress = 1 WHERE id = {held}");
    other.exec(&touch).await.unwrap();
    let mut asking = Vec::new();
    for client in db.clients(3).await {
        asking.push(tokio::spawn(async move {
            let submission = client.submit_json("Script", json!("held"));
            client
                .submit_once("k", BODY, vec![submission])
                .await
                .unwrap()
        }));
        // Either may come first: what counts is that all have begun before one can end.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(asking.iter().all(|request| !request.is_finished()));
    other.exec("COMMIT").await.unwrap();
    let answers = within("all have an answer", join_all(asking)).await;
    let answers: Vec<Once> = answers
        .into_iter()
        .map(std::result::Result::unwrap)
        .collect();
    one_submitted(&answers);
    assert_eq!(answers[0].submitted[0].outcome, Outcome::Merged);
    let task = client.get(held).await.unwrap();
    assert_eq!(
        (task.max_retries, task.progress),
        (4, Some(1)),
        "merged once"
    );
}

async fn a_key_is_free_again_after_a_day(db: TestDb) {
    let client = db.client().await;
    let first = ask(&client, "k", BODY, &[json!(1)]).await.unwrap();
    age(&db, DAY - Duration::from_secs(60)).await;
    assert!(ask(&client, "k", BODY, &[json!(1)]).await.unwrap().replayed);
    testing::prune(&client, &[], Retention::default())
        .await
        .unwrap();
    assert_eq!(db.count("requests").await, 1, "it is kept for a day");

    age(&db, Duration::from_secs(61)).await;
    // Whatever the hash was, and however many come at once.
    let answers = at_once(&db, "k", OTHER).await;
    one_submitted(&answers);
    assert_ne!(answers[0].submitted[0].id, first.submitted[0].id);
    assert_eq!(
        (db.count("tasks").await, db.count("requests").await),
        (3, 1)
    );

    age(&db, DAY + Duration::from_secs(1)).await;
    ask(&client, "young", BODY, &[json!(1)]).await.unwrap();
    testing::prune(&client, &[], Retention::default())
        .await
        .unwrap();
    assert_eq!(db.count("requests").await, 1, "the young one");
    assert!(
        ask(&client, "young", BODY, &[json!(1)])
            .await
            .unwrap()
            .replayed
    );
}

async fn a_request_whose_answer_was_lost_is_answered_as_the_first(db: TestDb) {
    const MARK: &str = "the answer to this is lost";
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await.unwrap();
    proxy.lose(MARK, "COMMIT");
    let payloads = [json!([MARK, 1]), json!([MARK, 2])];
    let once = within(
        "it is answered in the end",
        ask(&client, "k", BODY, &payloads),
    )
    .await;
    let once = once.unwrap();
    assert!(proxy.has_cut(), "the answer was heard");
    // The caller has asked once, so that nothing is a repetition to it.
    assert!(!once.replayed);
    assert_eq!((once.submitted.len(), db.count("tasks").await), (2, 2));
    let again = ask(&client, "k", BODY, &payloads).await.unwrap();
    assert_eq!((again.submitted, again.replayed), (once.submitted, true));
}
