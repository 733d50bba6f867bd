//! Whether the rows and the model agree.

use super::harness::TestDb;
use super::table::{Modelled, Table};
use dutiful::{Client, Filter, TaskInfo};
use std::collections::BTreeMap;

/// Compares everything that the model knows of each task with its row.
pub(crate) async fn rows(db: &TestDb, client: &Client, table: &Table) -> Result<(), String> {
    let page = client.list(&Filter::new().limit(200)).await.unwrap();
    let rows: BTreeMap<_, _> = page.tasks.iter().map(|task| (task.id, task)).collect();
    if !rows.keys().eq(table.tasks.keys()) {
        return Err(format!(
            "rows {:?}, model {:?}",
            rows.keys(),
            table.tasks.keys()
        ));
    }
    // On SQLite the key of a slot that was freed stays until somebody else wants the slot.
    let holding = "SELECT id FROM dutiful_tasks
                   WHERE dedup_key IS NOT NULL
                     AND NOT (dedup_scope IN ('none', 'waiting') AND attempt > 0)
                     AND NOT (dedup_scope IN ('none', 'waiting', 'active', 'until_success')
                              AND status = 'success')
                   ORDER BY id";
    let holding: Vec<String> = db
        .rows(holding)
        .await
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    for (id, task) in &table.tasks {
        let row = seen(rows[id], holding.contains(&id.to_string()));
        let model = known(task, table.state(*id).as_str());
        if row != model {
            return Err(format!("task {id}\n  row:   {row}\n  model: {model}"));
        }
    }
    Ok(())
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
        "{} {} attempt {} retries {}/{} crashes {} {:?} leased {} due {} finished {} slot {holds} {}",
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
    )
}

fn known(task: &Modelled, state: &str) -> String {
    let facts = &task.facts;
    format!(
        "{state} {} attempt {} retries {}/{} crashes {} {:?} leased {} due {} finished {} slot {} {}",
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
    )
}
