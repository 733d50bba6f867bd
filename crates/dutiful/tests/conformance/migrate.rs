//! The tables: made, looked after and dropped.

use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until, within};
use dutiful::migrate::MigrationState;
use dutiful::{ErrorKind, State, Worker};
use futures_util::future::join_all;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![
    up_on_a_current_database_does_nothing_and_keeps_every_row,
    down_drops_everything_and_up_makes_it_new,
    two_runs_at_once_make_the_tables_once,
    up_again_under_load_disturbs_nobody,
    a_worker_recovers_when_the_tables_are_dropped_and_made_anew,
    without_tables_every_call_names_the_command_that_makes_them,
    tables_of_a_newer_program_are_refused,
    tables_made_with_another_text_are_refused,
];

const LONG: Duration = Duration::from_secs(60);

async fn up_on_a_current_database_does_nothing_and_keeps_every_row(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    assert!(client.migrate().await.unwrap().is_empty());
    let status = client.migrator().status().await.unwrap();
    assert!(
        status.is_current() && status.found == status.needed,
        "{status:?}"
    );
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
}

async fn down_drops_everything_and_up_makes_it_new(db: TestDb) {
    let client = db.client().await;
    client.submit_json("Script", json!(1)).await.unwrap();
    let down = client.migrator().down(0).await.unwrap();
    assert!(!down.is_empty());
    let status = client.migrator().status().await.unwrap();
    assert_eq!(status.found, 0);
    assert!(
        status
            .migrations
            .iter()
            .all(|row| row.state == MigrationState::Pending)
    );
    let up = client.migrate().await.unwrap();
    assert!(up.iter().rev().eq(down.iter()), "up {up:?}, down {down:?}");
    assert_eq!(db.count("tasks").await, 0);
    client.submit_json("Script", json!(1)).await.unwrap();
}

async fn two_runs_at_once_make_the_tables_once(db: TestDb) {
    let clients = db.clients(4).await;
    clients[0].migrator().down(0).await.unwrap();
    let barrier = Arc::new(Barrier::new(clients.len()));
    let runs = clients.iter().cloned().map(|client| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            client.migrate().await.unwrap()
        })
    });
    let done = within("all runs end", join_all(runs)).await;
    let worked = done
        .into_iter()
        .map(Result::unwrap)
        .filter(|done| !done.is_empty());
    assert_eq!(worked.count(), 1);
    assert!(clients[0].migrator().status().await.unwrap().is_current());
}

async fn up_again_under_load_disturbs_nobody(db: TestDb) {
    const TASKS: usize = 300;
    let client = db.client().await;
    let many = client.submit_many::<Script>((0..TASKS).map(|number| json!(number)));
    let ids: Vec<_> = many.await.unwrap().iter().map(|task| task.id).collect();
    let worker = db.worker(Script::<0>::echo()).await;
    let migrator = db.client().await;
    let mut runs = 0;
    while runs < 20 {
        assert!(migrator.migrate().await.unwrap().is_empty());
        client
            .submit_json("Script", json!(["more", runs]))
            .await
            .unwrap();
        runs += 1;
    }
    for id in ids {
        let task = client.wait(id, LONG).await.unwrap();
        assert_eq!((task.state, task.attempt), (State::Succeeded, 1));
    }
    let counts = worker.shutdown().await;
    assert_eq!((counts.failed, counts.leases_lost), (0, 0));
}

async fn a_worker_recovers_when_the_tables_are_dropped_and_made_anew(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    // So that no new task has the number of the one that goes.
    for number in 0..3 {
        client.submit_json("Other", json!(number)).await.unwrap();
    }
    let gone = client
        .submit_json("Script", json!("gone"))
        .await
        .unwrap()
        .id;
    let run = gate.next().await;
    assert_eq!(run.id(), gone);
    within("the tables go", client.migrator().down(0))
        .await
        .unwrap();
    // Its row is not there to be settled.
    run.succeed(1);
    within("the tables come", client.migrate()).await.unwrap();
    let id = client.submit_json("Script", json!("new")).await.unwrap().id;
    let run = gate.next().await;
    assert_eq!((run.payload.clone(), run.cx.attempt()), (json!("new"), 1));
    run.succeed(2);
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(json!(2)))
    );
    until("the worker's row is back", || async {
        client.workers().await.unwrap().len() == 1
    })
    .await;
    worker.shutdown().await;
}

async fn without_tables_every_call_names_the_command_that_makes_them(db: TestDb) {
    let client = db.client().await;
    client.migrator().down(0).await.unwrap();
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    let errors = [
        client.submit_json("Script", json!(1)).await.unwrap_err(),
        client.get(dutiful::TaskId(1)).await.unwrap_err(),
        client.stats().await.unwrap_err(),
        worker.start().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(error.to_string().contains("migrate up"), "{error}");
    }
}

async fn tables_of_a_newer_program_are_refused(db: TestDb) {
    let client = db.client().await;
    let sql =
        "INSERT INTO dutiful_migrations (version, name, checksum) VALUES (9999, 'later', 'x')";
    assert_eq!(db.exec(sql).await, 1);
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    for error in [
        client.migrate().await.unwrap_err(),
        worker.start().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(error.to_string().contains("newer"), "{error}");
    }
    // What is there goes on working for those who wrote it.
    assert_eq!(client.migrator().status().await.unwrap().found, 9999);
}

async fn tables_made_with_another_text_are_refused(db: TestDb) {
    let client = db.client().await;
    assert_eq!(
        db.exec("UPDATE dutiful_migrations SET checksum = 'other' WHERE version = 1")
            .await,
        1
    );
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    let error = within("the worker is refused", worker.start())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
    assert!(!client.migrator().status().await.unwrap().is_current());
}
