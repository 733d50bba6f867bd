//! Why a task does not run, or ran twice, as every engine tells it.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use crate::operate::in_every_state;
use dutiful::{Client, Explanation, RetryPolicy, State, TaskId};
use serde_json::json;
use std::time::Duration;

cases![
    every_state_is_explained_and_nothing_is_changed,
    a_task_that_ran_again_says_what_became_of_each_attempt,
    a_due_task_says_how_many_are_ahead_up_to_a_thousand,
    a_name_that_no_live_worker_runs_is_told,
    a_quarantined_task_names_the_workers_that_died_of_it,
];

const HOUR: Duration = Duration::from_secs(3_600);

fn codes(explanation: &Explanation) -> Vec<&'static str> {
    explanation
        .reasons
        .iter()
        .map(|reason| reason.code)
        .collect()
}

async fn first(client: &Client, id: TaskId) -> (&'static str, String) {
    let reason = client.explain(id).await.unwrap().reasons.remove(0);
    (reason.code, reason.text)
}

async fn every_state_is_explained_and_nothing_is_changed(db: TestDb) {
    let (client, tasks) = in_every_state(&db).await;
    for (state, before) in tasks {
        let explanation = client.explain(before.id).await.unwrap();
        let code = match state {
            State::Queued => "queued_behind",
            State::Retrying => "cooldown",
            State::Failed => "exhausted",
            State::Running => "running",
            other => other.as_str(),
        };
        assert_eq!(explanation.reasons[0].code, code, "{explanation:?}");
        assert_eq!((explanation.id, explanation.state), (before.id, state));
        assert_eq!(explanation.task_name, before.task_name);
        assert_eq!(client.get(before.id).await.unwrap(), before);
        assert_eq!(client.explain(before.id).await.unwrap(), explanation);
    }
}

async fn a_task_that_ran_again_says_what_became_of_each_attempt(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, "ghost").await;
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let run = gate.next().await;
    let explanation = client.explain(id).await.unwrap();
    assert_eq!(codes(&explanation), ["running", "ran_again"]);
    let lost = &explanation.reasons[1];
    assert!(
        lost.text.contains("Attempt 1 on worker ghost was lost"),
        "{}",
        lost.text
    );
    assert!(lost.fix.as_ref().unwrap().contains("ghost"));
    run.fail("it broke");
    until("it has failed", || async {
        first(&client, id).await.0 == "cooldown"
    })
    .await;
    let text = first(&client, id).await.1;
    assert!(
        text.contains("1 failed run of 3 allowed") && text.contains("it broke"),
        "{text}"
    );
    client.run_now(id).await.unwrap();
    gate.next().await.succeed(1);
    client.wait(id, HOUR).await.unwrap();
    let explanation = client.explain(id).await.unwrap();
    assert_eq!(codes(&explanation), ["succeeded", "ran_again", "ran_again"]);
    let failed = format!("Attempt 2 on worker {} failed: it broke.", worker.worker());
    assert_eq!(explanation.reasons[2].text, failed);
    worker.shutdown().await;
}

async fn a_due_task_says_how_many_are_ahead_up_to_a_thousand(db: TestDb) {
    let client = db.client().await;
    let first_one = client
        .submit_json("Script", json!("first"))
        .await
        .unwrap()
        .id;
    let urgent = client
        .submit_json("Script", json!("urgent"))
        .priority(9)
        .await
        .unwrap()
        .id;
    client
        .submit_json("Script", json!("later"))
        .priority(9)
        .delay(HOUR)
        .await
        .unwrap();
    client.submit_json("Other", json!("other")).await.unwrap();
    let many = (0..1_200).map(|number| json!(number));
    let many = client.submit_many::<Script<0>>(many).await.unwrap();
    db.die_holding(many[5].id, "ghost").await;
    db.set_due(many[5].id, 600).await;
    for (id, words) in [
        (urgent, "no due task"),
        (first_one, "1 due task of"),
        (many[0].id, "2 due tasks"),
        (many[998].id, "999 due tasks"),
        (many[999].id, "1000 due tasks"),
        (many[1_001].id, "more than 1000 due tasks"),
        (many[1_199].id, "more than 1000 due tasks"),
    ] {
        let (code, text) = first(&client, id).await;
        assert_eq!(code, "queued_behind");
        assert!(text.contains(words), "{words}: {text}");
    }
}

async fn a_name_that_no_live_worker_runs_is_told(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Other", json!(1)).await.unwrap().id;
    let worker = db.worker(Script::<0>::echo()).await;
    until("the worker has its row", || async {
        client.workers().await.unwrap().len() == 1
    })
    .await;
    assert_eq!(
        codes(&client.explain(id).await.unwrap()),
        ["queued_behind", "no_worker"]
    );
    let beat = db.now_plus(-3_600);
    db.exec(&format!(
        "INSERT INTO dutiful_workers (worker, host, process_id, task_names, started_at, beat_at)
         VALUES ('gone', 'h', 1, '[\"Other\"]', {beat}, {beat})"
    ))
    .await;
    let found = client.explain(id).await.unwrap();
    assert!(found.reasons[1].text.contains("gone did"), "{found:?}");
    let now = db.now_plus(0);
    db.exec(&format!(
        "UPDATE dutiful_workers SET beat_at = {now} WHERE worker = 'gone'"
    ))
    .await;
    assert_eq!(codes(&client.explain(id).await.unwrap()), ["queued_behind"]);
    db.die_holding(id, "ghost").await;
    assert_eq!(codes(&client.explain(id).await.unwrap()), ["lease_ran_out"]);
    worker.shutdown().await;
}

async fn a_quarantined_task_names_the_workers_that_died_of_it(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    gate.keep(run);
    for name in ["w1", "w2", "w3"] {
        let due = db.now_plus(-1);
        let held =
            format!("UPDATE dutiful_tasks SET worker = '{name}', due_at = {due} WHERE id = {id}");
        assert_eq!(db.exec(&held).await, 1);
        if name != "w3" {
            let run = gate.next().await;
            gate.keep(run);
        }
    }
    until("it is set aside", || async {
        client.get(id).await.unwrap().state == State::Quarantined
    })
    .await;
    let (code, text) = first(&client, id).await;
    assert_eq!(code, "quarantined");
    assert!(text.ends_with("3 times: w1, w2, w3."), "{text}");
    worker.shutdown().await;
}
