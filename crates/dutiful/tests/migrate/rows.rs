//! What is in the tables while a run goes over them.

use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use dutiful::{Filter, State};
use std::collections::BTreeSet;

cases!(rows_in_every_state_survive_up_run_again);

/// Every state, as the columns that make it: status, due (seconds from now), worker, kind of error.
const STATES: [(State, &str, Option<i64>, &str, &str); 11] = [
    (State::Held, "not_started", None, "NULL", "NULL"),
    (State::Scheduled, "not_started", Some(3_600), "NULL", "NULL"),
    (State::Queued, "not_started", Some(-1), "NULL", "NULL"),
    (
        State::Running,
        "not_started",
        Some(3_600),
        "'somebody'",
        "NULL",
    ),
    (State::Retrying, "error", Some(3_600), "NULL", "'failed'"),
    (State::Succeeded, "success", None, "NULL", "NULL"),
    (State::Failed, "error", None, "NULL", "'failed'"),
    (State::Invalid, "error", None, "NULL", "'invalid_payload'"),
    (State::Discarded, "error", None, "NULL", "'discarded'"),
    (State::Cancelled, "error", None, "NULL", "'cancelled'"),
    (State::Quarantined, "error", None, "NULL", "'lease_lost'"),
];

async fn rows_in_every_state_survive_up_run_again(db: TestDb) {
    let client = db.client().await;
    client.migrate().await.unwrap();
    for (number, state) in STATES.iter().enumerate() {
        let (_, status, due, worker, error_kind) = state;
        let due = due.map_or("NULL".to_owned(), |seconds| db.now_plus(seconds));
        db.exec(&format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload, status, due_at, worker, error_kind)
             VALUES ('Script', '{number}', '{status}', {due}, {worker}, {error_kind})"
        ))
        .await;
    }
    let states = async || {
        let page = client.list(&Filter::new()).await.unwrap();
        page.tasks
            .iter()
            .map(|task| task.state.to_string())
            .collect::<BTreeSet<String>>()
    };
    let rows = async || db.rows("SELECT * FROM dutiful_tasks ORDER BY id").await;
    let every: BTreeSet<String> = STATES.iter().map(|(state, ..)| state.to_string()).collect();
    assert_eq!(states().await, every);
    let before = rows().await;

    assert_eq!(client.migrate().await.unwrap(), []);
    assert_eq!(rows().await, before);

    // As if each run that made the tables had been cut off before it recorded its last statement: that one
    // runs once more, over tables that hold tasks.
    db.exec(
        "UPDATE dutiful_migrations
         SET applied_at = NULL, under_way = 'up', statements_done = statements_done - 1",
    )
    .await;
    let applied = client.migrate().await.unwrap();
    let needed = client.migrator().status().await.unwrap().needed;
    assert_eq!(applied.len(), needed as usize);
    client.migrator().check().await.unwrap();
    assert_eq!(rows().await, before);
    assert_eq!(states().await, every);
}
