//! Removes what is no longer needed, little by little, in every worker.
//!
//! What lives here: when, and how fast. What may go, and the statements, are in `store::janitor`.

use super::shared::Shared;
use super::trouble::Trouble;
use crate::db::{Db, DbResult};
use crate::store::janitor::{self, Cursor, Rule};
use crate::store::{audit, previews, requests, retry};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A worker that lives no longer than this removes nothing.
const FIRST_PASS: Duration = Duration::from_secs(30);
/// From the beginning of one pass to that of the next.
const PASS: Duration = Duration::from_secs(10 * 60);
/// Workers that start together pass through the table up to this long after one another.
const SPREAD_MILLIS: u64 = 5_000;
/// Between two looks while there is something to remove.
const BUSY_PAUSE: Duration = Duration::from_millis(250);
/// Between two looks while there is not: rows that are kept must not cost anything to speak of.
const IDLE_PAUSE: Duration = Duration::from_secs(10);

/// How long tasks are kept after they have ended; then a worker removes them, with their attempts, steps
/// and log lines. Set with [`crate::Worker::retention`].
///
/// A worker removes only tasks of the types that it knows, and no task that has not ended. Every worker
/// removes by its own setting, so the shortest one of those that know a type counts. Nothing is removed in
/// the first half minute of a worker, and what has expired may stay for some minutes more.
///
/// A task that was submitted with the dedup scope `always` keeps its row for ever, because its slot is kept
/// as long as the row, and one with a window at least until the window is over. A failed task with the scope
/// `until_success` goes like any other: the same payload then becomes a new task.
///
/// Whatever is set here, every worker also removes entries of the audit after 90 days and what is kept of
/// requests ([`crate::Client::submit_once`]) after 24 hours.
///
/// ```
/// use dutiful::Retention;
/// use std::time::Duration;
/// let day = Duration::from_secs(24 * 60 * 60);
/// let retention = Retention { succeeded: Some(day), ..Retention::default() };
/// assert_eq!(retention.ended_otherwise, Some(30 * day));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// After a success. By default 7 days; `None` is for ever.
    pub succeeded: Option<Duration>,
    /// After any other end: failed, invalid, discarded, cancelled, quarantined. By default 30 days; `None`
    /// is for ever.
    pub ended_otherwise: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            succeeded: Some(7 * DAY),
            ended_otherwise: Some(30 * DAY),
        }
    }
}

/// Removes until the worker is told to stop. It holds nothing that must be given back.
pub(crate) async fn run(shared: Arc<Shared>, retention: Retention) {
    let rule = rule(shared.lanes.iter().map(|lane| lane.spec.name), retention);
    let stopping = shared.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = pass_for_ever(shared.client.db(), &rule) => {}
    }
}

/// Removes everything at once that a worker of these task names would remove now. Gives back how many
/// tasks went.
pub(crate) async fn sweep(db: &Db, names: &[&str], retention: Retention) -> DbResult<usize> {
    prune_workers(db).await?;
    prune_records(db, Duration::ZERO).await?;
    let rule = rule(names.iter().copied(), retention);
    let (mut cursor, mut pruned) = (Some(janitor::START), 0);
    while let Some(from) = cursor {
        let step = step(db, from, &rule).await?;
        pruned += step.pruned;
        cursor = step.cursor;
    }
    Ok(pruned)
}

fn rule<'n>(names: impl Iterator<Item = &'n str>, retention: Retention) -> Rule {
    Rule {
        names: Some(names.map(str::to_owned).collect()),
        states: None,
        succeeded: retention.succeeded,
        ended_otherwise: retention.ended_otherwise,
    }
}

async fn pass_for_ever(db: &Db, rule: &Rule) {
    let mut trouble = Trouble::new("remove old tasks");
    let spread = Duration::from_millis(retry::random() % SPREAD_MILLIS);
    let mut begin = Instant::now() + FIRST_PASS + spread;
    loop {
        tokio::time::sleep_until(begin).await;
        begin = Instant::now() + PASS;
        if let Some(pause) = note(&mut trouble, prune_workers(db).await) {
            tokio::time::sleep(pause).await;
        }
        if let Some(pause) = note(&mut trouble, prune_records(db, BUSY_PAUSE).await) {
            tokio::time::sleep(pause).await;
        }
        pass(db, rule, &mut trouble).await;
    }
}

/// Goes once through what has ended, from the longest ago to the first that is too young.
async fn pass(db: &Db, rule: &Rule, trouble: &mut Trouble) {
    let knows_none = rule.names.as_ref().is_some_and(HashSet::is_empty);
    if knows_none || (rule.succeeded.is_none() && rule.ended_otherwise.is_none()) {
        return;
    }
    let mut cursor = Some(janitor::START);
    let mut pruned = 0;
    while let Some(from) = cursor {
        let step = step(db, from, rule).await;
        let pause = match &step {
            Ok(step) => {
                pruned += step.pruned;
                cursor = step.cursor;
                if step.pruned > 0 {
                    BUSY_PAUSE
                } else {
                    IDLE_PAUSE
                }
            }
            Err(_) => Duration::ZERO,
        };
        let pause = note(trouble, step.map(|_| ())).unwrap_or(pause);
        if cursor.is_some() {
            tokio::time::sleep(pause).await;
        }
    }
    if pruned > 0 {
        tracing::info!(tasks = pruned, "removed tasks that ended long ago");
    }
}

/// One look and what follows from it.
struct Step {
    pruned: usize,
    cursor: Option<Cursor>,
}

async fn step(db: &Db, from: Cursor, rule: &Rule) -> DbResult<Step> {
    let scanned = janitor::scan(db, from, rule).await?;
    let ids: Vec<i64> = scanned.expired.iter().map(|task| task.id).collect();
    let pruned = janitor::prune(db, &ids, rule).await?;
    Ok(Step {
        pruned,
        cursor: scanned.cursor,
    })
}

async fn prune_workers(db: &Db) -> DbResult<()> {
    let workers = janitor::prune_workers(db).await?;
    if workers > 0 {
        tracing::info!(
            workers,
            "removed the rows of workers that have been gone for a day"
        );
    }
    Ok(())
}

/// Removes entries of the audit, answers to requests and previews that have been kept for long enough.
async fn prune_records(db: &Db, pause: Duration) -> DbResult<()> {
    while audit::prune(db).await? {
        tokio::time::sleep(pause).await;
    }
    while requests::prune(db).await? {
        tokio::time::sleep(pause).await;
    }
    while previews::prune(db).await? {
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// How long to wait if it failed.
fn note(trouble: &mut Trouble, result: DbResult<()>) -> Option<Duration> {
    match result {
        Ok(()) => {
            trouble.worked();
            None
        }
        Err(error) => Some(trouble.failed(&error)),
    }
}
