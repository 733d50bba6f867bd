//! After a crash: which of a dead worker's tasks run again when, and beside what.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use dutiful::{State, TaskId};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

cases![
    tasks_that_one_more_crash_would_quarantine_run_one_at_a_time,
    a_lost_lease_does_not_wait_for_a_backlog_that_was_due_before,
    a_lost_lease_on_a_row_that_cannot_be_read_ends,
    what_must_be_passed_over_does_not_hide_a_lost_lease,
    a_lost_task_that_waits_for_its_last_chance_has_not_finished,
    tasks_claimed_beside_one_that_cannot_be_rescued_run_all_the_same,
];

const LONG: Duration = Duration::from_secs(60);

async fn tasks_that_one_more_crash_would_quarantine_run_one_at_a_time(db: TestDb) {
    let client = db.client().await;
    let many = client.submit_many::<Script>((0..4).map(|number| json!(number)));
    let ids: Vec<TaskId> = many.await.unwrap().iter().map(|task| task.id).collect();
    let (innocent, suspects) = ids.split_last().unwrap();
    let crashes = format!("UPDATE dutiful_tasks SET crashes = 2 WHERE id <> {innocent}");
    assert_eq!(db.exec(&crashes).await, 3);
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let mut open: HashSet<TaskId> = suspects.iter().copied().collect();
    let mut runs = vec![gate.next().await, gate.next().await];
    while let Some(place) = runs.iter().position(|run| open.contains(&run.id())) {
        let run = runs.remove(place);
        open.remove(&run.id());
        for id in &open {
            let task = client.get(*id).await.unwrap();
            assert_eq!((task.worker, task.attempt, task.crashes), (None, 0, 2));
        }
        assert_eq!(gate.waiting(), 0);
        run.succeed("here");
        if !open.is_empty() {
            runs.push(gate.next().await);
        }
    }
    assert!(open.is_empty());
    assert_eq!(runs.len(), 1, "what harmed nobody runs beside them");
    runs.remove(0).succeed("beside");
    for id in ids {
        assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    }
    worker.shutdown().await;
}

async fn a_lost_lease_does_not_wait_for_a_backlog_that_was_due_before(db: TestDb) {
    let client = db.client().await;
    let many = client.submit_many::<Script>((0..400).map(|number| json!(number)));
    let lost = many.await.unwrap().last().unwrap().id;
    let earlier = db.now_plus(-30);
    db.exec(&format!("UPDATE dutiful_tasks SET due_at = {earlier}"))
        .await;
    db.die_holding(lost, "ghost").await;
    db.set_due(lost, -5).await;
    let mut script = Script::<0>::new(|payload, _| async move {
        tokio::time::sleep(Duration::from_millis(25)).await;
        Ok(payload)
    });
    script.batch_size = 1;
    let worker = db.worker(script).await;
    let task = client.wait(lost, LONG).await.unwrap();
    assert_eq!((task.state, task.crashes), (State::Succeeded, 1));
    let waiting = "SELECT COUNT(*) FROM dutiful_tasks WHERE attempt = 0";
    assert!(db.int(waiting).await > 200, "most of the backlog waits");
    worker.shutdown().await;
}

async fn a_lost_lease_on_a_row_that_cannot_be_read_ends(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(id, "ghost").await;
    let spoil = "UPDATE dutiful_tasks SET dedup_scope = 'odd', dedup_key = NULL";
    assert_eq!(db.exec(spoil).await, 1);
    db.expire(id).await;
    let worker = db.worker(Script::<0>::echo()).await;
    until("it has ended", || async {
        db.column(id, "finished_at").await.is_some()
    })
    .await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Quarantined, 2));
    worker.shutdown().await;
}

async fn a_lost_task_that_waits_for_its_last_chance_has_not_finished(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let before = client.submit_json("Script", json!(1)).await.unwrap().id;
    assert_eq!(db.exec("UPDATE dutiful_tasks SET crashes = 2").await, 1);
    let worker = db.worker(script).await;
    let run = gate.next().await;
    assert_eq!(run.id(), before);
    let id = client.submit_json("Script", json!(2)).await.unwrap().id;
    let second = gate.next().await;
    assert_eq!(second.id(), id);
    // To its database the worker that runs it is another one, whose time is over.
    let lost = "UPDATE dutiful_tasks SET worker = 'ghost', crashes = 1";
    assert_eq!(db.exec(&format!("{lost} WHERE id = {id}")).await, 1);
    db.expire(id).await;
    until("it has been found", || async {
        client.get(id).await.unwrap().worker.is_none()
    })
    .await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.crashes), (State::Retrying, 2));
    assert_eq!(task.finished_at, None);
    assert!(task.due_at.is_some());
    run.succeed("first");
    second.succeed("too late");
    gate.next().await.succeed("its last chance");
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn tasks_claimed_beside_one_that_cannot_be_rescued_run_all_the_same(db: TestDb) {
    let client = db.client().await;
    let lost = client.submit_json("Script", json!(1)).await.unwrap().id;
    db.die_holding(lost, "ghost").await;
    let free = client.submit_json("Script", json!(2)).await.unwrap().id;
    // Without its history the crash cannot be counted.
    db.exec("ALTER TABLE dutiful_attempts RENAME TO dutiful_attempts_away")
        .await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    assert_eq!(run.id(), free);
    run.succeed("here");
    let task = client.wait(free, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    db.exec("ALTER TABLE dutiful_attempts_away RENAME TO dutiful_attempts")
        .await;
    gate.next().await.succeed("and there");
    let task = client.wait(lost, LONG).await.unwrap();
    assert_eq!((task.state, task.crashes), (State::Succeeded, 1));
    worker.shutdown().await;
}

async fn what_must_be_passed_over_does_not_hide_a_lost_lease(db: TestDb) {
    let client = db.client().await;
    // One run is on its last chance and goes on for ever, so no other of its kind may begin beside it.
    let held = client
        .submit_json("Script", json!("held"))
        .await
        .unwrap()
        .id;
    assert_eq!(db.exec("UPDATE dutiful_tasks SET crashes = 2").await, 1);
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let first = gate.next().await;
    assert_eq!(first.id(), held);
    // More than any claim takes, and all of it due before the good one.
    let (due, crashed) = (db.now_plus(-600), db.now_plus(-500));
    for _ in 0..3 {
        let values: Vec<String> = (0..400)
            .map(|_| format!("('Script', '1', 2, {due})"))
            .collect();
        let sql = "INSERT INTO dutiful_tasks (task_name, task_payload, crashes, due_at) VALUES";
        assert_eq!(db.exec(&format!("{sql} {}", values.join(", "))).await, 400);
    }
    let lost: Vec<String> = (0..17)
        .map(|_| format!("('Script', '1', 'odd', 'ghost', 1, {crashed})"))
        .collect();
    let columns = "task_name, task_payload, error_kind, worker, attempt, due_at";
    let sql = format!(
        "INSERT INTO dutiful_tasks ({columns}) VALUES {}",
        lost.join(", ")
    );
    assert_eq!(db.exec(&sql).await, 17);
    // Scheduled, so that nobody takes it before it looks like one that somebody held.
    let good = client.submit_json("Script", json!("good"));
    let good = good.delay(Duration::from_secs(3_600)).await.unwrap().id;
    db.die_holding(good, "ghost").await;
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt()), (good, 2));
    run.succeed(1);
    assert_eq!(
        client.wait(good, LONG).await.unwrap().state,
        State::Succeeded
    );
    let ended = "SELECT COUNT(*) FROM dutiful_tasks WHERE error_kind = 'undecodable'";
    until("what cannot be read has ended", || async {
        db.int(ended).await == 17
    })
    .await;
    let untouched = "SELECT COUNT(*) FROM dutiful_tasks WHERE crashes = 2 AND attempt = 0";
    assert_eq!((db.int(untouched).await, gate.waiting()), (1_200, 0));
    first.succeed(1);
    worker.shutdown().await;
}
