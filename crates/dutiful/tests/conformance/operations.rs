//! Bulk operations: carried out in batches, stopped, taken over. Their previews are in `previews`.

use crate::figures;
use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use crate::operate::in_every_state;
use dutiful::{
    BulkAction, BulkOperations, BulkPreview, Client, ErrorKind, Filter, Operation, Priority, State,
    TaskId, Worker, WorkerHandle,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

cases![
    ten_thousand_tasks_are_cancelled_beside_a_worker_that_runs_them,
    each_action_does_what_its_verb_does_in_every_state,
    an_operation_that_is_stopped_changes_no_task_more_and_can_go_on,
    an_operation_that_is_taken_over_acts_on_no_task_twice,
    of_two_operations_on_the_same_tasks_one_acts_on_each,
    different_operations_on_the_same_tasks_come_to_an_end,
    operations_are_listed_and_leave_one_another_alone,
    what_operations_take_away_leaves_the_figures;
    on Engine::is_server:
    a_batch_whose_answer_was_lost_is_counted_once,
];

/// Ten thousand tasks are ten thousand statements, beside all other trials.
const LONG: Duration = Duration::from_secs(280);
pub(crate) const ADA: &str = "ada";

pub(crate) async fn submit(client: &Client, name: &str, count: u64) {
    for begin in (0..count).step_by(5_000) {
        let numbers = begin..count.min(begin + 5_000);
        let submits = numbers.map(|number| client.submit_json(name, json!(number)));
        client.submit_all(submits.collect()).await.unwrap();
    }
}

pub(crate) fn of_script() -> Filter {
    Filter::new().task_name("Script")
}

/// Previews and confirms.
async fn start(client: &Client, action: BulkAction, filter: &Filter) -> Operation {
    let preview = client.bulk_preview(action, filter, ADA).await.unwrap();
    client.bulk(&preview.token, ADA).await.unwrap()
}

async fn operator(db: &TestDb) -> WorkerHandle {
    let worker = Worker::new(db.client().await).register(BulkOperations);
    worker.shutdown_grace(Duration::ZERO).start().await.unwrap()
}

/// The operation once it has ended.
async fn ended(client: &Client, id: TaskId) -> Operation {
    client.wait(id, LONG).await.unwrap();
    client.operation(id).await.unwrap()
}

async fn succeeded(client: &Client, id: TaskId) -> Operation {
    let operation = ended(client, id).await;
    assert_eq!(operation.state, State::Succeeded, "{operation:?}");
    assert_eq!(operation.percent, 100);
    let counts = &operation.counts;
    let skipped: u64 = counts.skipped.values().sum();
    assert_eq!(counts.matched, counts.done + skipped, "{operation:?}");
    operation
}

async fn cancelled(db: &TestDb) -> i64 {
    db.int("SELECT COUNT(*) FROM dutiful_tasks WHERE error_kind = 'cancelled' AND task_name = 'Script'")
        .await
}

fn skipped(why: &[(&str, u64)]) -> BTreeMap<String, u64> {
    why.iter()
        .map(|(why, tasks)| ((*why).to_owned(), *tasks))
        .collect()
}

/// A preview of cancelling so many tasks; one that has not counted them all in three seconds says so.
async fn preview_of_many(client: &Client, filter: &Filter, tasks: u64) -> BulkPreview {
    let begun = Instant::now();
    let preview = client
        .bulk_preview(BulkAction::Cancel, filter, ADA)
        .await
        .unwrap();
    let all = (preview.count, preview.exact) == (tasks, true);
    let stopped = !preview.exact && begun.elapsed() >= Duration::from_secs(3);
    assert!(all || stopped, "{preview:?}");
    preview
}

async fn ten_thousand_tasks_are_cancelled_beside_a_worker_that_runs_them(db: TestDb) {
    const TASKS: u64 = 10_000;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    submit(&client, "Other", 10).await;
    let slow = Script::<0>::new(|payload, _| async move {
        // So that most of them have not begun when they are cancelled.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(payload)
    });
    let filter = of_script().states(&[State::Queued, State::Running]);
    let preview = preview_of_many(&client, &filter, TASKS).await;
    let worker = db.worker(slow).await;
    let operator = operator(&db).await;
    let began = client.bulk(&preview.token, ADA).await.unwrap();
    // They come too late for it.
    let late = (0..20).map(|number| client.submit_json("Script", json!(["late", number])));
    let late = client.submit_all(late.collect()).await.unwrap();
    let operation = succeeded(&client, began.id).await;
    for task in late {
        let task = client.wait(task.id, LONG).await.unwrap();
        assert_eq!(task.state, State::Succeeded);
    }
    let counts = &operation.counts;
    assert!(
        counts.matched <= TASKS && counts.done > TASKS / 2,
        "{counts:?}"
    );
    assert_eq!(u64::try_from(cancelled(&db).await).unwrap(), counts.done);
    let by_state = |state: &'static str| {
        let db = db.clone();
        async move {
            let sql = format!(
                "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script' AND status = '{state}'"
            );
            u64::try_from(db.int(&sql).await).unwrap()
        }
    };
    let all = || async { by_state("success").await + counts.done == TASKS + 20 };
    until("what ran when it was looked at has ended", all).await;
    assert_eq!(
        client
            .list(&Filter::new().task_name("Other").state(State::Queued))
            .await
            .unwrap()
            .tasks
            .len(),
        10
    );
    let page = client
        .audit_log(&dutiful::AuditFilter::new().target(format!("operation {}", began.id)))
        .await;
    let entries = page.unwrap().entries;
    assert_eq!(entries.len(), 1, "one for all: {entries:?}");
    assert_eq!(
        (entries[0].actor.as_str(), entries[0].action.as_str()),
        (ADA, "bulk-cancel-ended")
    );
    let detail: Value = serde_json::from_str(entries[0].detail.as_deref().unwrap()).unwrap();
    assert_eq!(detail["counts"]["done"], counts.done);
    assert_eq!(detail["filter"]["task_name"], "Script");
    worker.shutdown().await;
    operator.shutdown().await;
}

/// What an action does to the tasks in every state: which are done, and why the others are passed over.
async fn does(db: &TestDb, action: BulkAction, expected: &[(&str, u64)]) -> Vec<(State, TaskId)> {
    let (client, tasks) = in_every_state(db).await;
    let operator = operator(db).await;
    let began = start(&client, action, &Filter::new()).await;
    let operation = succeeded(&client, began.id).await;
    operator.shutdown().await;
    assert_eq!(operation.counts.matched, 11);
    assert_eq!(operation.counts.skipped, skipped(expected), "{action}");
    tasks
        .into_iter()
        .map(|(state, task)| (state, task.id))
        .collect()
}

async fn each_action_does_what_its_verb_does_in_every_state(db: TestDb) {
    let client = db.client().await;
    let clear = async || {
        db.exec("DELETE FROM dutiful_attempts").await;
        db.exec("DELETE FROM dutiful_tasks").await
    };
    let now = async |id| client.get(id).await.unwrap();

    for (state, id) in does(&db, BulkAction::Cancel, &[("ended", 6)]).await {
        let is = now(id).await.state;
        assert_eq!(
            is,
            if state.is_ended() {
                state
            } else {
                State::Cancelled
            }
        );
    }
    clear().await;
    let why = [("running", 1), ("succeeded", 1)];
    for (state, id) in does(&db, BulkAction::Retry, &why).await {
        let task = now(id).await;
        match state {
            State::Running | State::Succeeded => assert_eq!(task.state, state),
            _ => assert!(
                matches!(task.state, State::Queued | State::Retrying),
                "{state}"
            ),
        }
    }
    clear().await;
    let why = [("ended", 6), ("running", 1)];
    for (state, id) in does(&db, BulkAction::RunNow, &why).await {
        let is_due = matches!(now(id).await.state, State::Queued | State::Retrying);
        assert_eq!(
            is_due,
            !state.is_ended() && state != State::Running,
            "{state}"
        );
    }
    clear().await;
    let priority = BulkAction::EditPriority(Priority::new(7).unwrap());
    for (state, id) in does(&db, priority, &why).await {
        let task = now(id).await;
        assert_eq!(task.state, state, "nothing else changes");
        let changed = !state.is_ended() && state != State::Running;
        assert_eq!(task.priority == 7, changed, "{state}");
    }
    clear().await;
    for (state, id) in does(&db, BulkAction::Delete, &[("not_ended", 5)]).await {
        let gone = client.get(id).await.is_err();
        assert_eq!(gone, state.is_ended(), "{state}");
    }
    let left =
        "SELECT COUNT(*) FROM dutiful_attempts WHERE task_id NOT IN (SELECT id FROM dutiful_tasks)";
    assert_eq!(db.int(left).await, 0, "their history goes with them");
}

/// Waits until some of its tasks are done and others are not.
async fn is_under_way(client: &Client, id: TaskId, tasks: u64) {
    let some = || async {
        let operation = client.operation(id).await.unwrap();
        assert!(operation.counts.done < tasks, "it was too quick");
        operation.counts.done > 0
    };
    until("some are done", some).await;
}

async fn an_operation_that_is_stopped_changes_no_task_more_and_can_go_on(db: TestDb) {
    const TASKS: u64 = 10_000;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    let operator = operator(&db).await;
    let id = start(&client, BulkAction::Cancel, &of_script()).await.id;
    is_under_way(&client, id, TASKS).await;
    let stopped = client.stop_operation(id).await.unwrap();
    let at_once = cancelled(&db).await;
    assert_eq!(stopped.state, State::Cancelled);
    assert_eq!(u64::try_from(at_once).unwrap(), stopped.counts.done);
    assert!(stopped.percent < 100);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(cancelled(&db).await, at_once);
    assert_eq!(client.operation(id).await.unwrap().counts, stopped.counts);
    let again = client.stop_operation(id).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);

    client.retry(id).await.unwrap();
    let operation = succeeded(&client, id).await;
    assert_eq!(
        (operation.counts.done, operation.counts.matched),
        (TASKS, TASKS)
    );
    operator.shutdown().await;
}

async fn an_operation_that_is_taken_over_acts_on_no_task_twice(db: TestDb) {
    const TASKS: u64 = 5_000;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    let operators = [operator(&db).await, operator(&db).await];
    let id = start(&client, BulkAction::Cancel, &of_script()).await.id;
    is_under_way(&client, id, TASKS).await;
    // Whoever works on it does not know that it has been given up.
    db.expire_elsewhere(id).await;
    let operation = succeeded(&client, id).await;
    // One that was acted on before would have been passed over.
    assert_eq!(operation.counts.skipped, skipped(&[]));
    assert_eq!(operation.counts.done, TASKS);
    assert_eq!(client.get(id).await.unwrap().crashes, 1);
    for operator in operators {
        operator.shutdown().await;
    }
}

async fn of_two_operations_on_the_same_tasks_one_acts_on_each(db: TestDb) {
    const TASKS: u64 = 3_000;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    let queued = of_script().state(State::Queued);
    let first = start(&client, BulkAction::Cancel, &queued).await.id;
    let second = start(&client, BulkAction::Cancel, &queued).await.id;
    let operators = [operator(&db).await, operator(&db).await];
    let (first, second) = (
        succeeded(&client, first).await,
        succeeded(&client, second).await,
    );
    assert_eq!(first.counts.done + second.counts.done, TASKS);
    for operation in [first, second] {
        let why: Vec<&str> = operation
            .counts
            .skipped
            .keys()
            .map(String::as_str)
            .collect();
        assert!(why.is_empty() || why == ["changed"], "{operation:?}");
    }
    assert_eq!(u64::try_from(cancelled(&db).await).unwrap(), TASKS);
    for operator in operators {
        operator.shutdown().await;
    }
}

async fn different_operations_on_the_same_tasks_come_to_an_end(db: TestDb) {
    const TASKS: u64 = 2_000;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    let worker = db.worker(Script::<0>::echo()).await;
    let actions = [
        BulkAction::Cancel,
        BulkAction::Retry,
        BulkAction::RunNow,
        BulkAction::EditPriority(Priority::new(3).unwrap()),
        BulkAction::Delete,
    ];
    let mut ids = Vec::new();
    for action in actions {
        ids.push(start(&client, action, &of_script()).await.id);
    }
    let operators = [operator(&db).await, operator(&db).await];
    for id in ids {
        let operation = succeeded(&client, id).await;
        assert!(operation.counts.matched <= TASKS);
    }
    let idle = || async {
        let sql =
            "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script' AND due_at IS NOT NULL";
        db.int(sql).await == 0
    };
    until("every task has ended or is gone", idle).await;
    let charged = "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script' AND (retries > 0 OR crashes > 0)";
    assert_eq!(db.int(charged).await, 0);
    worker.shutdown().await;
    for operator in operators {
        operator.shutdown().await;
    }
}

async fn operations_are_listed_and_leave_one_another_alone(db: TestDb) {
    let client = db.client().await;
    submit(&client, "Script", 2).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(start(&client, BulkAction::Cancel, &Filter::new()).await.id);
    }
    ids.reverse();
    let page = client.operations(2, None).await.unwrap();
    let shown: Vec<TaskId> = page.operations.iter().map(|one| one.id).collect();
    assert_eq!(shown, ids[..2]);
    let rest = client.operations(2, page.next.as_deref()).await.unwrap();
    assert_eq!((rest.operations[0].id, rest.next.is_none()), (ids[2], true));
    let first = &rest.operations[0];
    assert_eq!((first.state, first.percent), (State::Queued, 0));
    // Each begins with a preview.
    let refused = client.duplicate(first.id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    assert_eq!(
        (first.asked_by.as_str(), first.expected, first.exact),
        (ADA, 2, true)
    );
    let other = client.list(&of_script()).await.unwrap().tasks[0].id;
    for missing in [other, TaskId(987_654_321), TaskId(0)] {
        assert_eq!(
            client.operation(missing).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert_eq!(
            client.stop_operation(missing).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
    let operator = operator(&db).await;
    for id in ids {
        assert_eq!(succeeded(&client, id).await.counts.matched, 2);
    }
    operator.shutdown().await;
}

/// A client all of whose links can lose answers.
pub(crate) async fn over_a_link(db: &TestDb) -> (Client, Proxy) {
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    (client.connect().await.unwrap(), proxy)
}

async fn a_batch_whose_answer_was_lost_is_counted_once(db: TestDb) {
    const TASKS: u64 = 250;
    let client = db.client().await;
    submit(&client, "Script", TASKS).await;
    let (linked, proxy) = over_a_link(&db).await;
    let worker = Worker::new(linked).register(BulkOperations);
    let worker = worker.shutdown_grace(Duration::ZERO).start().await.unwrap();
    proxy.lose("dutiful.bulk.put", "COMMIT");
    let id = start(&client, BulkAction::Cancel, &of_script()).await.id;
    let operation = succeeded(&client, id).await;
    assert!(proxy.has_cut(), "every answer was heard");
    assert_eq!(
        (operation.counts.done, operation.counts.matched),
        (TASKS, TASKS)
    );
    assert_eq!(u64::try_from(cancelled(&db).await).unwrap(), TASKS);
    worker.shutdown().await;
}

async fn what_operations_take_away_leaves_the_figures(db: TestDb) {
    let client = db.client().await;
    let failed = "status = 'error', error_kind = 'failed', retries = 3";
    figures::ended(&db, &client, 150, failed, 60).await;
    figures::ended(&db, &client, 130, "status = 'success'", 90).await;
    client.keep_figures().await.unwrap();
    let operator = operator(&db).await;
    for (action, state, tasks) in [
        (BulkAction::Delete, State::Succeeded, 130),
        (BulkAction::Retry, State::Failed, 150),
    ] {
        let began = start(&client, action, &of_script().state(state)).await;
        let operation = succeeded(&client, began.id).await;
        assert_eq!(operation.counts.done, tasks, "{operation:?}");
        figures::assert_right(&db, &client, "they have left").await;
        client.keep_figures().await.unwrap();
        figures::assert_right(&db, &client, "it is kept that they have left").await;
    }
    operator.shutdown().await;
}
