//! What an operator does to a periodic task: run it now, pause, resume, change, reset.

use super::{DAY, allowing, find, look_once, set_next, submitted};
use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, within};
use dutiful::{Client, ErrorKind, Missed, Periodic, PeriodicInfo};
use serde_json::{Value, json};
use std::future::IntoFuture;
use std::time::Duration;

cases![
    a_run_by_hand_moves_no_tick_and_tells_its_task,
    a_run_by_hand_keeps_clear_of_the_last_task_unless_told_otherwise,
    a_run_by_hand_is_done_once_for_each_key,
    a_periodic_that_is_resumed_makes_up_for_what_its_rule_says,
    what_an_operator_changed_stays_when_programs_start_until_it_is_reset,
    ticks_have_the_payload_that_an_operator_set,
    a_change_that_cannot_be_is_refused_and_changes_nothing,
    the_next_ticks_are_reckoned_by_the_schedule_in_force;
    on Engine::is_server:
    a_run_by_hand_whose_answer_was_lost_submits_once,
];

const SCRIPT: &str = "Script";

/// While the task of the last tick has not ended the next one is skipped.
fn skipping(payload: impl Into<Value>) -> Periodic<Script> {
    Periodic::every_with(DAY, Script::echo(), payload.into())
}

async fn row(client: &Client) -> PeriodicInfo {
    find(client, SCRIPT).await.unwrap()
}

async fn a_run_by_hand_moves_no_tick_and_tells_its_task(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [skipping("by hand")]).await;
    let before = row(&client).await;
    for paused in [false, true] {
        if paused {
            client.periodic_pause(SCRIPT).await.unwrap();
        }
        let ran = client.periodic_run_now(SCRIPT).await.unwrap();
        assert!(!ran.replayed);
        let task = client.get(ran.task_id).await.unwrap();
        assert_eq!(
            (task.task_name.as_str(), &task.task_payload),
            (SCRIPT, &json!("by hand"))
        );
        let expected = PeriodicInfo {
            last_task_id: Some(ran.task_id),
            paused,
            ..before.clone()
        };
        assert_eq!(row(&client).await, expected);
        client.cancel(ran.task_id).await.unwrap();
    }
    let error = client.periodic_run_now("Nobody").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

async fn a_run_by_hand_keeps_clear_of_the_last_task_unless_told_otherwise(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [skipping(1), allowing(DAY, 2).named("Freely")]).await;
    let first = client.periodic_run_now(SCRIPT).await.unwrap().task_id;
    let error = client.periodic_run_now(SCRIPT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains(&first.to_string()), "{error}");
    let second = client.periodic_run_now(SCRIPT).anyway().await.unwrap();
    assert_ne!(second.task_id, first);
    // The next tick must still keep clear of the one that nobody else keeps clear of.
    assert_eq!(row(&client).await.last_task_id, Some(first));
    client.cancel(first).await.unwrap();
    let third = client.periodic_run_now(SCRIPT).await.unwrap().task_id;
    assert_eq!(row(&client).await.last_task_id, Some(third));
    assert_eq!(submitted(&db, 1).await, 3);
    for _ in 0..2 {
        client.periodic_run_now("Freely").await.unwrap();
    }
    assert_eq!(submitted(&db, 2).await, 2);
}

async fn a_run_by_hand_is_done_once_for_each_key(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, 1)]).await;
    let run = async |key: &str, hash| client.periodic_run_now(SCRIPT).once(key, [hash; 32]).await;
    let first = run("a", 1).await.unwrap();
    let again = run("a", 1).await.unwrap();
    assert_eq!((again.task_id, again.replayed), (first.task_id, true));
    assert_eq!(run("a", 2).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert!(!run("b", 1).await.unwrap().replayed);
    assert_eq!(submitted(&db, 1).await, 2);
}

async fn a_periodic_that_is_resumed_makes_up_for_what_its_rule_says(db: TestDb) {
    let client = db.client().await;
    let policies = [
        (Missed::None, "none", 0),
        (Missed::Once, "once", 1),
        (Missed::All, "all", 5),
    ];
    let periodics = || {
        policies.map(|(missed, name, _)| {
            let periodic = allowing(DAY, name).named(name).missed(missed);
            periodic.missed_window(DAY * 30)
        })
    };
    look_once(&db, periodics()).await;
    for (_, name, _) in policies {
        let paused = client.periodic_pause(name).await.unwrap();
        assert!(paused.paused && paused.next_at.is_some());
        assert_eq!(client.periodic_pause(name).await.unwrap(), paused);
    }
    let back = db.earlier("next_at", 5 * DAY);
    db.exec(&format!("UPDATE dutiful_periodic SET {back}"))
        .await;
    look_once(&db, periodics()).await;
    let now = client.stats().await.unwrap().now;
    for (missed, name, _) in policies {
        assert_eq!(submitted(&db, name).await, 0, "{name} is paused");
        let resumed = client.periodic_resume(name).await.unwrap();
        assert!(!resumed.paused);
        let waits = resumed.next_at.unwrap() > now;
        assert_eq!(waits, missed == Missed::None, "{name}");
        assert_eq!(client.periodic_resume(name).await.unwrap(), resumed);
    }
    look_once(&db, periodics()).await;
    for (_, name, fired) in policies {
        assert_eq!(submitted(&db, name).await, fired, "{name}");
    }
}

async fn what_an_operator_changed_stays_when_programs_start_until_it_is_reset(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [skipping(1)]).await;
    let change = client.periodic_change(SCRIPT).every(DAY * 7);
    let changed = change.payload(json!("by hand")).by("ada").await.unwrap();
    assert_eq!(changed.schedule, "every 604800000000");
    assert_eq!(changed.task_payload, json!("by hand"));
    let change = changed.changed.clone().unwrap();
    assert_eq!(
        (change.by.as_str(), change.program_schedule.as_deref()),
        ("ada", Some("every 86400000000"))
    );
    assert_eq!(change.program_payload, Some(json!(1)));
    assert_eq!(row(&client).await, changed, "the answer is the row");
    look_once(&db, [skipping(1)]).await;
    assert_eq!(row(&client).await, changed);

    // A program that says something else says it for later.
    let later = Periodic::every_with(DAY * 2, Script::echo(), json!(2));
    look_once(&db, [later]).await;
    let after = row(&client).await;
    assert_eq!(
        (&after.schedule, after.next_at, &after.task_payload),
        (&changed.schedule, changed.next_at, &json!("by hand"))
    );
    let reset = client.periodic_reset(SCRIPT).await.unwrap();
    assert_eq!(
        (reset.schedule.as_str(), &reset.task_payload, &reset.changed),
        ("every 172800000000", &json!(2), &None)
    );
    let now = client.stats().await.unwrap().now;
    assert!(reset.next_at.unwrap() > now && reset.next_at.unwrap().since(now) <= DAY * 2);
    assert_eq!(client.periodic_reset(SCRIPT).await.unwrap(), reset);
    assert_eq!(row(&client).await, reset);
}

async fn ticks_have_the_payload_that_an_operator_set(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [allowing(DAY, 1)]).await;
    let next = row(&client).await.next_at;
    let change = client.periodic_change(SCRIPT).payload(json!("other"));
    assert_eq!(change.await.unwrap().next_at, next, "it moves no tick");
    // Also of a program whose own payload is not the row's.
    for (round, payload) in [(1, 1), (2, 7)] {
        set_next(&db, SCRIPT, -1).await;
        look_once(&db, [allowing(DAY, payload)]).await;
        assert_eq!(submitted(&db, "other").await, round);
    }
    assert_eq!((submitted(&db, 1).await, submitted(&db, 7).await), (0, 0));
    client.periodic_reset(SCRIPT).await.unwrap();
    set_next(&db, SCRIPT, -1).await;
    look_once(&db, [allowing(DAY, 7)]).await;
    assert_eq!(submitted(&db, 7).await, 1);
}

async fn a_change_that_cannot_be_is_refused_and_changes_nothing(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [skipping(1)]).await;
    let before = row(&client).await;
    let change = || client.periodic_change(SCRIPT);
    let long = "x".repeat(2 * 1024 * 1024);
    for (refused, kind) in [
        (change(), ErrorKind::Config),
        (change().expression("now and then"), ErrorKind::Config),
        (change().expression("0 0 31 2 *"), ErrorKind::Config),
        (change().cron("0 9 * * *", "Nowhere/At"), ErrorKind::Config),
        (change().time_zone("Europe/Berlin"), ErrorKind::Config),
        (change().every(Duration::from_millis(1)), ErrorKind::Config),
        (
            change().every(DAY).time_zone("Europe/Berlin"),
            ErrorKind::Config,
        ),
        (change().payload(json!(long)), ErrorKind::InvalidPayload),
    ] {
        let shown = format!("{refused:?}");
        let error = refused.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{:.200}: {error}", shown);
        assert_eq!(row(&client).await, before);
    }
    for error in [
        client.periodic_pause("Nobody").await.unwrap_err(),
        client.periodic_resume("Nobody").await.unwrap_err(),
        client.periodic_reset("Nobody").await.unwrap_err(),
        client.periodic_named("Nobody").await.unwrap_err(),
        client.periodic_next("Nobody", 1).await.unwrap_err(),
        client
            .periodic_change("Nobody")
            .every(DAY)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

async fn the_next_ticks_are_reckoned_by_the_schedule_in_force(db: TestDb) {
    let client = db.client().await;
    look_once(&db, [skipping(1)]).await;
    let next = client.periodic_next(SCRIPT, 3).await.unwrap();
    assert_eq!(next.len(), 3);
    assert_eq!(Some(next[0]), row(&client).await.next_at);
    assert_eq!(next[2].since(next[1]), DAY);
    let change = client.periodic_change(SCRIPT).cron("0 9 * * *", "UTC");
    assert_eq!(change.await.unwrap().schedule, "cron UTC 0 9 * * *");
    let zone = client.periodic_change(SCRIPT).time_zone("Asia/Tokyo").await;
    assert_eq!(zone.unwrap().schedule, "cron Asia/Tokyo 0 9 * * *");
    let next = client.periodic_next(SCRIPT, 1).await.unwrap()[0];
    assert!(next.to_string().contains("T00:00:00"), "{next}");
    for count in [0, 101] {
        let error = client.periodic_next(SCRIPT, count).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

async fn a_run_by_hand_whose_answer_was_lost_submits_once(db: TestDb) {
    const NAME: &str = "Lost.answer";
    look_once(&db, [skipping(1).named(NAME)]).await;
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await.unwrap();
    proxy.lose(NAME, "COMMIT");
    let ran = within(
        "it is answered in the end",
        client.periodic_run_now(NAME).into_future(),
    )
    .await
    .unwrap();
    assert!(proxy.has_cut(), "the answer was heard");
    assert!(!ran.replayed, "it is this call that has done it");
    assert_eq!(submitted(&db, 1).await, 1);
    let row = find(&client, NAME).await.unwrap();
    assert_eq!(row.last_task_id, Some(ran.task_id));
}
