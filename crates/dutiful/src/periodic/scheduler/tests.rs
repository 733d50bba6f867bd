//! One worker's looks, on SQLite in memory with a clock that is moved by hand. Many workers on all engines
//! are in the integration tests.

use super::*;
use crate::client::{Filter, PeriodicInfo};
use crate::db::{Db, Sql, Value};
use crate::periodic::{Kind, Periodic};
use crate::{Context, Task, TaskError};
use std::pin::pin;

const HOUR: Duration = Duration::from_secs(3_600);
const LATER: Duration = Duration::from_millis(100);

struct Tick;

impl Task for Tick {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

fn definition(periodic: Periodic<Tick>) -> Definition {
    match periodic.split().1 {
        Kind::Stored(definition) => definition.unwrap(),
        Kind::Local(_) => unreachable!("it is not local"),
    }
}

fn hourly() -> Definition {
    definition(Periodic::every(HOUR, Tick).overlap(Overlap::Allow))
}

async fn client() -> Client {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    client
}

/// A program that has just started and made the row say what it says.
async fn started(client: &Client, definition: Definition) -> Scheduler {
    let mut scheduler = Scheduler::new(client.clone(), vec![definition]);
    scheduler.look().await.unwrap();
    scheduler
}

async fn info(client: &Client) -> PeriodicInfo {
    client.periodic().await.unwrap().remove(0)
}

async fn submitted(client: &Client) -> usize {
    client
        .list(&Filter::new().task_name("Tick"))
        .await
        .unwrap()
        .tasks
        .len()
}

async fn row(client: &Client) -> Seen {
    periodic::look(client.db(), &["Tick".to_owned()])
        .await
        .unwrap()
        .remove(0)
}

fn advance(client: &Client, time: Duration) {
    match client.db() {
        Db::Sqlite(db) => db.clock().advance(time),
        _ => unreachable!("these tests run on SQLite"),
    }
}

/// Moves the clock to just after the next tick.
async fn to_next_tick(client: &Client) {
    let row = row(client).await;
    advance(client, row.next_at.unwrap().since(row.now) + LATER);
}

async fn write(client: &Client, sql: &'static Sql, params: Vec<Value>) {
    assert_eq!(client.db().write(sql, params).await.unwrap().affected, 1);
}

#[tokio::test]
async fn a_new_row_waits_for_the_next_tick_and_then_submits_one_task_for_each() {
    let client = client().await;
    let mut scheduler = started(&client, hourly()).await;
    let first = info(&client).await;
    assert_eq!(
        (first.fired, first.last_at, submitted(&client).await),
        (0, None, 0)
    );
    for ticks in 1..=3 {
        to_next_tick(&client).await;
        scheduler.look().await.unwrap();
        scheduler.look().await.unwrap();
        let now = info(&client).await;
        assert_eq!(
            (now.fired, now.skipped, submitted(&client).await),
            (ticks, 0, ticks as usize)
        );
        assert_eq!(now.next_at.unwrap().since(now.last_at.unwrap()), HOUR);
    }
    let newest = client.list(&Filter::new()).await.unwrap().tasks.remove(0);
    assert_eq!(info(&client).await.last_task_id, Some(newest.id));
}

#[tokio::test]
async fn of_two_workers_that_see_the_same_tick_one_submits_its_task() {
    let client = client().await;
    started(&client, hourly()).await;
    to_next_tick(&client).await;
    let seen = row(&client).await;
    for _ in 0..3 {
        attend(&client, &hourly(), &seen, &mut HashSet::new())
            .await
            .unwrap();
    }
    assert_eq!(
        (info(&client).await.fired, submitted(&client).await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_worker_that_is_cut_off_anywhere_leaves_a_tick_whole_or_not_fired() {
    let client = client().await;
    started(&client, hourly()).await;
    let mut cut_off = 0;
    for polls in 0..40 {
        to_next_tick(&client).await;
        let mut scheduler = Scheduler::new(client.clone(), vec![hourly()]);
        {
            let mut look = pin!(scheduler.look());
            let mut ended = false;
            for _ in 0..polls {
                ended = futures_util::poll!(look.as_mut()).is_ready();
                if ended {
                    break;
                }
                // Half of the looks are cut off at once, before the database can have answered.
                if polls % 2 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            cut_off += usize::from(!ended);
        }
        // Everything that was under way has ended before this is answered.
        let fired = info(&client).await.fired;
        assert_eq!(
            fired,
            submitted(&client).await as i64,
            "cut off after {polls} polls"
        );
        scheduler.look().await.unwrap();
        assert_eq!(
            info(&client).await.fired,
            polls + 1,
            "made up for after {polls} polls"
        );
    }
    assert!(cut_off > 2, "the looks were too short to be cut off");
}

#[tokio::test]
async fn a_paused_periodic_does_not_tick_and_stays_paused_when_a_program_starts() {
    const PAUSE: Sql = Sql {
        sqlite: "UPDATE dutiful_periodic SET paused = ?1",
        mysql: "",
        postgres: "",
    };
    let client = client().await;
    let mut scheduler = started(&client, hourly()).await;
    write(&client, &PAUSE, vec![1.into()]).await;
    to_next_tick(&client).await;
    scheduler.look().await.unwrap();
    started(&client, definition(Periodic::every(2 * HOUR, Tick)))
        .await
        .look()
        .await
        .unwrap();
    let now = info(&client).await;
    assert_eq!(
        (now.paused, now.fired, submitted(&client).await),
        (true, 0, 0)
    );
    write(&client, &PAUSE, vec![0.into()]).await;
    to_next_tick(&client).await;
    started(&client, definition(Periodic::every(2 * HOUR, Tick))).await;
    assert_eq!(info(&client).await.fired, 1);
}

#[tokio::test]
async fn another_schedule_begins_now_and_keeps_the_counters() {
    let client = client().await;
    started(&client, hourly()).await;
    to_next_tick(&client).await;
    let mut old = started(&client, hourly()).await;
    let later = definition(Periodic::cron("0 0 1 1 *", "UTC", Tick));
    let before = info(&client).await;
    let mut new = started(&client, later).await;
    let now = info(&client).await;
    assert_eq!(
        (now.schedule.as_str(), now.fired),
        ("cron UTC 0 0 1 1 *", 1)
    );
    assert!(now.next_at > before.next_at);
    assert_eq!(now.last_task_id, before.last_task_id);
    // The program that started last wins: the other one goes by its schedule.
    advance(&client, 2 * HOUR);
    old.look().await.unwrap();
    new.look().await.unwrap();
    assert_eq!(info(&client).await.fired, 1);
    assert_eq!(info(&client).await.schedule, now.schedule);
}

#[tokio::test]
async fn a_restart_with_the_same_schedule_loses_no_tick() {
    let client = client().await;
    started(&client, hourly()).await;
    let next_at = info(&client).await.next_at;
    to_next_tick(&client).await;
    let other = definition(
        Periodic::every(HOUR, Tick)
            .payload(7)
            .overlap(Overlap::Allow),
    );
    started(&client, other.clone()).await;
    assert_eq!(
        info(&client).await.next_at,
        next_at,
        "a new payload moves no tick"
    );
    started(&client, other).await;
    let task = client.list(&Filter::new()).await.unwrap().tasks.remove(0);
    assert_eq!(
        (info(&client).await.last_at, task.task_payload),
        (next_at, serde_json::json!(7))
    );
}

#[tokio::test]
async fn a_program_whose_payload_was_replaced_fires_only_when_the_others_do_not() {
    let client = client().await;
    let mut old = started(&client, hourly()).await;
    started(
        &client,
        definition(
            Periodic::every(HOUR, Tick)
                .payload(7)
                .overlap(Overlap::Allow),
        ),
    )
    .await;
    to_next_tick(&client).await;
    old.look().await.unwrap();
    assert_eq!(submitted(&client).await, 0);
    advance(&client, LEAVE_TO_OTHERS);
    old.look().await.unwrap();
    let task = client.list(&Filter::new()).await.unwrap().tasks.remove(0);
    assert_eq!(
        task.task_payload,
        serde_json::json!(0),
        "of the version that this program writes"
    );
}

#[tokio::test]
async fn a_row_that_means_nothing_to_this_program_or_is_not_its_own_is_left_alone() {
    const CHANGE: Sql = Sql {
        sqlite: "UPDATE dutiful_periodic SET schedule = ?1, task_name = ?2 WHERE name = 'Tick'",
        mysql: "",
        postgres: "",
    };
    let client = client().await;
    let mut scheduler = started(&client, hourly()).await;
    started(
        &client,
        definition(Periodic::every(HOUR, Tick).named("Other")),
    )
    .await;
    let hourly_text = hourly().schedule.to_text();
    for (schedule, task_name) in [("lunar 3", "Tick"), (hourly_text.as_str(), "Another")] {
        write(&client, &CHANGE, vec![schedule.into(), task_name.into()]).await;
        to_next_tick(&client).await;
        scheduler.look().await.unwrap();
        assert_eq!(submitted(&client).await, 0, "{schedule} {task_name}");
    }
    let rows = client.periodic().await.unwrap();
    assert!(
        rows.iter().all(|row| row.fired == 0 && row.skipped == 0),
        "{rows:?}"
    );
}

/// A row of an hourly periodic whose next tick was `late` ago.
fn due(late: Duration, last_ended: bool) -> Seen {
    let next_at = dutiful_core::Timestamp::from_micros(1_000 * 3_600_000_000);
    Seen {
        defined: defined(&hourly()),
        paused: false,
        next_at: Some(next_at),
        now: next_at.saturating_add(late),
        last_ended,
    }
}

fn decided(overlap: Overlap, missed: Missed, row: &Seen) -> Option<(usize, u64)> {
    let rules = Rules {
        missed,
        overlap,
        ..Rules::read(&row.defined).unwrap()
    };
    decide(&rules, row).map(|plan| (plan.fire.len(), plan.skipped))
}

#[test]
fn a_tick_while_the_last_task_runs_is_skipped_queued_or_allowed() {
    let row = due(LATER, false);
    assert_eq!(decided(Overlap::Skip, Missed::Once, &row), Some((0, 1)));
    assert_eq!(decided(Overlap::Queue, Missed::Once, &row), None);
    assert_eq!(decided(Overlap::Allow, Missed::Once, &row), Some((1, 0)));
    let row = due(LATER, true);
    for overlap in Overlap::ALL {
        assert_eq!(
            decided(*overlap, Missed::Once, &row),
            Some((1, 0)),
            "{overlap}"
        );
    }
}

#[test]
fn ticks_that_are_made_up_for_do_not_overlap_either() {
    let row = due(5 * HOUR, true);
    assert_eq!(decided(Overlap::Allow, Missed::All, &row), Some((6, 0)));
    assert_eq!(decided(Overlap::Skip, Missed::All, &row), Some((1, 5)));
    assert_eq!(decided(Overlap::Queue, Missed::All, &row), Some((1, 0)));
    assert_eq!(decided(Overlap::Queue, Missed::Once, &row), Some((1, 4)));
    assert_eq!(
        decided(Overlap::Skip, Missed::None, &due(5 * HOUR + HOUR / 2, true)),
        Some((0, 6))
    );
}

#[test]
fn one_look_submits_a_hundred_tasks_at_most() {
    let row = due(Duration::from_secs(23 * 3_600), true);
    let every_minute = Defined {
        schedule: "every 60000000".to_owned(),
        ..row.defined.clone()
    };
    let rules = Rules {
        missed: Missed::All,
        ..Rules::read(&every_minute).unwrap()
    };
    let plan = decide(&rules, &row).unwrap();
    assert_eq!((plan.fire.len(), plan.skipped), (TICKS_MAX, 0));
    assert!(
        plan.next.unwrap() < row.now,
        "the rest comes with the next look"
    );
}
