//! Looking at real rows, on SQLite in memory. The other engines are covered by the conformance suite.

mod counts;
mod list;

use super::*;
use crate::db::{Db, Sql, Value};
use crate::store::claim::{Claimed, Request, claim};
use crate::store::settle::{Ending, Settled, Success, endings, successes};
use crate::store::workers::{Card, beat, drain, enter, is_to_drain};
use dutiful_core::{Event, FailureKind, State, Status, Timestamp, limits};
use serde_json::json;

pub(in crate::client) const WORKER: &str = "w1";

pub(in crate::client) async fn client() -> Client {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    client
}

pub(in crate::client) async fn submit(client: &Client, name: &str, number: i64) -> TaskId {
    client
        .submit_json(name, json!({ "number": number }))
        .await
        .unwrap()
        .id
}

/// Claims what is due of a name, as a worker does.
pub(in crate::client) async fn claim_all(client: &Client, name: &str) -> Vec<Claimed> {
    let request = Request {
        task_name: name.to_owned(),
        priority: 0,
        from: Timestamp::from_micros(0),
        last_chance: false,
        limit: limits::CLAIM_BATCH_MAX,
        worker: WORKER.to_owned(),
        lease: limits::LEASE,
        crash_limit: 3,
    };
    claim(client.db(), &request, &|_, _| false)
        .await
        .unwrap()
        .claimed
}

pub(in crate::client) async fn end(client: &Client, claimed: &Claimed, event: Event) -> bool {
    let message = Some("it broke".to_owned());
    let ending = Ending {
        id: claimed.id,
        attempt: claimed.attempt,
        event,
        message,
    };
    let settled = endings(client.db(), WORKER, &[ending]).await.unwrap();
    settled != [Settled::LeaseLost]
}

pub(in crate::client) async fn fail(
    client: &Client,
    claimed: &Claimed,
    retry_in: Duration,
) -> bool {
    end(
        client,
        claimed,
        Event::Failed {
            kind: FailureKind::Failed,
            retry_in,
        },
    )
    .await
}

pub(in crate::client) async fn succeed(client: &Client, claimed: &Claimed) -> bool {
    let success = Success {
        id: claimed.id,
        attempt: claimed.attempt,
        result: r#"{"said":"hi"}"#.to_owned(),
        frees_slot: true,
    };
    !successes(client.db(), WORKER, &[success])
        .await
        .unwrap()
        .is_empty()
}

/// Moves the database's clock.
pub(in crate::client) fn pass(client: &Client, time: Duration) {
    match client.db() {
        Db::Sqlite(db) => db.clock().advance(time),
        _ => unreachable!("these tests run on SQLite"),
    }
}

async fn write(client: &Client, sql: &'static Sql, params: Vec<Value>) {
    assert_eq!(client.db().write(sql, params).await.unwrap().affected, 1);
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_task_is_shown_in_every_state_of_its_life() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.status, task.attempt),
        (State::Queued, Status::NotStarted, 0)
    );
    assert_eq!(task.task_payload, json!({ "number": 1 }));
    assert_eq!(task.dedup_scope, "until_success");
    assert_eq!(
        task.result::<String>().unwrap_err().kind(),
        ErrorKind::Conflict
    );

    let claimed = claim_all(&client, "A").await.remove(0);
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.worker.as_deref()),
        (State::Running, Some(WORKER))
    );

    assert!(fail(&client, &claimed, HOUR).await);
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.status, task.retries),
        (State::Retrying, Status::Error, 1)
    );
    assert_eq!(task.error_kind.as_deref(), Some("failed"));
    assert_eq!(task.error_message.as_deref(), Some("it broke"));

    pass(&client, HOUR);
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(succeed(&client, &claimed).await);
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.status, task.due_at),
        (State::Succeeded, Status::Success, None)
    );
    assert!(task.finished_at >= task.last_run_at);
    let result: std::collections::BTreeMap<String, String> = task.result().unwrap();
    assert_eq!(result["said"], "hi");
    assert_eq!(
        task.result::<Vec<u8>>().unwrap_err().kind(),
        ErrorKind::Decode
    );
}

#[tokio::test]
async fn a_task_that_is_not_there_is_not_found() {
    let client = client().await;
    let error = client.get(TaskId(7)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::NotFound, "there is no task 7")
    );
    assert!(client.attempts(TaskId(7)).await.unwrap().is_empty());
}

#[tokio::test]
async fn attempts_that_did_not_succeed_are_listed_oldest_first() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    for _ in 0..2 {
        let claimed = claim_all(&client, "A").await.remove(0);
        assert!(fail(&client, &claimed, Duration::ZERO).await);
    }
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(
        attempts
            .iter()
            .map(|attempt| attempt.attempt)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        (attempts[0].outcome.as_str(), attempts[0].worker.as_str()),
        ("failed", WORKER)
    );
    assert_eq!(attempts[0].error_message.as_deref(), Some("it broke"));
    assert!(attempts[0].ended_at >= attempts[0].started_at);
}

#[tokio::test]
async fn of_the_log_the_last_thousand_lines_are_shown_oldest_first() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    claim_all(&client, "A").await;
    let lines = (0..1_005)
        .map(|line| (id.0, 1, format!("line {line}")))
        .collect();
    crate::store::notes::lines(client.db(), WORKER, lines)
        .await
        .unwrap();
    let logs = client.logs(id).await.unwrap();
    assert_eq!(logs.len(), 1_000);
    assert_eq!((logs[0].message.as_str(), logs[0].attempt), ("line 5", 1));
    assert_eq!(logs[999].message, "line 1004");
}

#[tokio::test]
async fn waiting_gives_the_task_once_it_has_ended() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.wait(id, Duration::from_secs(60)).await }
    });
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(succeed(&client, &claimed).await);
    assert_eq!(waiting.await.unwrap().unwrap().state, State::Succeeded);
}

#[tokio::test]
async fn waiting_in_vain_names_the_state_it_was_in() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    for at_most in [Duration::ZERO, Duration::from_millis(20)] {
        let error = client.wait(id, at_most).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("still queued"), "{error}");
    }
    assert_eq!(
        client.wait(TaskId(9), HOUR).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn workers_are_alive_until_their_beats_are_half_a_minute_old() {
    let client = client().await;
    let card = Card {
        worker: WORKER.to_owned(),
        host: "h".to_owned(),
        process_id: 42,
        task_names: r#"["A","B"]"#.to_owned(),
        hint_address: None,
    };
    beat(client.db(), &card).await.unwrap();
    let workers = client.workers().await.unwrap();
    assert_eq!(
        (workers.len(), workers[0].alive, workers[0].process_id),
        (1, true, 42)
    );
    assert_eq!(workers[0].task_names, ["A", "B"]);
    pass(&client, Duration::from_secs(31));
    assert!(!client.workers().await.unwrap()[0].alive);
}

#[tokio::test]
async fn a_worker_that_starts_anew_under_a_name_is_not_drained() {
    let client = client().await;
    let card = Card {
        worker: WORKER.to_owned(),
        host: "h".to_owned(),
        process_id: 42,
        task_names: "[]".to_owned(),
        hint_address: None,
    };
    enter(client.db(), &card).await.unwrap();
    assert!(!is_to_drain(client.db(), WORKER).await.unwrap());
    drain(client.db(), WORKER).await.unwrap();
    beat(client.db(), &card).await.unwrap();
    assert!(is_to_drain(client.db(), WORKER).await.unwrap());
    let since = client.workers().await.unwrap()[0].draining_since;
    pass(&client, HOUR);
    drain(client.db(), WORKER).await.unwrap();
    let workers = client.workers().await.unwrap();
    assert_eq!(workers[0].draining_since, since, "since the first time");
    let anew = Card {
        process_id: 43,
        ..card
    };
    enter(client.db(), &anew).await.unwrap();
    let workers = client.workers().await.unwrap();
    assert_eq!(
        (
            workers.len(),
            workers[0].process_id,
            workers[0].draining_since
        ),
        (1, 43, None)
    );
    // SQLite's clock goes on within a statement.
    let beat = workers[0].beat_at.since(workers[0].started_at);
    assert!(beat < Duration::from_secs(1), "{beat:?}");
}

#[tokio::test]
async fn periodic_tasks_are_listed_by_name() {
    const ADD: Sql = Sql {
        sqlite: "INSERT INTO dutiful_periodic
                   (name, task_name, task_payload, schedule, missed, missed_window, overlap, paused,
                    next_at, last_task_id, fired, created_at)
                 VALUES (?1, 'A', '{}', 'every 60000000', 'once', 0, 'skip', ?2, 1000000, 5, 3, 0)",
        mysql: "",
        postgres: "",
    };
    let client = client().await;
    write(&client, &ADD, vec!["second".into(), 1.into()]).await;
    write(&client, &ADD, vec!["first".into(), 0.into()]).await;
    let periodic = client.periodic().await.unwrap();
    assert_eq!(
        (periodic[0].name.as_str(), periodic[0].paused),
        ("first", false)
    );
    assert_eq!(
        (periodic[1].name.as_str(), periodic[1].paused),
        ("second", true)
    );
    assert_eq!(periodic[0].schedule, "every 60000000");
    assert_eq!(periodic[0].next_at, Some(Timestamp::from_micros(1_000_000)));
    assert_eq!(
        (periodic[0].last_at, periodic[0].last_task_id),
        (None, Some(TaskId(5)))
    );
    assert_eq!((periodic[0].fired, periodic[0].skipped), (3, 0));
}

#[test]
fn every_answer_can_be_awaited_on_any_thread() {
    fn moves(_: impl Send) {}
    fn all(client: &Client, filter: &Filter) {
        let id = TaskId(1);
        moves((
            client.get(id),
            client.wait(id, HOUR),
            client.list(filter),
            client.stats(),
        ));
        moves((
            client.attempts(id),
            client.logs(id),
            client.workers(),
            client.periodic(),
        ));
        moves((client.retry(id), client.cancel(id), client.run_now(id)));
    }
    let _ = all;
}
