//! What handlers leave besides their result: steps, progress, log lines, follow-ups, and effects of their
//! own in the same database.

use crate::harness::engine::Dialect;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, gated, until};
use dutiful::{Context, Enlist, ErrorKind, Filter, Result, State, TaskError};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

cases![
    a_step_is_not_done_again_after_a_failed_run,
    a_step_is_not_done_again_after_a_crash,
    a_step_that_fails_is_done_again,
    a_step_result_of_any_form_is_given_back_or_refused_at_once,
    progress_and_log_lines_can_be_seen_while_the_handler_runs,
    what_was_noted_last_is_written_with_the_outcome,
    follow_ups_are_there_when_the_task_has_succeeded,
    follow_ups_of_a_run_that_fails_are_not_there,
    follow_ups_of_a_lost_lease_are_not_there,
    a_follow_up_merges_into_the_task_that_holds_its_slot,
    a_task_settled_in_a_transaction_stands_with_its_effects,
    a_task_settled_in_a_transaction_that_is_rolled_back_runs_again,
    a_stale_attempt_cannot_settle_in_a_transaction,
];

const LONG: Duration = Duration::from_secs(60);

async fn a_step_is_not_done_again_after_a_failed_run(db: TestDb) {
    let client = db.client().await;
    let calls = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&calls);
    let script = Script::<0>::new(move |_, cx| {
        let calls = Arc::clone(&calls);
        async move {
            let work = || async { Ok(json!({ "page": calls.fetch_add(1, Ordering::SeqCst) })) };
            let page = cx.step("page-1", work).await?;
            if cx.attempt() < 3 {
                Err(TaskError::failed("later"))
            } else {
                Ok(page)
            }
        }
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 3));
    assert_eq!(task.result_data, Some(json!({ "page": 0 })));
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    worker.shutdown().await;
}

async fn a_step_is_not_done_again_after_a_crash(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let first = gate.next().await;
    let done: String = first
        .cx
        .step("a", || async { Ok("first".to_owned()) })
        .await
        .unwrap();
    assert_eq!(done, "first");
    gate.keep(first);
    db.expire_elsewhere(id).await;
    let second = gate.next().await;
    assert_eq!(second.cx.attempt(), 2);
    let again = second
        .cx
        .step("a", || async { Err(TaskError::failed("it must not run")) })
        .await;
    let stored: String = again.unwrap();
    assert_eq!(stored, "first");
    second.succeed(1);
    client.wait(id, LONG).await.unwrap();
    worker.shutdown().await;
}

async fn a_step_that_fails_is_done_again(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    let failed = run
        .cx
        .step("a", || async {
            Err::<u32, _>(TaskError::failed("not yet"))
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "not yet");
    assert_eq!(db.count("steps").await, 0);
    assert_eq!(run.cx.step("a", || async { Ok(2) }).await.unwrap(), 2);
    run.succeed(1);
    client.wait(id, LONG).await.unwrap();
    worker.shutdown().await;
}

async fn a_step_result_of_any_form_is_given_back_or_refused_at_once(db: TestDb) {
    let client = db.client().await;
    let nested = |levels: usize| (0..levels).fold(json!(1), |inside, _| json!([inside]));
    let script = Script::<0>::new(move |_, cx: Context| async move {
        for (name, result) in [("zero", json!("a\0b")), ("deep", nested(127))] {
            let first = result.clone();
            // Never the fallback: it was stored by the first attempt.
            let given = match cx.attempt() {
                1 => cx.step(name, || async move { Ok(first) }).await?,
                _ => cx.step(name, || async { Ok(json!("again")) }).await?,
            };
            if given != result {
                return Err(TaskError::discard(format!("{name} is another")));
            }
        }
        if cx.attempt() == 1 {
            return Err(TaskError::failed("once more"));
        }
        let too_deep = cx.step("deeper", || async { Ok(nested(128)) }).await;
        Ok(json!(too_deep.unwrap_err().to_string()))
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.state, task.attempt),
        (State::Succeeded, 2),
        "{task:?}"
    );
    let refused = task.result::<String>().unwrap();
    assert!(refused.contains("deeper than 127 levels"), "{refused}");
    assert_eq!(db.count("steps").await, 2);
    worker.shutdown().await;
}

async fn progress_and_log_lines_can_be_seen_while_the_handler_runs(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    run.cx.progress(10, "page 1 of 10");
    run.cx.progress(40, "page 4 of 10 é\0");
    run.cx.log("first");
    run.cx.log("second 😀");
    until("progress is written", || async {
        client.get(id).await.unwrap().progress.is_some()
    })
    .await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.progress), (State::Running, Some(40)));
    assert_eq!(
        task.progress_note.as_deref(),
        Some("page 4 of 10 é\u{fffd}")
    );
    until("lines are written", || async {
        client.logs(id).await.unwrap().len() == 2
    })
    .await;
    let lines = client.logs(id).await.unwrap();
    assert_eq!((lines[0].message.as_str(), lines[0].attempt), ("first", 1));
    assert_eq!(lines[1].message, "second 😀");
    run.succeed(1);
    client.wait(id, LONG).await.unwrap();
    worker.shutdown().await;
}

async fn what_was_noted_last_is_written_with_the_outcome(db: TestDb) {
    let client = db.client().await;
    let script = Script::<0>::new(|_, cx: Context| async move {
        cx.progress(200, "done");
        for number in 0..1_200 {
            cx.log(format!("line {number}"));
        }
        Ok(json!(1))
    });
    let worker = db.worker(script).await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let task = client.wait(id, LONG).await.unwrap();
    assert_eq!(
        (task.progress, task.progress_note.as_deref()),
        (Some(100), Some("done"))
    );
    let lines = client.logs(id).await.unwrap();
    assert_eq!(
        (lines.len(), lines[998].message.as_str()),
        (1_000, "line 998")
    );
    assert_eq!(
        lines[999].message,
        "further lines of this attempt are not kept"
    );
    worker.shutdown().await;
}

async fn follow_ups_are_there_when_the_task_has_succeeded(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    for number in 0..3 {
        run.cx
            .submit::<Script<1>>(json!(number))
            .priority(number)
            .await
            .unwrap();
    }
    assert_eq!(
        db.count("tasks").await,
        1,
        "nothing is there before the success is"
    );
    run.succeed(1);
    client.wait(id, LONG).await.unwrap();
    let follow_ups = client
        .list(&Filter::new().task_name("Other"))
        .await
        .unwrap()
        .tasks;
    let found: Vec<_> = follow_ups
        .iter()
        .map(|t| (t.task_payload.clone(), t.priority))
        .collect();
    assert_eq!(found, [(json!(2), 2), (json!(1), 1), (json!(0), 0)]);
    worker.shutdown().await;
}

async fn follow_ups_of_a_run_that_fails_are_not_there(db: TestDb) {
    let client = db.client().await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    run.cx.submit::<Script<1>>(json!(1)).await.unwrap();
    run.fail("no");
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Failed);
    worker.shutdown().await;
    assert_eq!(db.count("tasks").await, 1);
}

async fn follow_ups_of_a_lost_lease_are_not_there(db: TestDb) {
    let client = db.client().await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = crate::harness::stubborn::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    run.cx.submit::<Script<1>>(json!(1)).await.unwrap();
    client.cancel(id).await.unwrap();
    run.succeed(1);
    until("the worker sees that it lost", || async {
        worker.counts().leases_lost == 1
    })
    .await;
    worker.shutdown().await;
    assert_eq!(client.get(id).await.unwrap().state, State::Cancelled);
    assert_eq!(db.count("tasks").await, 1);
}

async fn a_follow_up_merges_into_the_task_that_holds_its_slot(db: TestDb) {
    let client = db.client().await;
    let other = client.submit_json("Other", json!("same")).await.unwrap().id;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    run.cx.submit::<Script<1>>(json!("same")).await.unwrap();
    run.succeed(1);
    client.wait(id, LONG).await.unwrap();
    assert_eq!(client.get(other).await.unwrap().max_retries, 4);
    assert_eq!(db.count("tasks").await, 2);
    worker.shutdown().await;
}

/// What a handler does in a transaction of its own: an effect, and settling with it.
async fn settle_within(db: &TestDb, cx: &Context, commit: bool) -> Result<()> {
    let effect = "INSERT INTO dutiful_effects (what) VALUES ('done')";
    let effect = effect.replace("dutiful_", db.prefix());
    let output = json!("settled");
    match db.dialect() {
        Dialect::Sqlite => {
            let file = db.folder().unwrap().join("tasks.db");
            let mut connection = rusqlite::Connection::open(file).unwrap();
            connection.busy_timeout(LONG).unwrap();
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let mut tx = connection.transaction_with_behavior(behavior).unwrap();
            tx.execute(&effect, []).unwrap();
            settle(cx, &mut tx, &output).await?;
            if commit { tx.commit() } else { tx.rollback() }.unwrap();
        }
        Dialect::Mysql => {
            use mysql_async::prelude::Queryable;
            let pool = mysql_async::Pool::new(db.url());
            let mut tx = pool
                .start_transaction(mysql_async::TxOpts::default())
                .await
                .unwrap();
            tx.query_drop(&effect).await.unwrap();
            settle(cx, &mut tx, &output).await?;
            if commit {
                tx.commit().await
            } else {
                tx.rollback().await
            }
            .unwrap();
            pool.disconnect().await.unwrap();
        }
        Dialect::Postgres => {
            let connect = tokio_postgres::connect(db.url(), tokio_postgres::NoTls);
            let (mut postgres, connection) = connect.await.unwrap();
            tokio::spawn(connection);
            let mut tx = postgres.transaction().await.unwrap();
            tx.batch_execute(&effect).await.unwrap();
            settle(cx, &mut tx, &output).await?;
            if commit {
                tx.commit().await
            } else {
                tx.rollback().await
            }
            .unwrap();
        }
    }
    Ok(())
}

async fn settle(cx: &Context, tx: &mut impl Enlist, output: &serde_json::Value) -> Result<()> {
    cx.settle_within(tx, output).await
}

async fn a_task_settled_in_a_transaction_stands_with_its_effects(db: TestDb) {
    let client = db.client().await;
    db.exec("CREATE TABLE dutiful_effects (what VARCHAR(20))")
        .await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    settle_within(&db, &run.cx, true).await.unwrap();
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.result_data),
        (State::Succeeded, Some(json!("settled")))
    );
    run.succeed("settled");
    until("the worker has seen it", || async {
        worker.counts().succeeded == 1
    })
    .await;
    assert_eq!(
        (db.count("effects").await, db.count("attempts").await),
        (1, 0)
    );
    worker.shutdown().await;
}

async fn a_task_settled_in_a_transaction_that_is_rolled_back_runs_again(db: TestDb) {
    let client = db.client().await;
    db.exec("CREATE TABLE dutiful_effects (what VARCHAR(20))")
        .await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    settle_within(&db, &run.cx, false).await.unwrap();
    run.succeed("settled");
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt(), run.cx.retries()), (id, 2, 1));
    assert_eq!(db.count("effects").await, 0);
    let text = client.get(id).await.unwrap().error_message.unwrap();
    assert!(text.contains("was not committed"), "{text}");
    settle_within(&db, &run.cx, true).await.unwrap();
    run.succeed("settled");
    assert_eq!(client.wait(id, LONG).await.unwrap().state, State::Succeeded);
    assert_eq!(db.count("effects").await, 1);
    worker.shutdown().await;
}

async fn a_stale_attempt_cannot_settle_in_a_transaction(db: TestDb) {
    let client = db.client().await;
    db.exec("CREATE TABLE dutiful_effects (what VARCHAR(20))")
        .await;
    let id = client.submit_json("Script", json!(1)).await.unwrap().id;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    let cancelled = client.cancel(id).await.unwrap();
    // The transaction is dropped with the error, and its effect with it.
    let error = settle_within(&db, &run.cx, true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
    assert_eq!(client.get(id).await.unwrap(), cancelled);
    until("the effect is undone", || async {
        db.count("effects").await == 0
    })
    .await;
    worker.shutdown().await;
}
