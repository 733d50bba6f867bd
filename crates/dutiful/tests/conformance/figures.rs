//! Kept figures: whatever happens to tasks, what is kept, and what has ended since, equals what is stored.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::life::Life;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until, within};
use dutiful::{
    Client, DedupScope, Filter, Retention, SeriesFilter, State, Step, TaskError, TaskId, Timestamp,
    testing,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

cases![
    figures_equal_the_table_before_and_after_they_are_kept,
    what_leaves_is_taken_out_and_stays_in_the_series,
    a_failed_task_that_is_submitted_again_leaves_the_figures,
    an_end_that_is_committed_late_is_found_by_the_check,
    what_plain_sql_removes_is_put_right_by_a_recount,
    a_recount_puts_back_how_far_the_figures_have_come,
    keepers_at_once_add_each_task_once,
    a_storm_of_ends_and_leavers_beside_keepers_leaves_figures_right,
    more_than_one_piece_is_added_and_tasks_of_one_time_are_not_parted,
    series_tell_what_ended_in_which_minute_hour_and_day,
    old_minutes_go_and_what_they_counted_stays,
    ;
    on Engine::is_server:
    an_addition_whose_answer_was_lost_is_made_once,
];

const LONG: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SUCCEEDED: &str = "status = 'success'";
const FAILED: &str = "status = 'error', error_kind = 'failed', retries = 3";

/// Ended tasks by name and state, counted in the table.
async fn stored(db: &TestDb) -> BTreeMap<(String, State), u64> {
    let rows = db
        .rows(
            "SELECT task_name, status, error_kind, COUNT(*) FROM dutiful_tasks
             WHERE due_at IS NULL AND status <> 'not_started'
             GROUP BY task_name, status, error_kind",
        )
        .await;
    let mut counts = BTreeMap::new();
    for row in rows {
        let state = match (row[1].as_deref().unwrap(), row[2].as_deref()) {
            ("success", _) => State::Succeeded,
            (_, Some("invalid_payload")) => State::Invalid,
            (_, Some("discarded")) => State::Discarded,
            (_, Some("cancelled")) => State::Cancelled,
            (_, Some("lease_lost" | "undecodable")) => State::Quarantined,
            _ => State::Failed,
        };
        let tasks: u64 = row[3].as_deref().unwrap().parse().unwrap();
        *counts.entry((row[0].clone().unwrap(), state)).or_default() += tasks;
    }
    counts
}

/// The same as the client tells it.
async fn told(client: &Client) -> BTreeMap<(String, State), u64> {
    let stats = client.stats().await.unwrap();
    let mut counts = BTreeMap::new();
    for name in stats.names {
        for (state, tasks) in name.counts {
            if state.is_ended() {
                counts.insert((name.task_name.clone(), state), tasks);
            }
        }
    }
    counts
}

pub(crate) async fn assert_right(db: &TestDb, client: &Client, when: &str) {
    assert_eq!(told(client).await, stored(db).await, "{when}");
}

/// Lets everything have ended so much longer ago, attempts too.
async fn age(db: &TestDb, by: Duration) {
    let (tasks, attempts) = (db.earlier("finished_at", by), db.earlier("ended_at", by));
    db.exec(&format!("UPDATE dutiful_tasks SET {tasks}")).await;
    db.exec(&format!("UPDATE dutiful_attempts SET {attempts}"))
        .await;
}

/// Tasks that ended like this, so many seconds ago.
pub(crate) async fn ended(
    db: &TestDb,
    client: &Client,
    tasks: usize,
    how: &str,
    ago: i64,
) -> Vec<TaskId> {
    let payloads = (0..tasks).map(|number| json!([how, ago, number]));
    let submit = client.submit_many::<Script>(payloads);
    let submitted = submit.dedup(DedupScope::None).await.unwrap();
    let ids: Vec<TaskId> = submitted.iter().map(|task| task.id).collect();
    let (first, last) = (ids[0], ids[ids.len() - 1]);
    let at = db.now_plus(-ago);
    db.exec(&format!(
        "UPDATE dutiful_tasks SET {how}, due_at = NULL, attempt = 1, dedup_key = NULL,
                finished_at = {at} WHERE id BETWEEN {first} AND {last}"
    ))
    .await;
    ids
}

/// The figures as they are stored: how many tasks all of them together count as still there.
async fn kept(db: &TestDb, step: &str) -> i64 {
    let rows = db
        .rows(&format!(
            "SELECT figures FROM dutiful_figures WHERE step = '{step}'"
        ))
        .await;
    let count = |row: &Vec<Option<String>>| {
        let figures: Value = serde_json::from_str(row[0].as_deref().unwrap()).unwrap();
        let kept = figures["kept"].as_object().cloned().unwrap_or_default();
        kept.values()
            .map(|tasks| tasks.as_i64().unwrap())
            .sum::<i64>()
    };
    rows.iter().map(count).sum()
}

async fn figures_equal_the_table_before_and_after_they_are_kept(db: TestDb) {
    let mut life = Life::new(&db, DedupScope::None).await;
    for &state in State::ALL {
        life.bring(state).await;
    }
    let client = life.client.clone();
    assert_right(&db, &client, "nothing is kept").await;
    assert_eq!(kept(&db, "all").await, 0);
    age(&db, MINUTE).await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "all is kept").await;
    for step in ["minute", "hour", "day", "all"] {
        assert_eq!(kept(&db, step).await, 6, "{step}");
    }
    let stats = client.stats().await.unwrap();
    let script = stats.names.iter().find(|name| name.task_name == "Script");
    let recent = &script.unwrap().recent;
    assert_eq!((recent.ended, recent.runs.count), (6, 3));
    assert_eq!(recent.attempts.get("discarded"), Some(&1));
    assert_eq!(recent.attempts.get("failed"), Some(&2), "one is retrying");
    // Again, with nothing new.
    let version = "SELECT version FROM dutiful_figures_until";
    let before = db.int(version).await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "nothing is new").await;
    assert_eq!(
        db.int(version).await,
        before,
        "a quiet database is not written to"
    );
    life.worker.shutdown().await;
}

async fn what_leaves_is_taken_out_and_stays_in_the_series(db: TestDb) {
    let client = db.client().await;
    let failed = ended(&db, &client, 4, FAILED, 600).await;
    let succeeded = ended(&db, &client, 5, SUCCEEDED, 661).await;
    client.keep_figures().await.unwrap();
    client.retry(failed[0]).await.unwrap();
    client.delete(failed[1]).await.unwrap();
    client.delete(succeeded[0]).await.unwrap();
    let gone = Retention {
        succeeded: Some(Duration::ZERO),
        ended_otherwise: None,
    };
    // Before it is kept that they left, and after.
    assert_right(&db, &client, "three have left").await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "it is kept that three have left").await;
    assert_eq!(testing::prune(&client, &["Script"], gone).await.unwrap(), 4);
    assert_right(&db, &client, "the rest is pruned").await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "it is kept that the rest is pruned").await;
    assert_eq!((kept(&db, "minute").await, kept(&db, "all").await), (2, 2));
    assert_eq!(db.count("figures_left").await, 0);
    let series = client
        .stats_series(&SeriesFilter::new(Step::Day))
        .await
        .unwrap();
    let all: u64 = series.points.iter().map(|point| point.figures.ended).sum();
    assert_eq!(all, 9, "they did end");
    // What left before its end was kept is in nothing, also when that time is added.
    let fresh = ended(&db, &client, 1, FAILED, 0).await[0];
    client.delete(fresh).await.unwrap();
    assert_right(&db, &client, "one came and left").await;
    let (line, tasks_until) = (
        db.earlier("finished_at", MINUTE),
        db.earlier("tasks_until", MINUTE),
    );
    db.exec(&format!("UPDATE dutiful_figures_left SET {line}"))
        .await;
    db.exec(&format!("UPDATE dutiful_figures_until SET {tasks_until}"))
        .await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "nothing is kept of it").await;
    assert_eq!(
        (kept(&db, "all").await, db.count("figures_left").await),
        (2, 0)
    );
}

async fn a_failed_task_that_is_submitted_again_leaves_the_figures(db: TestDb) {
    let client = db.client().await;
    let worker = db
        .worker(Script::<0>::ends(|| Err(TaskError::failed("no"))))
        .await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let submit = client.submit_json("Script", json!(number)).max_retries(1);
        ids.push(submit.await.unwrap().id);
    }
    for id in &ids {
        client.wait(*id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    age(&db, MINUTE).await;
    client.keep_figures().await.unwrap();
    assert_eq!(kept(&db, "all").await, 3);
    // Alone, and in one transaction with another.
    let alone = client.submit_json("Script", json!(0)).await.unwrap();
    let many = client.submit_many::<Script>([json!(1), json!("new")]);
    let many = many.await.unwrap();
    assert_eq!((alone.id, many[0].id), (ids[0], ids[1]));
    assert_eq!(client.get(ids[0]).await.unwrap().state, State::Retrying);
    assert_right(&db, &client, "two run again").await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "it is kept that two run again").await;
    assert_eq!(kept(&db, "all").await, 1);
}

async fn an_end_that_is_committed_late_is_found_by_the_check(db: TestDb) {
    let client = db.client().await;
    ended(&db, &client, 3, SUCCEEDED, 300).await;
    ended(&db, &client, 1, SUCCEEDED, 60).await;
    client.keep_figures().await.unwrap();
    // As if its transaction had been open for minutes.
    ended(&db, &client, 2, SUCCEEDED, 300).await;
    assert_ne!(told(&client).await, stored(&db).await);
    let unchecked = db.earlier("checked_until", HOUR);
    db.exec(&format!("UPDATE dutiful_figures_until SET {unchecked}"))
        .await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "they are found").await;
    assert_eq!((kept(&db, "minute").await, kept(&db, "all").await), (6, 6));
    let recount = client.recount_figures(|_| ()).await.unwrap();
    assert_eq!((recount.wrong, recount.off), (0, 0));
    assert!(recount.spans >= 2, "{recount:?}");
}

async fn what_plain_sql_removes_is_put_right_by_a_recount(db: TestDb) {
    let client = db.client().await;
    // In minutes, in hours and in days.
    for ago in [60, 2 * 24 * 3_600, 100 * 24 * 3_600] {
        ended(&db, &client, 4, SUCCEEDED, ago).await;
    }
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "all is kept").await;
    assert_eq!(
        (
            kept(&db, "minute").await,
            kept(&db, "hour").await,
            kept(&db, "day").await
        ),
        (4, 8, 12)
    );
    let gone = "DELETE FROM dutiful_tasks WHERE id IN (SELECT id FROM (SELECT MIN(id) AS id FROM dutiful_tasks
                GROUP BY finished_at) AS first)";
    let removed = db.exec(gone).await;
    assert!(removed >= 3, "{removed}");
    let recount = client.recount_figures(|_| ()).await.unwrap();
    assert_eq!((recount.wrong, recount.off), (3, removed));
    assert_right(&db, &client, "what is gone is taken out").await;
    let again = client.recount_figures(|_| ()).await.unwrap();
    assert_eq!((again.wrong, again.spans), (0, recount.spans));
}

/// Whoever restores some tables of a backup may leave one out.
async fn a_recount_puts_back_how_far_the_figures_have_come(db: TestDb) {
    let client = db.client().await;
    ended(&db, &client, 4, SUCCEEDED, 300).await;
    client.keep_figures().await.unwrap();
    ended(&db, &client, 2, FAILED, 300).await;
    db.exec("DELETE FROM dutiful_figures_until").await;
    let recount = within("a recount", client.recount_figures(|_| ())).await;
    assert_eq!(recount.unwrap().off, 2);
    assert_right(&db, &client, "what was missing is there").await;
    ended(&db, &client, 3, SUCCEEDED, 2).await;
    assert_right(&db, &client, "what ends is counted on top").await;
}

async fn keepers_at_once_add_each_task_once(db: TestDb) {
    let clients = db.clients(4).await;
    ended(&db, &clients[0], 3_000, SUCCEEDED, 120).await;
    ended(&db, &clients[0], 500, FAILED, 60).await;
    let keep = clients.iter().map(|client| client.keep_figures());
    for kept in join_all(keep).await {
        kept.unwrap();
    }
    clients[0].keep_figures().await.unwrap();
    assert_eq!(
        (kept(&db, "minute").await, kept(&db, "all").await),
        (3_500, 3_500)
    );
    assert_right(&db, &clients[0], "each is in once").await;
}

async fn a_storm_of_ends_and_leavers_beside_keepers_leaves_figures_right(db: TestDb) {
    const TASKS: usize = 400;
    let client = db.client().await;
    let mut ids = Vec::new();
    for ago in [600, 300, 120, 60] {
        ids.extend(ended(&db, &client, TASKS / 4, FAILED, ago).await);
    }
    let worker = db.worker(Script::<0>::echo()).await;
    let leavers = ids.chunks(TASKS / 4).map(|ids| {
        let (db, ids) = (db.clone(), ids.to_vec());
        tokio::spawn(async move {
            let client = db.client().await;
            for (number, id) in ids.into_iter().enumerate() {
                match number % 3 {
                    0 => drop(client.retry(id).await.unwrap()),
                    1 => client.delete(id).await.unwrap(),
                    _ => {}
                }
            }
        })
    });
    let keepers = (0..2).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let client = db.client().await;
            for _ in 0..15 {
                client.keep_figures().await.unwrap();
            }
        })
    });
    let all: Vec<_> = leavers
        .collect::<Vec<_>>()
        .into_iter()
        .chain(keepers.collect::<Vec<_>>())
        .collect();
    for done in within("the storm ends", join_all(all)).await {
        done.unwrap();
    }
    let queued = Filter::new().states(&[State::Queued, State::Running, State::Retrying]);
    until("what was retried has run", || async {
        client.count(&queued).await.unwrap().count == 0
    })
    .await;
    worker.shutdown().await;
    assert_right(&db, &client, "after the storm").await;
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "after the storm, kept").await;
    let recount = client.recount_figures(|_| ()).await.unwrap();
    assert_eq!((recount.wrong, recount.off), (0, 0), "{recount:?}");
}

async fn more_than_one_piece_is_added_and_tasks_of_one_time_are_not_parted(db: TestDb) {
    let client = db.client().await;
    // Ten thousand are one piece.
    for part in 0..3 {
        ended(&db, &client, 5_000, SUCCEEDED, 100 - part).await;
    }
    db.exec("UPDATE dutiful_tasks SET finished_at = (SELECT at FROM (SELECT MIN(finished_at) AS at FROM dutiful_tasks) AS first) WHERE id % 5 <> 0")
        .await;
    client.keep_figures().await.unwrap();
    assert_eq!(kept(&db, "all").await, 15_000);
    assert_right(&db, &client, "all pieces are in").await;
}

async fn series_tell_what_ended_in_which_minute_hour_and_day(db: TestDb) {
    let client = db.client().await;
    let worker = db.worker(Script::<0>::echo()).await;
    for number in 0..4 {
        let id = client
            .submit_json("Script", json!(number))
            .await
            .unwrap()
            .id;
        client.wait(id, LONG).await.unwrap();
    }
    worker.shutdown().await;
    let kept = [
        ended(&db, &client, 2, FAILED, 125).await,
        ended(&db, &client, 3, FAILED, 3 * 3_600).await,
    ];
    client.keep_figures().await.unwrap();
    assert_eq!(kept.concat().len(), 5);
    let series = async |step| client.stats_series(&SeriesFilter::new(step)).await.unwrap();
    let minutes = series(Step::Minute).await;
    let sum = |points: &[dutiful::SeriesPoint], state| -> u64 {
        let of = points
            .iter()
            .map(|point| point.figures.by_state.get(&state).copied());
        of.map(Option::unwrap_or_default).sum()
    };
    assert_eq!(minutes.points.len(), 60);
    assert_eq!(
        sum(&minutes.points, State::Succeeded),
        4,
        "not kept yet, and counted"
    );
    assert_eq!(sum(&minutes.points, State::Failed), 2);
    let last: Vec<_> = minutes.points[57..]
        .iter()
        .map(|point| point.figures.ended)
        .collect();
    assert!(last.iter().sum::<u64>() >= 4, "{last:?}");
    let hours = series(Step::Hour).await;
    assert_eq!(
        (hours.points.len(), sum(&hours.points, State::Failed)),
        (24, 5)
    );
    let days = series(Step::Day).await;
    assert_eq!(
        (days.points.len(), sum(&days.points, State::Succeeded)),
        (30, 4)
    );
    let newest = days
        .points
        .iter()
        .rfind(|point| point.figures.ended > 0)
        .unwrap();
    let runs = &newest.figures.runs;
    assert!(
        runs.p50.unwrap() <= runs.p99.unwrap() && runs.average.unwrap() < LONG,
        "{runs:?}"
    );
    assert!(newest.figures.waits.count >= 4);
    let other = SeriesFilter::new(Step::Day).task_name("Other");
    let other = client.stats_series(&other).await.unwrap();
    assert!(other.points.iter().all(|point| point.figures.ended == 0));
    let early = SeriesFilter::new(Step::Hour).before(Timestamp::from_micros(7_200_000_000));
    let early = client.stats_series(&early).await.unwrap();
    assert!(early.points.iter().all(|point| point.figures.ended == 0));
}

async fn old_minutes_go_and_what_they_counted_stays(db: TestDb) {
    let client = db.client().await;
    ended(&db, &client, 3, SUCCEEDED, 60).await;
    client.keep_figures().await.unwrap();
    let rows = |step: &str| format!("SELECT COUNT(*) FROM dutiful_figures WHERE step = '{step}'");
    assert_eq!(db.int(&rows("minute")).await, 1);
    // Two days, and then three years, pass.
    for (pass, steps) in [(2 * DAY, [0, 1, 1]), (1_100 * DAY, [0, 0, 1])] {
        age(&db, pass).await;
        let (begins, tasks) = (
            db.earlier("begins_at", pass),
            db.earlier("tasks_until", pass),
        );
        db.exec(&format!(
            "UPDATE dutiful_figures SET {begins} WHERE step <> 'all'"
        ))
        .await;
        db.exec(&format!("UPDATE dutiful_figures_until SET {tasks}"))
            .await;
        client.keep_figures().await.unwrap();
        let mut found = [0; 3];
        for (found, step) in found.iter_mut().zip(["minute", "hour", "day"]) {
            *found = db.int(&rows(step)).await;
        }
        assert_eq!(found, steps, "{pass:?}");
        assert_right(&db, &client, "they are still there").await;
    }
    for task in client.list(&Filter::new()).await.unwrap().tasks {
        client.delete(task.id).await.unwrap();
    }
    client.keep_figures().await.unwrap();
    assert_right(&db, &client, "they are gone").await;
    assert_eq!(kept(&db, "all").await, 0);
}

async fn an_addition_whose_answer_was_lost_is_made_once(db: TestDb) {
    let client = db.client().await;
    let ids = ended(&db, &client, 50, FAILED, 60).await;
    client.delete(ids[0]).await.unwrap();
    let proxy = Proxy::start(server_of(db.url())).await;
    let over_link = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let over_link = over_link.connect().await.unwrap();
    proxy.lose("dutiful.figures.advance", "COMMIT");
    within("they are kept in the end", over_link.keep_figures())
        .await
        .unwrap();
    assert!(proxy.has_cut() || db.dialect() == Dialect::Sqlite);
    assert_eq!(
        (kept(&db, "minute").await, kept(&db, "all").await),
        (49, 49)
    );
    assert_right(&db, &client, "each is in once").await;
}
