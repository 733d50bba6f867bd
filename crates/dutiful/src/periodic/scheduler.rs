//! Fires the ticks of stored periodics, in every worker, without a leader.
//!
//! The rows are the truth: whoever moves a row on from the tick that all of them see submits its task in
//! the same transaction. What lives here: looking, waiting, and what the overlap policy makes of a plan.
//! What does not: which ticks fire (`dutiful_core::plan`) and the statements (`store::periodic`).

use super::Definition;
use crate::Client;
use crate::db::DbResult;
use crate::store::periodic::{self, Change, Defined, PeriodicRow, Seen, Take};
use crate::store::retry;
use crate::store::submit::{NewTask, micros};
use crate::worker::Trouble;
use dutiful_core::{Missed, Overlap, Plan, Schedule, plan};
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The rows are read at least this often: somebody may have paused or changed one.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Between two looks at a tick that waits for the task of the last one.
const WAIT_FOR_LAST: Duration = Duration::from_secs(1);
/// Between two looks when another worker was first, or when ticks are being made up for.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Workers look at a tick within this time of one another, so that most find it taken already.
const SPREAD_MILLIS: u64 = 20;
/// How long a worker leaves a tick to those whose definition the row holds. It is shorter than the time
/// within which a tick counts as on time, so that nothing is missed when there are none.
const LEAVE_TO_OTHERS: Duration = Duration::from_secs(5);
/// Most ticks that fire in one transaction.
const TICKS_MAX: usize = 100;

/// Fires what is due until `stopping`. It holds nothing that must be given back.
pub(crate) async fn run(client: Client, own: Vec<Definition>, stopping: CancellationToken) {
    if own.is_empty() {
        return;
    }
    tokio::select! {
        () = stopping.cancelled() => {}
        () = Scheduler::new(client, own).run() => {}
    }
}

struct Scheduler {
    client: Client,
    names: Vec<String>,
    own: Vec<Definition>,
    /// Whether the rows have been made to say what this program says.
    defined: bool,
    /// Names whose row was said to be unreadable, so that it is said once.
    unreadable: HashSet<String>,
}

impl Scheduler {
    fn new(client: Client, own: Vec<Definition>) -> Scheduler {
        let names = own
            .iter()
            .map(|definition| definition.name.clone())
            .collect();
        Scheduler {
            client,
            names,
            own,
            defined: false,
            unreadable: HashSet::new(),
        }
    }

    async fn run(mut self) {
        let mut trouble = Trouble::new("fire periodic tasks");
        let mut clock = self.client.wake().clock();
        loop {
            clock.mark_unchanged();
            let until = match self.look().await {
                Ok(until) => {
                    trouble.worked();
                    until
                }
                Err(error) => Instant::now() + trouble.failed(&error),
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                // It lives as long as the client, which is held here.
                Ok(()) = clock.changed() => {}
            }
        }
    }

    /// Reads all rows, takes what is due, and says when to look again.
    async fn look(&mut self) -> DbResult<Instant> {
        let rows = periodic::look(self.client.db(), &self.names).await?;
        // What the rows say of the time holds for this moment.
        let looked = Instant::now();
        let mut wait = LOOK_AGAIN;
        for definition in &self.own {
            let seen = rows
                .iter()
                .find(|seen| seen.row.defined.name == definition.name);
            let own = defined(definition);
            if let Some(seen) = seen.filter(|_| !self.defined) {
                tell_of_change(&seen.row);
            }
            let next = match seen {
                Some(seen) if self.defined || seen.row.defined == own => {
                    attend(&self.client, definition, seen, &mut self.unreadable).await?
                }
                _ => {
                    define(&self.client, definition, &own).await?;
                    LOOK_PAUSE
                }
            };
            wait = wait.min(next);
        }
        self.defined = true;
        Ok((looked + wait).max(Instant::now()))
    }
}

/// What the row of a definition holds.
fn defined(definition: &Definition) -> Defined {
    Defined {
        name: definition.name.clone(),
        task_name: definition.task_name.to_owned(),
        payload: definition.payload.clone(),
        schedule: definition.schedule.to_text(),
        missed: definition.missed.as_str().to_owned(),
        missed_window: micros(definition.missed_window),
        overlap: definition.overlap.as_str().to_owned(),
        payload_version: definition.payload_version,
        priority: definition.priority,
        max_retries: definition.max_retries,
    }
}

/// Whoever starts a program should hear why it does not tick as the program says.
fn tell_of_change(row: &PeriodicRow) {
    let Some(by) = &row.changed.by else { return };
    tracing::info!(
        name = row.defined.name,
        schedule = row.schedule(),
        by,
        "an operator has changed the periodic, which goes before what this program says of it"
    );
}

async fn define(client: &Client, definition: &Definition, own: &Defined) -> DbResult<()> {
    match periodic::define(client.db(), own, &definition.schedule).await? {
        Change::Created => {
            tracing::info!(name = own.name, schedule = own.schedule, "a new periodic")
        }
        Change::Changed => tracing::info!(
            name = own.name,
            schedule = own.schedule,
            "the periodic is changed to what this program says of it"
        ),
        Change::None => {}
    }
    Ok(())
}

/// Takes what is due of one row. Gives back how long after the look it wants to be looked at again.
async fn attend(
    client: &Client,
    own: &Definition,
    seen: &Seen,
    unreadable: &mut HashSet<String>,
) -> DbResult<Duration> {
    let row = &seen.row;
    let Some(rules) = Rules::read(row) else {
        if unreadable.insert(own.name.clone()) {
            tracing::warn!(
                name = own.name,
                "another program has written a schedule or policy that means nothing to this one; \
                 its ticks are left to that program"
            );
        }
        return Ok(LOOK_AGAIN);
    };
    // A name that has become another task type's is that program's business.
    let is_ours = row.defined.task_name == own.task_name && !row.paused;
    let Some(next_at) = row.next_at.filter(|_| is_ours) else {
        return Ok(LOOK_AGAIN);
    };
    let patience = patience(own, row);
    let due_at = next_at.saturating_add(patience);
    if due_at > seen.now {
        return Ok(due_at.since(seen.now) + spread());
    }
    let Some(plan) = decide(&rules, seen) else {
        return Ok(WAIT_FOR_LAST);
    };
    let take = Take {
        name: own.name.clone(),
        seen_next_at: next_at,
        seen_changed_at: row.changed.at,
        seen_last_task_id: row.last_task_id,
        next_at: plan.next,
        last_at: plan.fire.last().copied(),
        skipped: plan.skipped,
        tasks: plan.fire.iter().map(|_| task(own, row)).collect(),
    };
    if !periodic::take(client.db(), &take).await? {
        return Ok(LOOK_PAUSE);
    }
    client.wake().submitted(&take.tasks);
    tracing::debug!(
        name = own.name,
        fired = take.tasks.len(),
        skipped = take.skipped,
        "a tick"
    );
    Ok(match plan.next {
        Some(next) if next > seen.now => next.since(seen.now) + patience + spread(),
        Some(_) => LOOK_PAUSE,
        None => LOOK_AGAIN,
    })
}

/// A program whose payload was replaced by a later one waits a little: it would submit the old payload,
/// because only that is known to be of the version that this program writes. A payload that an operator has
/// set is the same for all.
fn patience(own: &Definition, row: &PeriodicRow) -> Duration {
    if row.changed.payload.is_some() || own.payload == row.defined.payload {
        Duration::ZERO
    } else {
        LEAVE_TO_OTHERS
    }
}

fn spread() -> Duration {
    Duration::from_millis(retry::random() % SPREAD_MILLIS)
}

/// The rules by which a row ticks, as the row has them.
struct Rules {
    schedule: Schedule,
    missed: Missed,
    missed_window: Duration,
    overlap: Overlap,
}

impl Rules {
    /// `None` when they mean nothing to this program.
    fn read(row: &PeriodicRow) -> Option<Rules> {
        let defined = &row.defined;
        Some(Rules {
            schedule: Schedule::from_text(row.schedule()).ok()?,
            missed: defined.missed.parse().ok()?,
            missed_window: Duration::from_micros(u64::try_from(defined.missed_window).ok()?),
            overlap: defined.overlap.parse().ok()?,
        })
    }
}

/// What is to be done about a row that is due; `None` when its tick waits for the task of the last one.
fn decide(rules: &Rules, seen: &Seen) -> Option<Plan> {
    let most = match rules.overlap {
        Overlap::Queue if !seen.last_ended => return None,
        Overlap::Queue => 1,
        Overlap::Skip | Overlap::Allow => TICKS_MAX,
    };
    let next_at = seen.row.next_at?;
    let mut plan = plan(
        &rules.schedule,
        next_at,
        rules.missed,
        rules.missed_window,
        seen.now,
        most,
    );
    if rules.overlap == Overlap::Skip {
        let fires = plan.fire.len().min(usize::from(seen.last_ended));
        plan.skipped += u64::try_from(plan.fire.len() - fires).unwrap_or(0);
        plan.fire.truncate(fires);
    }
    Some(plan)
}

/// The task of one tick: of this program's payload, unless an operator has set another. Moving the row on guards
/// against a second one.
fn task(own: &Definition, row: &PeriodicRow) -> NewTask {
    let task = row.task();
    if row.changed.payload.is_some() {
        return task;
    }
    NewTask {
        payload: own.payload.clone(),
        payload_version: own.payload_version,
        priority: own.priority,
        max_retries: own.max_retries,
        ..task
    }
}

#[cfg(test)]
mod tests;
