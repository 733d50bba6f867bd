//! Edits: which tasks can be changed, what is changed, and what happens beside a claim or another edit.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use crate::operate::{conflicts, in_every_state};
use dutiful::{Client, DedupScope, ErrorKind, State, TaskId, TaskInfo, Timestamp, limits};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![
    an_edit_changes_every_waiting_task_and_no_other,
    an_edit_of_a_held_task_gives_it_a_time_and_it_runs,
    an_edit_outside_the_limits_changes_nothing,
    an_edit_of_a_version_that_has_passed_is_refused,
    an_edit_allows_no_fewer_failed_runs_than_there_were,
    of_edits_of_one_version_at_once_one_is_done,
    an_edit_beside_a_claim_is_what_runs_or_is_refused,
    an_edit_of_a_lease_that_ran_out_is_refused_until_it_is_counted,
    results_of_steps_go_with_the_payload_they_belong_to,
];

const LONG: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn in_2031() -> Timestamp {
    "2031-02-28T23:59:59.123456Z".parse().unwrap()
}

async fn an_edit_changes_every_waiting_task_and_no_other(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let time = in_2031();
        let payload = json!({ "edited": state, "é": [1.5, null] });
        let edit = client.edit(before.id).payload(payload.clone());
        let edit = edit.payload_version(7).priority(-3).max_retries(9);
        let result = edit.run_at(time.to_system_time()).await;
        if state.is_ended() || state == State::Running {
            conflicts(&client, &before, result).await;
            continue;
        }
        let task = result.unwrap();
        assert_eq!(
            task,
            client.get(before.id).await.unwrap(),
            "{state}: the answer is the row"
        );
        assert_ne!(task.version(), before.version());
        let waits = match state {
            State::Retrying => State::Retrying,
            _ => State::Scheduled,
        };
        assert_eq!((task.state, task.due_at), (waits, Some(time)), "{state}");
        assert_eq!(
            (task.priority, task.max_retries, task.payload_version),
            (-3, 9, 7)
        );
        assert_eq!(task.task_payload, payload);
        let stored = db.column(task.id, "task_payload").await.unwrap();
        assert_eq!(stored, format!(r#"{{"edited":"{state}","é":[1.5,null]}}"#));
        let lasting = |task: &TaskInfo| {
            let counts = (task.status, task.retries, task.attempt);
            (counts, task.error_message.clone(), task.created_at)
        };
        assert_eq!(lasting(&task), lasting(&before), "{state}");
        // What is not named stays.
        let same = client.edit(before.id).await.unwrap();
        let again = client.edit(before.id).priority(-3).await.unwrap();
        assert_eq!(
            [same.version(), again.version()],
            [task.version(), task.version()]
        );
    }
}

async fn an_edit_of_a_held_task_gives_it_a_time_and_it_runs(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    let id = client
        .submit_json("Script", json!("old"))
        .held()
        .await
        .unwrap()
        .id;
    let task = client.edit(id).payload(json!("new")).await.unwrap();
    assert_eq!(task.state, State::Held);
    let now = client.stats().await.unwrap().now;
    client.edit(id).run_at(now.to_system_time()).await.unwrap();
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(json!("new")))
    );
    worker.shutdown().await;
}

async fn an_edit_outside_the_limits_changes_nothing(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let before = client.get(id).await.unwrap();
    let large = json!("x".repeat(limits::PAYLOAD_BYTES_MAX));
    let deep = (0..limits::JSON_DEPTH_MAX).fold(json!(1), |inner, _| json!([inner]));
    let edit = || client.edit(id).max_retries(8);
    for edit in [
        edit().payload(large),
        edit().payload(deep),
        edit().payload(json!("\0")),
        edit().priority(10),
        edit().max_retries(u32::MAX),
        edit().payload_version(u32::MAX),
    ] {
        let error = edit.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("task {id} cannot be edited: ")),
            "{error}"
        );
    }
    assert_eq!(client.get(id).await.unwrap(), before);
}

async fn an_edit_of_a_version_that_has_passed_is_refused(db: TestDb) {
    let client = db.client().await;
    let payload = json!({ "b": 1.0, "a": ["é", 9_007_199_254_740_993_i64] });
    let id = client.submit_json("Script", payload).await.unwrap().id;
    let before = client.get(id).await.unwrap();
    let task = client
        .edit(id)
        .priority(1)
        .if_version(&before.version())
        .await
        .unwrap();
    for old in [before.version(), String::new(), "nonsense".to_owned()] {
        let refused = client.edit(id).priority(2).if_version(&old).await;
        assert!(
            refused
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("has changed")
        );
        conflicts(&client, &task, refused).await;
    }
    client
        .edit(id)
        .priority(2)
        .if_version(&task.version())
        .await
        .unwrap();
    // A claim changes it too, and so does plain SQL that submits by other words.
    let seen = client.get(id).await.unwrap().version();
    db.die_holding(id, "ghost").await;
    assert_ne!(client.get(id).await.unwrap().version(), seen);
    let insert = "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Plain', '{\"b\": 1, \"a\": 2}')";
    db.exec(insert).await;
    let plain = db
        .int("SELECT id FROM dutiful_tasks WHERE task_name = 'Plain'")
        .await;
    let plain = client.get(TaskId(plain)).await.unwrap();
    client
        .edit(plain.id)
        .priority(5)
        .if_version(&plain.version())
        .await
        .unwrap();
}

async fn an_edit_allows_no_fewer_failed_runs_than_there_were(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.exec(&format!(
        "UPDATE dutiful_tasks SET status = 'error', retries = 2 WHERE id = {id}"
    ))
    .await;
    let before = client.get(id).await.unwrap();
    for too_few in [0, 1, 2] {
        let refused = client.edit(id).max_retries(too_few).await;
        conflicts(&client, &before, refused).await;
    }
    assert_eq!(client.edit(id).max_retries(3).await.unwrap().max_retries, 3);
}

/// Does it with every client at the same time.
async fn at_once<R: Send + 'static, F: Future<Output = R> + Send + 'static>(
    clients: &[Client],
    act: impl Fn(usize, Client) -> F,
) -> Vec<R> {
    let barrier = Arc::new(Barrier::new(clients.len()));
    let running = clients.iter().enumerate().map(|(number, client)| {
        let (barrier, act) = (Arc::clone(&barrier), act(number, client.clone()));
        tokio::spawn(async move {
            barrier.wait().await;
            act.await
        })
    });
    let running: Vec<_> = running.collect();
    join_all(running)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

async fn of_edits_of_one_version_at_once_one_is_done(db: TestDb) {
    let clients = db.clients(4).await;
    let id = clients[0]
        .submit_json("Script", json!("first"))
        .await
        .unwrap()
        .id;
    for round in 0..10 {
        let before = clients[0].get(id).await.unwrap();
        let results = at_once(&clients, |number, client| {
            let seen = before.version();
            async move {
                client
                    .edit(id)
                    .payload(json!([round, number]))
                    .if_version(&seen)
                    .await
            }
        })
        .await;
        let mut done = Vec::new();
        for result in results {
            match result {
                Ok(task) => done.push(task),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
        }
        assert_eq!(done, [clients[0].get(id).await.unwrap()], "round {round}");
    }
}

async fn an_edit_beside_a_claim_is_what_runs_or_is_refused(db: TestDb) {
    const TASKS: usize = 60;
    let client = db.client().await;
    let payloads = (0..TASKS).map(|number| json!([number, "old"]));
    let tasks = client
        .submit_many::<Script<0>>(payloads)
        .dedup(DedupScope::Active)
        .await
        .unwrap();
    let editors = db.clients(2).await;
    let worker = db.worker(Script::<0>::echo()).await;
    let mut edits = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let (editor, id) = (editors[number % 2].clone(), task.id);
        let edit = async move { editor.edit(id).payload(json!([number, "new"])).await };
        edits.push(tokio::spawn(edit));
    }
    let edits = join_all(edits).await;
    for (number, (task, edit)) in tasks.iter().zip(edits).enumerate() {
        let done = client.wait(task.id, LONG).await.unwrap();
        let word = match edit.unwrap() {
            Ok(_) => "new",
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                "old"
            }
        };
        let expected = json!([number, word]);
        assert_eq!(
            done.result_data,
            Some(expected.clone()),
            "it ran with what it says"
        );
        assert_eq!((done.task_payload, done.attempt), (expected, 1));
    }
    worker.shutdown().await;
}

async fn an_edit_of_a_lease_that_ran_out_is_refused_until_it_is_counted(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, "ghost").await;
    let before = client.get(id).await.unwrap();
    let later = in_2031().to_system_time();
    conflicts(&client, &before, client.edit(id).run_at(later).await).await;
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = dutiful::RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    gate.next().await.fail("no");
    until("it waits again", || async {
        client.edit(id).run_at(later).await.is_ok()
    })
    .await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.crashes, task.due_at), (1, Some(in_2031())));
    worker.shutdown().await;
}

async fn results_of_steps_go_with_the_payload_they_belong_to(db: TestDb) {
    let client = db.client().await;
    let mut script = Script::<0>::new(|payload: Value, cx| async move {
        let seen = payload.clone();
        let step: Value = cx.step("s", || async { Ok(seen) }).await?;
        match cx.attempt() {
            1 => Err(dutiful::TaskError::failed("later")),
            _ => Ok(step),
        }
    });
    script.retry_policy = dutiful::RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let mut ids = Vec::new();
    for payload in ["stays", "changes"] {
        ids.push(
            client
                .submit_json("Script", json!(payload))
                .await
                .unwrap()
                .id,
        );
    }
    until("both have failed", || async {
        db.count("attempts").await == 2
    })
    .await;
    for (id, steps) in ids.iter().zip([2, 1]) {
        let payload = if steps == 2 { "stays" } else { "changed" };
        client.edit(*id).payload(json!(payload)).await.unwrap();
        assert_eq!(db.count("steps").await, steps);
        client.run_now(*id).await.unwrap();
        let task = client.wait(*id, LONG).await.unwrap();
        assert_eq!(task.result_data, Some(json!(payload)));
    }
    worker.shutdown().await;
}
