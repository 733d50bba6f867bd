//! Every reason, by made-up facts; and real ones, on SQLite in memory.

use super::super::inspect::tests::{WORKER, claim_all, client, end, fail, pass, submit, succeed};
use super::reasons::{Seen, WaitsFor, reasons};
use super::*;
use crate::client::inspect::{AttemptInfo, WorkerInfo};
use crate::store::joins::Open;
use crate::text::newer_payload;
use dutiful_core::limits::{EXPLAINED_ATTEMPTS_MAX, LEASE};
use dutiful_core::{Event, State, Status, Timestamp};
use serde_json::json;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn seen(state: State, due_at: Option<Timestamp>) -> Seen {
    let task = TaskInfo {
        id: TaskId(7),
        task_name: "Mail".to_owned(),
        state,
        status: Status::NotStarted,
        task_payload: json!(1),
        payload_version: 1,
        priority: 0,
        created_at: NOW,
        due_at,
        last_run_at: None,
        finished_at: None,
        worker: None,
        attempt: 0,
        retries: 0,
        max_retries: 3,
        crashes: 0,
        error_kind: None,
        error_message: None,
        result_data: None,
        progress: None,
        progress_note: None,
        dedup_scope: "none".to_owned(),
    };
    Seen {
        task,
        now: NOW,
        unreadable: None,
        attempts: Vec::new(),
        ahead: 0,
        workers: Vec::new(),
        paused: None,
        waits_for: None,
    }
}

fn attempt(number: i64, outcome: &str, message: Option<&str>) -> AttemptInfo {
    AttemptInfo {
        attempt: number,
        worker: format!("w{number}"),
        started_at: NOW,
        ended_at: NOW,
        outcome: outcome.to_owned(),
        error_message: message.map(str::to_owned),
    }
}

fn worker(name: &str, alive: bool) -> WorkerInfo {
    WorkerInfo {
        worker: name.to_owned(),
        host: "h".to_owned(),
        process_id: 1,
        task_names: vec!["Mail".to_owned()],
        started_at: NOW,
        beat_at: NOW,
        alive,
        draining_since: None,
    }
}

/// The codes, and the first text.
fn told(seen: &Seen) -> (Vec<&'static str>, String) {
    let reasons = reasons(seen);
    for reason in &reasons {
        let written = serde_json::to_string(reason).unwrap();
        let read: Reason = serde_json::from_str(&written).unwrap();
        assert_eq!(read, *reason, "a server's answer reads back");
        let sentences = [Some(&reason.text), reason.fix.as_ref()];
        for sentence in sentences.into_iter().flatten() {
            assert!(
                sentence.ends_with('.') && !sentence.ends_with(".."),
                "{sentence}"
            );
        }
    }
    let codes = reasons.iter().map(|reason| reason.code).collect();
    (codes, reasons[0].text.clone())
}

#[test]
fn a_task_whose_time_has_not_come_says_what_it_waits_for() {
    let later = Some(NOW.saturating_add(HOUR));
    assert_eq!(told(&seen(State::Held, None)).0, ["held"]);
    assert_eq!(told(&seen(State::Scheduled, later)).0, ["scheduled"]);

    let open = Some(Open { number: 1, task: 9 });
    for (open, words) in [(open, "is item 2, task 9"), (None, "lets it run")] {
        let mut join = seen(State::Held, None);
        join.waits_for = Some(WaitsFor { items: 3, open });
        let (codes, text) = told(&join);
        assert_eq!(codes, ["waits_for_items"]);
        assert!(text.contains("3 items") && text.contains(words), "{text}");
    }

    let mut failed = seen(State::Retrying, later);
    failed.task.attempt = 1;
    failed.task.retries = 1;
    failed.task.error_kind = Some("timed_out".to_owned());
    failed.task.error_message = Some("it took too long.".to_owned());
    failed.attempts = vec![attempt(1, "timed_out", None)];
    let (codes, text) = told(&failed);
    assert_eq!(codes, ["cooldown"]);
    assert!(text.contains("after 1 failed run of 3 allowed"), "{text}");
    assert!(text.ends_with("timed out: it took too long."), "{text}");

    for (outcome, message, code) in [
        ("snoozed", None, "snoozed"),
        ("retry_after", None, "snoozed"),
        (
            "snoozed",
            Some(newer_payload(3, 2)),
            "payload_newer_than_workers",
        ),
    ] {
        failed.attempts = vec![attempt(1, outcome, message.as_deref())];
        assert_eq!(told(&failed).0, [code]);
    }
}

#[test]
fn a_due_task_says_how_many_come_first_and_whether_anybody_could_take_it() {
    let mut due = seen(State::Queued, Some(NOW));
    due.workers = vec![worker("w", true)];
    for (ahead, words) in [
        (0, "no due task"),
        (1, "1 due task of"),
        (1_000, "1000 due tasks"),
        (1_001, "more than 1000 due tasks"),
    ] {
        due.ahead = ahead;
        let (codes, text) = told(&due);
        assert_eq!(codes, ["queued_behind"]);
        assert!(text.contains(words), "{text}");
    }
    due.workers = vec![worker("gone", false)];
    let found = reasons(&due);
    assert_eq!(found[1].code, "no_worker");
    assert!(found[1].text.contains("gone did"), "{}", found[1].text);
    due.workers = vec![WorkerInfo {
        draining_since: Some(NOW),
        ..worker("leaves", true)
    }];
    let found = reasons(&due);
    assert_eq!(found[1].code, "no_worker");
    let said = &found[1].text;
    assert!(said.contains("leaves is being drained"), "{said}");
    due.workers = vec![WorkerInfo {
        task_names: vec!["Other".to_owned()],
        ..worker("w", true)
    }];
    assert_eq!(told(&due).0, ["queued_behind", "no_worker"]);
    // More workers than are read: one of the others may know it.
    due.workers = vec![due.workers[0].clone(); 1_000];
    assert_eq!(told(&due).0, ["queued_behind"]);
}

#[test]
fn a_task_of_a_name_that_is_paused_says_so() {
    let paused = Some(PausedName {
        task_name: "Mail".to_owned(),
        paused_at: NOW,
        paused_by: "ada".to_owned(),
    });
    let of = |state, due_at| Seen {
        workers: vec![worker("w", true)],
        paused: paused.clone(),
        ..seen(state, due_at)
    };
    let (codes, text) = told(&of(State::Queued, Some(NOW)));
    assert_eq!(codes, ["paused", "queued_behind"]);
    assert!(text.contains("by ada"), "{text}");
    let later = Some(NOW.saturating_add(HOUR));
    assert_eq!(
        told(&of(State::Scheduled, later)).0,
        ["scheduled", "paused"]
    );
    assert_eq!(told(&of(State::Held, None)).0, ["held", "paused"]);
    assert_eq!(told(&of(State::Running, later)).0, ["running"]);
}

#[test]
fn a_task_that_somebody_holds_says_who_and_until_when() {
    let mut held = seen(State::Running, Some(NOW.saturating_add(HOUR)));
    held.task.attempt = 2;
    held.task.worker = Some("w2".to_owned());
    held.attempts = vec![attempt(1, "lease_lost", Some("worker w1 died"))];
    let (codes, text) = told(&held);
    assert_eq!(codes, ["running", "ran_again"]);
    assert!(text.contains("Worker w2 runs attempt 2"), "{text}");
    let again = &reasons(&held)[1];
    assert!(again.text.contains("worker w1 was lost"), "{}", again.text);

    held.task.due_at = Some(NOW);
    held.task.state = State::Queued;
    held.workers = vec![worker("w3", true)];
    assert_eq!(told(&held).0, ["lease_ran_out", "ran_again"]);
    held.workers.clear();
    assert_eq!(told(&held).0, ["lease_ran_out", "no_worker", "ran_again"]);
}

#[test]
fn a_task_that_has_ended_says_how() {
    for (state, code) in [
        (State::Succeeded, "succeeded"),
        (State::Failed, "exhausted"),
        (State::Invalid, "invalid"),
        (State::Discarded, "discarded"),
        (State::Cancelled, "cancelled"),
        (State::Quarantined, "quarantined"),
    ] {
        let mut ended = seen(state, None);
        ended.task.finished_at = Some(NOW);
        ended.task.error_message = Some("because".to_owned());
        let (codes, text) = told(&ended);
        assert_eq!(codes, [code]);
        assert!(text.contains(&NOW.to_string()), "{text}");
        let told_why = ["exhausted", "invalid", "discarded", "quarantined"];
        assert_eq!(
            text.ends_with(": because."),
            told_why.contains(&code),
            "{text}"
        );
    }
    let mut crashed = seen(State::Quarantined, None);
    crashed.task.attempt = 3;
    crashed.task.crashes = 3;
    crashed.attempts = (1..=3).map(|n| attempt(n, "lease_lost", None)).collect();
    let (codes, text) = told(&crashed);
    assert_eq!(codes, ["quarantined", "ran_again", "ran_again"]);
    assert!(text.ends_with("3 times: w1, w2, w3."), "{text}");
    crashed.task.error_kind = Some("undecodable".to_owned());
    assert_eq!(told(&crashed).0[0], "undecodable_row");
    crashed.unreadable = Some("column status holds `x`".to_owned());
    assert!(told(&crashed).1.ends_with("column status holds `x`."));
}

#[test]
fn every_outcome_of_an_earlier_attempt_has_words_and_few_are_told_of() {
    let mut done = seen(State::Succeeded, None);
    let outcomes = [
        "failed",
        "timed_out",
        "panicked",
        "invalid",
        "undecodable",
        "discarded",
        "snoozed",
        "retry_after",
        "released",
        "lease_lost",
        "cancelled",
    ];
    done.task.attempt = 100;
    done.attempts = (1..)
        .zip(outcomes)
        .map(|(n, outcome)| attempt(n, outcome, None))
        .collect();
    let (codes, _) = told(&done);
    assert_eq!(codes.len(), 1 + outcomes.len());
    done.attempts = (1..=99).map(|n| attempt(n, "failed", Some("no"))).collect();
    let found = reasons(&done);
    assert_eq!(found.len(), 2 + EXPLAINED_ATTEMPTS_MAX);
    assert!(
        found[1].text.starts_with("79 earlier attempts"),
        "{}",
        found[1].text
    );
    assert_eq!(found[2].text, "Attempt 80 on worker w80 failed: no.");
}

async fn codes(client: &Client, id: TaskId) -> Vec<&'static str> {
    let explanation = client.explain(id).await.unwrap();
    explanation
        .reasons
        .iter()
        .map(|reason| reason.code)
        .collect()
}

#[tokio::test]
async fn real_rows_are_explained_through_their_life() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    assert_eq!(codes(&client, id).await, ["queued_behind", "no_worker"]);
    let claimed = claim_all(&client, "A").await.remove(0);
    assert_eq!(codes(&client, id).await, ["running"]);
    pass(&client, LEASE);
    assert_eq!(codes(&client, id).await, ["lease_ran_out", "no_worker"]);
    assert!(end(&client, &claimed, Event::Snoozed { delay: HOUR }).await);
    assert_eq!(codes(&client, id).await, ["snoozed"]);
    pass(&client, HOUR);
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(fail(&client, &claimed, HOUR).await);
    assert_eq!(codes(&client, id).await, ["cooldown", "ran_again"]);
    pass(&client, HOUR);
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(succeed(&client, &claimed).await);
    let explanation = client.explain(id).await.unwrap();
    assert_eq!(
        explanation.reasons[2].text,
        format!("Attempt 2 on worker {WORKER} failed: it broke.")
    );
    let shown = serde_json::to_value(&explanation).unwrap();
    assert_eq!(shown["state"], "succeeded");
    assert_eq!(shown["reasons"][0]["code"], "succeeded");
}

#[tokio::test]
async fn those_ahead_are_counted_by_priority_due_time_and_id() {
    let client = client().await;
    let submit = |number: i64| client.submit_json("A", json!(number));
    let first = submit(1).await.unwrap().id;
    let second = submit(2).await.unwrap().id;
    let urgent = submit(3).priority(9).await.unwrap().id;
    let slow = submit(4).priority(-9).await.unwrap().id;
    submit(5).priority(9).delay(HOUR).await.unwrap();
    client.submit_json("B", json!(1)).await.unwrap();
    for (id, words) in [
        (urgent, "no due"),
        (first, "1 due"),
        (second, "2 due"),
        (slow, "3 due"),
    ] {
        let text = client.explain(id).await.unwrap().reasons[0].text.clone();
        assert!(text.contains(words), "{text}");
    }
    pass(&client, HOUR);
    let payloads = (0..1_100).map(|number| submit(10 + number).priority(5));
    client.submit_all(payloads.collect()).await.unwrap();
    let text = client.explain(slow).await.unwrap().reasons[0].text.clone();
    assert!(text.contains("more than 1000"), "{text}");
    let text = client.explain(first).await.unwrap().reasons[0].text.clone();
    assert!(text.contains("more than 1000"), "{text}");
    let text = client.explain(urgent).await.unwrap().reasons[0]
        .text
        .clone();
    assert!(text.contains("no due"), "{text}");
}
