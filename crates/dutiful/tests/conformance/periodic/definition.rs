//! What becomes of a row when another program says something else of it.

use super::{DAY, EVERY, allowing, find, look_once, set_next, start, submitted, when};
use crate::harness::TestDb;
use crate::harness::trial::cases;
use dutiful::{Client, PeriodicInfo};
use serde_json::{Value, json};

cases![
    the_program_that_started_last_says_when_and_with_what,
    a_new_payload_moves_no_tick,
    a_program_whose_payload_was_replaced_fires_only_when_the_others_do_not,
    a_row_that_means_nothing_to_a_program_or_is_not_its_own_is_left_alone,
];

async fn last_payload(client: &Client, row: &PeriodicInfo) -> Value {
    let task = client.get(row.last_task_id.unwrap()).await.unwrap();
    task.task_payload
}

async fn the_program_that_started_last_says_when_and_with_what(db: TestDb) {
    let client = db.client().await;
    let slow = start(&db, [allowing(DAY, 1)]).await;
    let row = when(&client, "Script", |row| row.next_at.is_some()).await;
    assert_eq!((row.schedule.as_str(), row.fired), ("every 86400000000", 0));

    let quick = start(&db, [allowing(EVERY, 2)]).await;
    let row = when(&client, "Script", |row| row.fired >= 2).await;
    assert_eq!(row.schedule, "every 300000");
    assert_eq!(last_payload(&client, &row).await, 2);

    let slow_again = start(&db, [allowing(DAY, 1)]).await;
    let row = when(&client, "Script", |row| row.schedule == "every 86400000000").await;
    assert!(row.fired >= 2, "counters stay");
    for worker in [slow, quick, slow_again] {
        worker.shutdown().await;
    }
}

async fn a_new_payload_moves_no_tick(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, 1)]).await;
    let before = find(&client, "Script").await.unwrap();
    look_once(&db, [allowing(DAY, 7)]).await;
    let after = find(&client, "Script").await.unwrap();
    assert_eq!(after.next_at, before.next_at);
    set_next(&db, "Script", -1).await;
    look_once(&db, [allowing(DAY, 7)]).await;
    assert_eq!((submitted(&db, 1).await, submitted(&db, 7).await), (0, 1));
}

async fn a_program_whose_payload_was_replaced_fires_only_when_the_others_do_not(db: TestDb) {
    let client = db.client().await;
    let old = start(&db, [allowing(EVERY, 1)]).await;
    when(&client, "Script", |row| row.fired > 0).await;
    let new = start(&db, [allowing(EVERY, 2)]).await;
    let payload = "SELECT task_payload FROM dutiful_periodic WHERE name = 'Script'";
    crate::harness::until("the row has the new payload", || async {
        db.cell(payload).await == Some(json!(2).to_string())
    })
    .await;
    // A look of the old program may have been under way; a tick of the new one comes after it.
    let fired = find(&client, "Script").await.unwrap().fired;
    when(&client, "Script", |row| row.fired > fired + 1).await;
    let by_old = submitted(&db, 1).await;
    when(&client, "Script", |row| row.fired > fired + 5).await;
    assert_eq!(submitted(&db, 1).await, by_old);

    new.shutdown().await;
    let by_new = submitted(&db, 2).await;
    let row = when(&client, "Script", |row| row.fired > by_old + by_new).await;
    // Of the version that this program writes.
    assert_eq!(last_payload(&client, &row).await, 1);
    old.shutdown().await;
}

async fn a_row_that_means_nothing_to_a_program_or_is_not_its_own_is_left_alone(db: TestDb) {
    let client = db.client().await;
    let periodics = ["mine", "sign"].map(|name| allowing(EVERY, name).named(name));
    let worker = start(&db, periodics).await;
    let mine = when(&client, "mine", |row| row.fired > 0).await;
    for (schedule, task_name) in [("lunar 3", "Script"), (mine.schedule.as_str(), "Another")] {
        let sql = format!(
            "UPDATE dutiful_periodic SET schedule = '{schedule}', task_name = '{task_name}'
             WHERE name = 'mine'"
        );
        assert_eq!(db.exec(&sql).await, 1);
        // The other one ticks with the same look: one that was under way, and one after it.
        let ticks = async |count: i64| {
            let fired = find(&client, "sign").await.unwrap().fired;
            when(&client, "sign", |row| row.fired >= fired + count).await;
        };
        ticks(2).await;
        let before = find(&client, "mine").await.unwrap();
        ticks(3).await;
        assert_eq!(find(&client, "mine").await.unwrap(), before);
    }
    worker.shutdown().await;
}
