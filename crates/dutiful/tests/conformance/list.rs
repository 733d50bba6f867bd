//! Looking: filters, pages, counts, attempts.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use dutiful::{Client, ErrorKind, Filter, RetryPolicy, State, Status, TaskError, TaskId};
use serde_json::{Value, json};
use std::time::Duration;

cases![
    pages_show_every_task_once_newest_first_and_end,
    tasks_that_come_while_pages_are_read_shift_nothing,
    filters_narrow_by_name_state_status_and_time,
    a_text_is_found_letter_for_letter_in_payloads_and_errors,
    hostile_texts_find_nothing_and_break_nothing,
    a_forged_cursor_is_refused,
    every_state_can_be_asked_for,
    stats_count_states_rates_durations_and_the_queue,
    attempts_are_listed_oldest_first,
    waiting_tells_in_which_state_a_task_still_is,
];

const HOUR: Duration = Duration::from_secs(3_600);
const LONG: Duration = Duration::from_secs(60);

async fn ids(client: &Client, filter: Filter) -> Vec<TaskId> {
    let page = client.list(&filter).await.unwrap();
    page.tasks.iter().map(|task| task.id).collect()
}

async fn submit(client: &Client, name: &str, payload: Value) -> TaskId {
    client.submit_json(name, payload).await.unwrap().id
}

async fn pages_show_every_task_once_newest_first_and_end(db: TestDb) {
    let client = db.client().await;
    let mut submitted = Vec::new();
    for number in 0..7 {
        submitted.push(submit(&client, "Script", json!(number)).await);
    }
    submitted.reverse();
    let mut filter = Filter::new().limit(3);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = client.list(&filter).await.unwrap();
        pages += 1;
        seen.extend(page.tasks.iter().map(|task| task.id));
        let Some(next) = page.next else { break };
        filter = filter.after(next);
    }
    assert_eq!((seen, pages), (submitted, 3));
    let exact = client.list(&Filter::new().limit(7)).await.unwrap();
    assert_eq!((exact.tasks.len(), exact.next), (7, None));
}

async fn tasks_that_come_while_pages_are_read_shift_nothing(db: TestDb) {
    let client = db.client().await;
    let mut old = Vec::new();
    for number in 0..6 {
        old.push(submit(&client, "Script", json!(number)).await);
    }
    let first = client.list(&Filter::new().limit(3)).await.unwrap();
    submit(&client, "Script", json!("new")).await;
    client.cancel(old[0]).await.unwrap();
    let second = ids(&client, Filter::new().limit(3).after(first.next.unwrap())).await;
    assert_eq!(second, [old[2], old[1], old[0]]);
}

async fn filters_narrow_by_name_state_status_and_time(db: TestDb) {
    let client = db.client().await;
    let a = submit(&client, "A", json!(1)).await;
    let b = submit(&client, "B", json!(2)).await;
    let middle = client.get(b).await.unwrap().created_at;
    until("the clock goes on", || async {
        client.stats().await.unwrap().now > middle
    })
    .await;
    let c = submit(&client, "B", json!(3)).await;
    client.cancel(a).await.unwrap();
    assert_eq!(ids(&client, Filter::new().task_name("B")).await, [c, b]);
    assert_eq!(ids(&client, Filter::new().task_name("b")).await, []);
    assert_eq!(
        ids(&client, Filter::new().status(Status::NotStarted)).await,
        [c, b]
    );
    assert_eq!(ids(&client, Filter::new().status(Status::Error)).await, [a]);
    assert_eq!(
        ids(&client, Filter::new().state(State::Cancelled)).await,
        [a]
    );
    let both = Filter::new().states(&[State::Queued, State::Cancelled]);
    assert_eq!(ids(&client, both).await, [c, b, a]);
    let none = Filter::new().state(State::Queued).status(Status::Error);
    assert_eq!(ids(&client, none).await, []);
    // From this time on, and before it.
    assert_eq!(
        ids(&client, Filter::new().task_name("B").created_after(middle)).await,
        [c, b]
    );
    assert_eq!(
        ids(&client, Filter::new().task_name("B").created_before(middle)).await,
        []
    );
    let finished = client.get(a).await.unwrap().finished_at.unwrap();
    assert_eq!(
        ids(&client, Filter::new().finished_after(finished)).await,
        [a]
    );
    assert_eq!(
        ids(&client, Filter::new().finished_before(finished)).await,
        []
    );
}

async fn a_text_is_found_letter_for_letter_in_payloads_and_errors(db: TestDb) {
    let client = db.client().await;
    let worker = db
        .worker(Script::<0>::ends(|| Err(TaskError::discard("It broke: é"))))
        .await;
    let broken = submit(&client, "Script", json!("x")).await;
    client.wait(broken, LONG).await.unwrap();
    let percent = submit(&client, "A", json!("50% of a_b\\c 'd' \"e\"")).await;
    let other = submit(&client, "A", json!("50 of aXb")).await;
    let text = |text: &str| Filter::new().text(text);
    assert_eq!(ids(&client, text("50")).await, [other, percent]);
    for found in ["0%", "a_b", "'d'", "of a_b\\\\c", "\\\"e\\\""] {
        assert_eq!(ids(&client, text(found)).await, [percent], "{found}");
    }
    assert_eq!(ids(&client, text("It broke: é")).await, [broken]);
    for different in ["it broke", "It broke: e", "IT", "aXB", "5%0"] {
        assert_eq!(ids(&client, text(different)).await, [], "{different}");
    }
    worker.shutdown().await;
}

async fn hostile_texts_find_nothing_and_break_nothing(db: TestDb) {
    let client = db.client().await;
    let id = submit(&client, "A", json!("x")).await;
    for text in [
        "' OR 1=1 --",
        "\\",
        "%",
        "_",
        "?",
        "$1",
        ":a",
        "\u{7f}",
        "*/",
        "😀",
        "'",
    ] {
        assert_eq!(ids(&client, Filter::new().text(text)).await, [], "{text}");
    }
    for name in ["' OR 1=1 --", "A;", "%", ""] {
        let error = client
            .list(&Filter::new().task_name(name))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
    }
    assert_eq!(ids(&client, Filter::new()).await, [id]);
}

async fn a_forged_cursor_is_refused(db: TestDb) {
    let client = db.client().await;
    for cursor in ["", "b", "b0", "5", "b-1", "' OR 1=1", "b8000000000000000"] {
        let error = client.list(&Filter::new().after(cursor)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{cursor}");
    }
}

async fn every_state_can_be_asked_for(db: TestDb) {
    let mut life = crate::harness::life::Life::new(&db, dutiful::DedupScope::None).await;
    let mut all = Vec::new();
    for &state in State::ALL {
        all.push((state, life.bring(state).await));
    }
    for (state, id) in &all {
        assert_eq!(
            ids(&life.client, Filter::new().state(*state)).await,
            [*id],
            "{state}"
        );
    }
    let stats = life.client.stats().await.unwrap();
    let counted: u64 = stats
        .names
        .iter()
        .flat_map(|name| name.counts.values())
        .sum();
    assert_eq!(counted, all.len() as u64);
    assert!(
        stats
            .names
            .iter()
            .all(|name| name.counts.values().all(|count| *count == 1))
    );
    life.worker.shutdown().await;
}

#[allow(clippy::too_many_lines, reason = "one story, told in one go")]
async fn stats_count_states_rates_durations_and_the_queue(db: TestDb) {
    let client = db.client().await;
    assert!(client.stats().await.unwrap().names.is_empty());
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    for number in 0..4 {
        submit(&client, "Script", json!(number)).await;
    }
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(gate.next().await);
    }
    let begun = client.stats().await.unwrap().now;
    until("a while has passed", || async {
        client.stats().await.unwrap().now.since(begun) > Duration::from_millis(300)
    })
    .await;
    let mut runs = runs.into_iter();
    runs.next().unwrap().succeed(1);
    runs.next().unwrap().end(Err(TaskError::discard("no")));
    runs.next().unwrap().fail("no");
    until("three are settled", || async {
        let counts = client.stats().await.unwrap().names[0].counts.clone();
        counts.get(&State::Running) == Some(&1)
    })
    .await;
    for number in 10..12 {
        submit(&client, "Other", json!(number)).await;
    }
    let oldest = client
        .list(&Filter::new().task_name("Other"))
        .await
        .unwrap()
        .tasks[1]
        .id;
    db.set_due(oldest, -100).await;
    let stats = client.stats().await.unwrap();
    let [other, script] = &stats.names[..] else {
        panic!("{stats:?}")
    };
    let counts = [
        (State::Running, 1),
        (State::Retrying, 1),
        (State::Succeeded, 1),
        (State::Discarded, 1),
    ];
    assert_eq!((script.counts.clone(), script.total), (counts.into(), 4));
    assert_eq!(
        (script.success_rate, script.retry_rate),
        (Some(0.5), Some(0.0))
    );
    let average = script.average_duration.unwrap();
    assert!(
        average > Duration::from_millis(300) && average < LONG,
        "{average:?}"
    );
    assert_eq!((script.queue_depth, script.oldest_due), (0, None));
    assert_eq!(
        (other.counts.clone(), other.queue_depth),
        ([(State::Queued, 2)].into(), 2)
    );
    let oldest = other.oldest_due.unwrap();
    assert!(
        oldest >= Duration::from_secs(100) && oldest < Duration::from_secs(160),
        "{oldest:?}"
    );
    assert_eq!((other.success_rate, other.average_duration), (None, None));
    worker.shutdown().await;
}

async fn attempts_are_listed_oldest_first(db: TestDb) {
    let client = db.client().await;
    let worker = db
        .worker(Script::<0>::ends(|| Err(TaskError::failed("no"))))
        .await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(5)
        .await
        .unwrap()
        .id;
    client.wait(id, LONG).await.unwrap();
    let attempts = client.attempts(id).await.unwrap();
    let numbers: Vec<_> = attempts.iter().map(|row| row.attempt).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    for row in &attempts {
        assert_eq!(
            (row.outcome.as_str(), row.worker.as_str()),
            ("failed", worker.worker())
        );
        assert!(row.ended_at >= row.started_at);
    }
    assert!(
        attempts
            .windows(2)
            .all(|pair| pair[1].started_at >= pair[0].started_at)
    );
    worker.shutdown().await;
}

async fn waiting_tells_in_which_state_a_task_still_is(db: TestDb) {
    let client = db.client().await;
    let id = submit(&client, "Script", json!(1)).await;
    let error = client.wait(id, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("still queued"), "{error}");
}
