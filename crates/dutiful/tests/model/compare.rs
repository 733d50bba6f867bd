//! Whether the rows and the model agree.

use super::harness::TestDb;
use super::table::{Modelled, Table};
use dutiful::{Client, Filter, TaskInfo, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Plain SQL on SQLite knows the time to a millisecond.
const ROUNDED: Duration = Duration::from_millis(1);

/// Compares everything that the model knows of each task with its row. Whatever was due from now on when the
/// step began is due so much later at most as the step has taken, by the database's clock; the model goes
/// on with the row's own time.
pub(crate) async fn rows(
    db: &TestDb,
    client: &Client,
    table: &mut Table,
    now: Timestamp,
) -> Result<(), String> {
    let page = client.list(&Filter::new().limit(200)).await.unwrap();
    let rows: BTreeMap<_, _> = page.tasks.iter().map(|task| (task.id, task)).collect();
    if !rows.keys().eq(table.tasks.keys()) {
        return Err(format!(
            "rows {:?}, model {:?}",
            rows.keys(),
            table.tasks.keys()
        ));
    }
    let holding = holding(db).await;
    let took = table.in_model(now).since(table.now());
    for (id, row) in rows {
        let state = table.state(id);
        let due = row.due_at.map(|due| table.in_model(due));
        let task = table.tasks.get_mut(&id).unwrap();
        let (seen, known) = (
            seen(row, holding.contains(&id.to_string())),
            known(task, state.as_str()),
        );
        if seen != known {
            return Err(format!("task {id}\n  row:   {seen}\n  model: {known}"));
        }
        if let (Some(due), Some(modelled)) = (due, task.facts.due_at) {
            let latest = modelled.saturating_add(took + ROUNDED);
            if due < modelled.saturating_sub(ROUNDED) || due > latest {
                return Err(format!(
                    "task {id} is due {due}, and not from {modelled} to {latest}"
                ));
            }
        }
        task.facts.due_at = due;
    }
    Ok(())
}

/// The ids of the tasks that hold their slots.
async fn holding(db: &TestDb) -> Vec<String> {
    // On SQLite the key of a slot that was freed stays until somebody else wants the slot.
    let holding = "SELECT id FROM dutiful_tasks
                   WHERE dedup_key IS NOT NULL
                     AND NOT (dedup_scope IN ('none', 'waiting') AND attempt > 0)
                     AND NOT (dedup_scope IN ('none', 'waiting', 'active', 'until_success')
                              AND status = 'success')
                   ORDER BY id";
    db.rows(holding)
        .await
        .into_iter()
        .flatten()
        .flatten()
        .collect()
}

/// Compares what ended the attempts of each task.
pub(crate) async fn histories(client: &Client, table: &Table) -> Result<(), String> {
    for (id, task) in &table.tasks {
        let rows = client.attempts(*id).await.unwrap();
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (row.attempt, row.outcome.as_str()))
            .collect();
        let model = task
            .history
            .iter()
            .map(|(attempt, outcome)| (*attempt, outcome.as_str()));
        let model: Vec<_> = model.collect();
        if rows != model {
            return Err(format!(
                "task {id}\n  history: {rows:?}\n  model:   {model:?}"
            ));
        }
    }
    Ok(())
}

fn seen(row: &TaskInfo, holds: bool) -> String {
    format!(
        "{} {} attempt {} retries {}/{} crashes {} {:?} leased {} due {} finished {} slot {holds} {} \
         priority {} payload {} result {:?}",
        row.state,
        row.status,
        row.attempt,
        row.retries,
        row.max_retries,
        row.crashes,
        row.error_kind.as_deref(),
        row.worker.is_some(),
        row.due_at.is_some(),
        row.finished_at.is_some(),
        row.dedup_scope,
        row.priority,
        row.task_payload,
        row.result_data,
    )
}

fn known(task: &Modelled, state: &str) -> String {
    let facts = &task.facts;
    format!(
        "{state} {} attempt {} retries {}/{} crashes {} {:?} leased {} due {} finished {} slot {} {} \
         priority {} payload {} result {:?}",
        facts.status,
        facts.attempt,
        facts.retries,
        facts.max_retries,
        facts.crashes,
        facts.error_kind.map(|kind| kind.as_str()),
        facts.leased,
        facts.due_at.is_some(),
        task.finished,
        task.slot.is_some(),
        facts.dedup_scope,
        task.priority,
        task.payload,
        task.result,
    )
}
