//! Adopting while the other queue goes on, and more than once.

use super::{ORIGINAL, TABLE, adopt, adoption, all, drain, ids, numbers, waiting};
use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{TestDb, within};
use dutiful::migrate::AdoptionReport;
use dutiful::{Client, Edit, State, TaskId};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

cases![
    ; on Engine::adopts:
    a_dry_run_writes_nothing_and_tells_what_a_run_does,
    a_second_run_picks_up_what_is_new_and_what_has_changed,
    what_somebody_has_touched_here_stays_as_it_is_here,
    held_tasks_wait_for_the_run_that_lets_them_go,
    runs_at_once_miss_and_double_nothing,
    runs_beside_inserts_and_submissions_miss_and_double_nothing,
    a_run_ends_though_the_other_queue_grows_faster,
    a_run_that_is_dropped_in_the_middle_is_finished_by_the_next,
    a_batch_whose_answer_was_lost_is_there_once_and_untouched,
];

async fn a_dry_run_writes_nothing_and_tells_what_a_run_does(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for id in 1..=7 {
        waiting(&db, id, &format!("[{id}]")).await;
    }
    let told = |report: &AdoptionReport| {
        let mut told = serde_json::to_value(report).unwrap();
        told.as_object_mut().unwrap().remove("dry_run");
        told
    };
    let dry = adoption(&db, &client)
        .batch(3)
        .dry_run(true)
        .run()
        .await
        .unwrap();
    assert_eq!(db.count("tasks").await, 0);
    let run = adoption(&db, &client).batch(3).run().await.unwrap();
    assert_eq!(told(&dry), told(&run));
    assert_eq!(db.count("tasks").await, 7);
    db.exec(&format!(
        "UPDATE {TABLE} SET status = 'success' WHERE id = 2"
    ))
    .await;
    client.cancel(TaskId(3)).await.unwrap();
    db.exec(&format!(
        "UPDATE {TABLE} SET status = 'success' WHERE id = 3"
    ))
    .await;
    let dry = adoption(&db, &client).dry_run(true).run().await.unwrap();
    assert_eq!(client.get(TaskId(2)).await.unwrap().state, State::Queued);
    let run = adoption(&db, &client).run().await.unwrap();
    assert_eq!(numbers(&run), [7, 0, 5, 1]);
    assert_eq!(told(&dry), told(&run));
}

async fn a_second_run_picks_up_what_is_new_and_what_has_changed(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for id in [10, 20, 30, 40] {
        waiting(&db, id, &format!("[{id}]")).await;
    }
    assert_eq!(numbers(&adopt(&db, &client).await), [4, 4, 0, 0]);
    assert_eq!(numbers(&adopt(&db, &client).await), [4, 0, 4, 0]);
    // The other queue goes on: one succeeds, one fails, one is submitted again, new ones come, one of them with
    // an id that was given long ago.
    for change in [
        "status = 'success', last_run_at = UTC_TIMESTAMP(), result_data = '\"done\"' WHERE id = 10",
        "status = 'error', retries = 1, last_run_at = UTC_TIMESTAMP(), error_message = 'no' WHERE id = 20",
        "max_retries = max_retries + 1 WHERE id = 30",
    ] {
        assert_eq!(db.exec(&format!("UPDATE {TABLE} SET {change}")).await, 1);
    }
    waiting(&db, 25, "[25]").await;
    waiting(&db, 50, "[50]").await;
    let report = adopt(&db, &client).await;
    assert_eq!(numbers(&report), [6, 2, 1, 3]);
    assert_eq!(report.changed_here.tasks, 0);
    let tasks = all(&client).await;
    let states: Vec<(i64, State)> = tasks.iter().map(|task| (task.id.0, task.state)).collect();
    assert_eq!(
        states,
        [
            (10, State::Succeeded),
            (20, State::Retrying),
            (25, State::Queued),
            (30, State::Queued),
            (40, State::Queued),
            (50, State::Queued),
        ]
    );
    assert_eq!(tasks[0].result_data, Some(json!("done")));
    assert_eq!(
        (tasks[1].retries, tasks[1].error_message.as_deref()),
        (1, Some("no"))
    );
    assert_eq!(tasks[3].max_retries, 4);
    assert_eq!(numbers(&adopt(&db, &client).await), [6, 0, 6, 0]);
    assert_eq!(drain(&db).await.len(), 4);
    assert_eq!(
        numbers(&adopt(&db, &client).await),
        [6, 0, 6, 0],
        "what has run here stays"
    );
}

async fn what_somebody_has_touched_here_stays_as_it_is_here(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for id in 1..=7 {
        waiting(&db, id, &format!("[{id}]")).await;
    }
    adopt(&db, &client).await;
    client.cancel(TaskId(1)).await.unwrap();
    let edit: Edit<'_> = client.edit(TaskId(2)).priority(5);
    edit.await.unwrap();
    client.submit_json("Script", json!([3])).await.unwrap();
    client
        .edit(TaskId(4))
        .payload(json!("other"))
        .await
        .unwrap();
    db.exec("UPDATE dutiful_tasks SET worker = 'w', attempt = 1, due_at = due_at WHERE id = 5")
        .await;
    db.exec("UPDATE dutiful_tasks SET task_name = 'Other' WHERE id = 6")
        .await;
    let before = client_versions(&all(&client).await);
    db.exec(&format!(
        "UPDATE {TABLE} SET status = 'success', result_data = '1', last_run_at = UTC_TIMESTAMP()"
    ))
    .await;
    let report = adopt(&db, &client).await;
    assert_eq!(ids(&report.changed_here), [1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(&report), [7, 0, 0, 1]);
    assert!(report.is_complete(), "nothing was left behind");
    let after = client_versions(&all(&client).await);
    assert_eq!(before[..6], after[..6]);
    assert_ne!(before[6], after[6]);
}

fn client_versions(tasks: &[dutiful::TaskInfo]) -> Vec<String> {
    tasks.iter().map(dutiful::TaskInfo::version).collect()
}

async fn held_tasks_wait_for_the_run_that_lets_them_go(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for id in 1..=4 {
        waiting(&db, id, &format!("[{id}]")).await;
    }
    for change in [
        "status = 'error', retries = 1, last_run_at = UTC_TIMESTAMP() - INTERVAL 1 HOUR WHERE id = 2",
        "status = 'success' WHERE id = 3",
        "status = 'error', retries = 3 WHERE id = 4",
    ] {
        db.exec(&format!("UPDATE {TABLE} SET {change}")).await;
    }
    let held = adoption(&db, &client).hold(true).run().await.unwrap();
    assert_eq!(numbers(&held), [4, 4, 0, 0]);
    assert_eq!(held.held.tasks, 0, "that is what was asked for");
    let states = async || {
        let tasks = all(&client).await;
        tasks.iter().map(|task| task.state).collect::<Vec<_>>()
    };
    assert_eq!(
        states().await,
        [State::Held, State::Held, State::Succeeded, State::Failed]
    );
    assert_eq!(drain(&db).await.len(), 0, "the other queue still runs them");
    let go = adopt(&db, &client).await;
    assert_eq!(numbers(&go), [4, 0, 0, 4]);
    assert_eq!(
        states().await,
        [
            State::Queued,
            State::Retrying,
            State::Succeeded,
            State::Failed
        ]
    );
    assert_eq!(drain(&db).await.len(), 2);
}

/// Every row is there once, with its payload.
async fn assert_all_there(db: &TestDb) {
    let both = format!(
        "SELECT COUNT(*) FROM {TABLE} AS o JOIN dutiful_tasks AS t ON t.id = o.id
         WHERE t.task_payload = CAST(o.task_payload AS CHAR)"
    );
    let there = db.int(&format!("SELECT COUNT(*) FROM {TABLE}")).await;
    assert_eq!(db.int(&both).await, there);
    let script = "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script'";
    assert_eq!(db.int(script).await, there);
}

/// So many rows, by one statement.
async fn fill(db: &TestDb, from: i64, rows: i64) {
    let digits =
        "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                   UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
                   UNION ALL SELECT 9)";
    let number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d";
    let sql = format!(
        "INSERT INTO {TABLE} (id, task_name, task_payload)
         SELECT {from} + {number}, 'Script', CONCAT('[', {from} + {number}, ']')
         FROM {digits} AS a, {digits} AS b, {digits} AS c, {digits} AS e WHERE {number} < {rows}"
    );
    assert_eq!(db.exec(&sql).await, u64::try_from(rows).unwrap());
}

async fn runs_at_once_miss_and_double_nothing(db: TestDb) {
    db.exec(ORIGINAL).await;
    fill(&db, 1, 2_000).await;
    let clients = db.clients(4).await;
    let batches = [50, 70, 100, 333];
    let runs = clients
        .iter()
        .zip(batches)
        .map(|(client, batch)| adoption(&db, client).batch(batch).run());
    let reports: Vec<AdoptionReport> = join_all(runs)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for report in &reports {
        assert_eq!(report.looked_at, 2_000);
        assert!(report.is_complete());
        assert_eq!(report.without_slot.tasks, 0, "{report:?}");
        assert_eq!(report.copied + report.already_there, 2_000, "{report:?}");
    }
    let copied: u64 = reports.iter().map(|report| report.copied).sum();
    assert_eq!(copied, 2_000);
    assert_all_there(&db).await;
}

async fn runs_beside_inserts_and_submissions_miss_and_double_nothing(db: TestDb) {
    db.exec(ORIGINAL).await;
    fill(&db, 1, 1_000).await;
    let over = Arc::new(AtomicBool::new(false));
    let (inserting, still) = (db.clone(), Arc::clone(&over));
    let inserter = tokio::spawn(async move {
        let mut next = 2_001;
        while !still.load(Ordering::SeqCst) {
            let sql = format!(
                "INSERT INTO {TABLE} (id, task_name, task_payload) VALUES ({next}, 'Script', '[{next}]')"
            );
            inserting.exec(&sql).await;
            next += 1;
        }
    });
    // Others submit the same payloads here meanwhile, under another name so that they are told apart, and some
    // of the same name.
    let submitting = db.client().await;
    let still = Arc::clone(&over);
    let submitter = tokio::spawn(async move {
        let mut taken = BTreeSet::new();
        let mut next = 1;
        while !still.load(Ordering::SeqCst) {
            let payload = json!([next % 1_000 + 1]);
            taken.insert(submitting.submit_json("Other", payload).await.unwrap().id);
            next += 7;
        }
        taken
    });
    let client = db.client().await;
    for _ in 0..3 {
        let report = adoption(&db, &client).batch(100).run().await.unwrap();
        assert!(report.looked_at >= 1_000);
    }
    over.store(true, Ordering::SeqCst);
    inserter.await.unwrap();
    let taken = submitter.await.unwrap();
    let report = adopt(&db, &client).await;
    // A submission that came before the ids were left free may have one of them.
    let conflicts = report.conflicts.tasks;
    assert_eq!(report.refused.tasks, 0);
    let there = db.int(&format!("SELECT COUNT(*) FROM {TABLE}")).await;
    let here = "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script'";
    assert_eq!(
        db.int(here).await,
        there - i64::try_from(conflicts).unwrap()
    );
    let others = "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Other'";
    assert_eq!(db.int(others).await, i64::try_from(taken.len()).unwrap());
}

async fn a_run_ends_though_the_other_queue_grows_faster(db: TestDb) {
    db.exec(ORIGINAL).await;
    fill(&db, 1, 300).await;
    let client = db.client().await;
    let (mut batches, growing) = (0, db.clone());
    let run = adoption(&db, &client).batch(100).run_with(move |_, _| {
        batches += 1;
        if batches <= 20 {
            let here = tokio::runtime::Handle::current();
            let more = fill(&growing, batches * 1_000, 200);
            tokio::task::block_in_place(|| here.block_on(more));
        }
    });
    assert_eq!(run.await.unwrap().looked_at, 300);
    assert_eq!(adopt(&db, &client).await.looked_at, 300 + 3 * 200);
    assert_all_there(&db).await;
}

async fn a_run_that_is_dropped_in_the_middle_is_finished_by_the_next(db: TestDb) {
    db.exec(ORIGINAL).await;
    fill(&db, 1, 1_000).await;
    let client = db.client().await;
    for cut in [1, 3, 5] {
        let mut batches = 0;
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let run = adoption(&db, &client).batch(60).run_with(move |_, _| {
            batches += 1;
            if batches == cut {
                let _ = told.send(());
            }
        });
        tokio::select! {
            biased;
            _ = heard.recv() => {}
            _ = run => panic!("it was to be cut off"),
        }
    }
    let some = db.count("tasks").await;
    assert!(some > 0 && some < 1_000, "{some}");
    let report = adopt(&db, &client).await;
    assert_eq!(report.copied + report.already_there, 1_000);
    assert_all_there(&db).await;
    assert_eq!(drain(&db).await.len(), 1_000);
}

async fn a_batch_whose_answer_was_lost_is_there_once_and_untouched(db: TestDb) {
    const MARK: &str = "the answer to this is lost";
    db.exec(ORIGINAL).await;
    for id in 1..=30 {
        waiting(&db, id, &format!("[{id},\"{MARK}\"]")).await;
    }
    let proxy = Proxy::start(server_of(db.url())).await;
    let over_a_link = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let over_a_link = over_a_link.connect().await.unwrap();
    let client = db.client().await;
    for (cut, refreshed) in [("first", 0), ("second", 30)] {
        proxy.lose(MARK, "COMMIT");
        let report = adoption(&db, &over_a_link).batch(10).run();
        let report = within("it ends", report).await.unwrap();
        assert!(proxy.has_cut(), "{cut}");
        // What the lost answer was about is found done.
        assert_eq!(
            report.copied + report.already_there + report.refreshed,
            30,
            "{cut}"
        );
        assert_eq!(
            report.changed_here.tasks + report.conflicts.tasks,
            0,
            "{cut}"
        );
        assert_eq!(db.count("tasks").await, 30, "{cut}");
        let changed = format!(
            "UPDATE {TABLE} SET status = 'error', retries = 1 WHERE status = 'not_started'"
        );
        assert_eq!(db.exec(&changed).await, 30 - refreshed, "{cut}");
    }
    let states = all(&client).await;
    assert!(
        states.iter().all(|task| task.state == State::Retrying),
        "{states:?}"
    );
    assert_eq!(numbers(&adopt(&db, &client).await), [30, 0, 30, 0]);
}
