//! Operating on real rows, on SQLite in memory. The other engines are covered by the conformance suite.

use super::super::inspect::tests::{WORKER, claim_all, client, end, fail, pass, submit, succeed};
use crate::ErrorKind;
use dutiful_core::{Event, State, TaskId, limits};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_cancelled_attempt_leaves_history_and_can_settle_nothing() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    let claimed = claim_all(&client, "A").await.remove(0);
    let task = client.cancel(id).await.unwrap();
    assert_eq!(
        (task.state, task.worker, task.due_at),
        (State::Cancelled, None, None)
    );
    assert!(task.finished_at.is_some());
    assert_eq!(
        task.error_message.as_deref(),
        Some("cancelled by an operator")
    );

    assert!(!succeed(&client, &claimed).await);
    assert!(!fail(&client, &claimed, HOUR).await);
    assert_eq!(client.get(id).await.unwrap().state, State::Cancelled);
    let attempts = client.attempts(id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].outcome.as_str(), attempts[0].worker.as_str()),
        ("cancelled", WORKER)
    );
}

#[tokio::test]
async fn a_cancelled_waiting_task_frees_its_slot_and_leaves_no_history() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    client.cancel(id).await.unwrap();
    assert!(client.attempts(id).await.unwrap().is_empty());
    assert!(claim_all(&client, "A").await.is_empty());
    assert_ne!(submit(&client, "A", 1).await, id);
}

#[tokio::test]
async fn a_failed_task_that_is_retried_may_fail_once_more() {
    let client = client().await;
    let id = client
        .submit_json("A", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(fail(&client, &claimed, HOUR).await);
    assert_eq!(client.get(id).await.unwrap().state, State::Failed);

    let task = client.retry(id).await.unwrap();
    assert_eq!(
        (task.state, task.retries, task.max_retries),
        (State::Retrying, 1, 2)
    );
    assert_eq!(
        (task.finished_at, task.error_message.as_deref()),
        (None, Some("it broke"))
    );
    let claimed = claim_all(&client, "A").await.remove(0);
    assert_eq!(claimed.attempt, 2);
    assert!(fail(&client, &claimed, HOUR).await);
    assert_eq!(client.get(id).await.unwrap().state, State::Failed);
}

#[tokio::test]
async fn a_discarded_or_cancelled_task_can_be_retried() {
    let client = client().await;
    let discarded = submit(&client, "A", 1).await;
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(end(&client, &claimed, Event::Discarded).await);
    let cancelled = submit(&client, "A", 2).await;
    client.cancel(cancelled).await.unwrap();
    for id in [discarded, cancelled] {
        assert_eq!(client.retry(id).await.unwrap().state, State::Retrying);
    }
    assert_eq!(claim_all(&client, "A").await.len(), 2);
}

#[tokio::test]
async fn a_task_that_waits_can_be_run_now() {
    let client = client().await;
    let later = client
        .submit_json("A", json!("later"))
        .delay(HOUR)
        .await
        .unwrap()
        .id;
    let held = client
        .submit_json("A", json!("held"))
        .held()
        .await
        .unwrap()
        .id;
    assert!(claim_all(&client, "A").await.is_empty());
    for id in [later, held] {
        assert_eq!(client.run_now(id).await.unwrap().state, State::Queued);
    }
    assert_eq!(claim_all(&client, "A").await.len(), 2);
}

#[tokio::test]
async fn a_task_that_is_due_already_keeps_its_place() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    pass(&client, HOUR);
    let due_at = client.get(id).await.unwrap().due_at;
    assert_eq!(client.run_now(id).await.unwrap().due_at, due_at);
    assert_eq!(client.retry(id).await.unwrap().due_at, due_at);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_left_to_the_next_claim_which_counts_the_crash() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    assert_eq!(claim_all(&client, "A").await.len(), 1);
    pass(&client, limits::LEASE);
    let task = client.run_now(id).await.unwrap();
    assert_eq!((task.worker.as_deref(), task.crashes), (Some(WORKER), 0));
    assert_eq!(claim_all(&client, "A").await.len(), 1);
    assert_eq!(client.get(id).await.unwrap().crashes, 1);
}

#[tokio::test]
async fn what_the_state_does_not_allow_is_a_conflict_and_changes_nothing() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    let claimed = claim_all(&client, "A").await.remove(0);
    let running = client.get(id).await.unwrap();
    for refused in [client.retry(id).await, client.run_now(id).await] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(
            error.to_string().starts_with("task 1: a worker is running"),
            "{error}"
        );
    }
    assert_eq!(client.get(id).await.unwrap(), running);
    assert!(succeed(&client, &claimed).await);
    let done = client.get(id).await.unwrap();
    for refused in [
        client.retry(id).await,
        client.run_now(id).await,
        client.cancel(id).await,
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
    }
    assert_eq!(client.get(id).await.unwrap(), done);
}

#[tokio::test]
async fn a_task_that_is_not_there_cannot_be_operated_on() {
    let client = client().await;
    let id = TaskId(7);
    for missing in [
        client.retry(id).await,
        client.cancel(id).await,
        client.run_now(id).await,
    ] {
        let error = missing.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::NotFound, "there is no task 7")
        );
    }
}
