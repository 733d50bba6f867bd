//! A program that starts again finds its rows as it left them.

use super::{DAY, allowing, find, look_once, set_next, submitted};
use crate::harness::TestDb;
use crate::harness::trial::cases;

cases![
    a_new_periodic_waits_for_its_next_tick_and_a_restart_loses_none,
    a_paused_periodic_does_not_tick_and_stays_paused_when_a_program_starts,
];

const SCRIPT: &str = "Script";

async fn a_new_periodic_waits_for_its_next_tick_and_a_restart_loses_none(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, "tick")]).await;
    let new = find(&client, SCRIPT).await.unwrap();
    assert_eq!((new.fired, new.skipped, new.last_at), (0, 0, None));
    let now = client.stats().await.unwrap().now;
    assert!(new.next_at.unwrap() > now);
    assert_eq!(submitted(&db, "tick").await, 0);

    look_once(&db, [allowing(DAY, "tick")]).await;
    assert_eq!(find(&client, SCRIPT).await.unwrap(), new);

    set_next(&db, SCRIPT, -2).await;
    let due = find(&client, SCRIPT).await.unwrap().next_at;
    look_once(&db, [allowing(DAY, "tick")]).await;
    let fired = find(&client, SCRIPT).await.unwrap();
    assert_eq!((fired.fired, fired.skipped, fired.last_at), (1, 0, due));
    assert_eq!(fired.next_at, new.next_at, "the schedule goes on as it was");
    assert_eq!(submitted(&db, "tick").await, 1);
}

async fn a_paused_periodic_does_not_tick_and_stays_paused_when_a_program_starts(db: TestDb) {
    let client = db.client().await;
    let pause = async |paused: u8| {
        let sql = format!("UPDATE dutiful_periodic SET paused = {paused} WHERE name = '{SCRIPT}'");
        assert_eq!(db.exec(&sql).await, 1);
    };
    look_once(&db, [allowing(DAY, "tick")]).await;
    pause(1).await;
    set_next(&db, SCRIPT, -1).await;
    look_once(&db, [allowing(DAY, "tick")]).await;
    // A program that says something else of it changes that alone.
    look_once(&db, [allowing(DAY * 2, "tick")]).await;
    set_next(&db, SCRIPT, -1).await;
    look_once(&db, [allowing(DAY * 2, "tick")]).await;
    let row = find(&client, SCRIPT).await.unwrap();
    assert!(
        row.paused && row.schedule == "every 172800000000",
        "{row:?}"
    );
    assert_eq!(
        (row.fired, row.skipped, submitted(&db, "tick").await),
        (0, 0, 0)
    );

    pause(0).await;
    set_next(&db, SCRIPT, -1).await;
    look_once(&db, [allowing(DAY * 2, "tick")]).await;
    assert_eq!(submitted(&db, "tick").await, 1);
}
