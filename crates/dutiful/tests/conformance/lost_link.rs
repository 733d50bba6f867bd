//! Submitting over a link that breaks: what was stored is not stored twice.

use crate::harness::engine::Dialect;
use crate::harness::proxy::{Loses, Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, DedupScope, Outcome};
use serde_json::json;
use std::future::IntoFuture;

cases![
    a_submission_whose_answer_was_lost_is_found_again,
    a_batch_whose_answer_was_lost_is_found_again,
];

/// Marks the submissions whose answer is lost.
const MARK: &str = "the answer to this is lost";

async fn a_submission_whose_answer_was_lost_is_found_again(db: TestDb) {
    for scope in [DedupScope::None, DedupScope::UntilSuccess] {
        let (client, proxy) = losing_client(&db, MARK).await;
        let submit = client
            .submit_json("Script", json!([MARK, scope.stored()]))
            .dedup(scope);
        let submitted = within("it is answered in the end", submit.into_future()).await;
        let submitted = submitted.unwrap();
        // It is not merged into itself: the caller has submitted once.
        assert_eq!(submitted.outcome, Outcome::Created, "{scope:?}");
        let task = client.get(submitted.id).await.unwrap();
        assert_eq!(task.max_retries, 3, "{scope:?}");
        assert!(proxy.is_none_or(|proxy| proxy.has_cut()), "{scope:?}");
    }
    assert_eq!(db.count("tasks").await, 2);
}

async fn a_batch_whose_answer_was_lost_is_found_again(db: TestDb) {
    let (client, proxy) = losing_client(&db, "COMMIT").await;
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
    assert!(proxy.is_none_or(|proxy| proxy.has_cut()));
}

/// A client whose link loses the answer to the first request that holds this text, once the mark went over
/// it; SQLite has no link to lose.
async fn losing_client(db: &TestDb, lost: &'static str) -> (Client, Option<Proxy>) {
    if db.dialect() == Dialect::Sqlite {
        return (db.client().await, None);
    }
    let proxy = Proxy::start(server_of(db.url()), Loses { mark: MARK, lost }).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    (client.connect().await.unwrap(), Some(proxy))
}
