//! What is kept of a task that has been tried very often: the newest.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::limits::{ATTEMPTS_KEPT_MAX, LOG_LINES_PER_TASK_MAX};
use dutiful::{State, TaskError, TaskId};
use serde_json::json;
use std::time::Duration;

cases![the_oldest_attempts_and_lines_of_a_task_go];

/// Rows of one statement.
const PIECE: usize = 1_000;
const EXTRA: i64 = 20;

async fn the_oldest_attempts_and_lines_of_a_task_go(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let other = client.submit_json("Other", json!(1)).await.unwrap().id;
    let last = 2 * ATTEMPTS_KEPT_MAX;
    let first = last - ATTEMPTS_KEPT_MAX - EXTRA;
    let attempts: Vec<(TaskId, i64)> = (first..last).map(|attempt| (id, attempt)).collect();
    write_attempts(&db, &attempts).await;
    write_attempts(&db, &[(other, 1)]).await;
    let lines: Vec<TaskId> = (0..LOG_LINES_PER_TASK_MAX + EXTRA).map(|_| id).collect();
    write_lines(&db, &lines).await;
    let newest = db.int("SELECT MAX(id) FROM dutiful_logs").await;
    write_lines(&db, &[other]).await;
    let attempt = last - 1;
    db.exec(&format!("UPDATE dutiful_tasks SET attempt = {attempt}"))
        .await;
    let worker = db
        .worker(Script::<0>::ends(|| Err(TaskError::discard("enough"))))
        .await;
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(task.state, State::Discarded);
    let of_task = |what: &str, table: &str| {
        format!("SELECT {what} FROM dutiful_{table} WHERE task_id = {id}")
    };
    for (what, is) in [
        ("COUNT(*)", ATTEMPTS_KEPT_MAX),
        ("MIN(attempt)", last - ATTEMPTS_KEPT_MAX + 1),
        ("MAX(attempt)", last),
    ] {
        assert_eq!(db.int(&of_task(what, "attempts")).await, is, "{what}");
    }
    assert_eq!(
        db.int(&of_task("COUNT(*)", "logs")).await,
        LOG_LINES_PER_TASK_MAX
    );
    assert_eq!(db.int(&of_task("MAX(id)", "logs")).await, newest);
    assert_eq!(db.count("attempts").await, ATTEMPTS_KEPT_MAX + 1);
    assert_eq!(db.count("logs").await, LOG_LINES_PER_TASK_MAX + 1);
    worker.shutdown().await;
}

async fn write_attempts(db: &TestDb, attempts: &[(TaskId, i64)]) {
    let now = db.now_plus(0);
    let row = |(id, attempt): &(TaskId, i64)| {
        format!("({id}, {attempt}, 'ghost', {now}, {now}, 'snoozed')")
    };
    for piece in attempts.chunks(PIECE) {
        let rows: Vec<String> = piece.iter().map(row).collect();
        let insert = "INSERT INTO dutiful_attempts \
                      (task_id, attempt, worker, started_at, ended_at, outcome) VALUES";
        db.exec(&format!("{insert} {}", rows.join(", "))).await;
    }
}

async fn write_lines(db: &TestDb, tasks: &[TaskId]) {
    let now = db.now_plus(0);
    for piece in tasks.chunks(PIECE) {
        let rows: Vec<String> = piece
            .iter()
            .map(|id| format!("({id}, 1, {now}, 'a line')"))
            .collect();
        let insert = "INSERT INTO dutiful_logs (task_id, attempt, logged_at, message) VALUES";
        db.exec(&format!("{insert} {}", rows.join(", "))).await;
    }
}
