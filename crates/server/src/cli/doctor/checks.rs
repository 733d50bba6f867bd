//! What the tables, the counts, the clocks and the workers' rows say.

use super::finding::{Check, Finding, Verdict};
use crate::output::{count, elapsed};
use crate::tasks::is_own;
use dutiful::{Client, NameCounts, State, Stats, Timestamp, WorkerInfo};
use std::time::Duration;

/// Clocks of one network differ by less.
const SKEW_WARN: Duration = Duration::from_secs(2);
/// As long as the usual lease: what two machines take for the same moment is not.
const SKEW_BAD: Duration = Duration::from_secs(30);
/// A queue that is worked on is seldom so late...
const DUE_WARN: Duration = Duration::from_secs(10 * 60);
/// ...and one that is so late is not kept up with.
const DUE_BAD: Duration = Duration::from_secs(60 * 60);
/// Most names in one line.
const NAMES_MAX: usize = 5;

/// Whether the tables are those that this program needs.
pub(super) async fn schema(client: &Client) -> Finding {
    let migrator = client.migrator();
    let status = match migrator.status().await {
        Ok(status) => status,
        Err(error) => return Finding::failed(Check::Schema, error),
    };
    match migrator.check().await {
        Ok(()) => Finding::ok(Check::Schema, format!("version {}, current", status.found)),
        // `migrate up` does not help a program that is older than the tables.
        Err(error) if status.found > status.needed => Finding::bad(
            Check::Schema,
            error.to_string(),
            "use a newer `dutiful`, as new as the one that made the tables",
        ),
        Err(error) => Finding::failed(Check::Schema, error),
    }
}

/// The database's clock beside that of this process. It was read between `before` and `after`.
pub(super) fn clock(before: Timestamp, after: Timestamp, database: Timestamp) -> Finding {
    let (skew, word) = if database < before {
        (before.since(database), "behind")
    } else {
        (database.since(after), "ahead of")
    };
    let found = format!(
        "the database's clock is {} {word} this process's",
        elapsed(skew)
    );
    let fix =
        "let both machines keep their time by NTP; due times and leases follow the database's";
    if skew > SKEW_BAD {
        Finding::bad(Check::Clock, found, fix)
    } else if skew > SKEW_WARN {
        Finding::warn(Check::Clock, found, fix)
    } else {
        let text = format!("less than {} s apart", SKEW_WARN.as_secs());
        Finding::ok(Check::Clock, text)
    }
}

/// Whether there are workers, and whether all of them are alive. A server has a row too, for bulk operations alone.
pub(super) fn workers(workers: &[WorkerInfo]) -> Finding {
    let serves = |worker: &&WorkerInfo| {
        let names = &worker.task_names;
        !names.is_empty() && names.iter().all(|name| is_own(name))
    };
    let workers = workers.iter().filter(|worker| !serves(worker));
    let (alive, dead): (Vec<_>, Vec<_>) = workers.partition(|worker| worker.alive);
    let alive = alive.len();
    if alive == 0 {
        return Finding::warn(
            Check::Workers,
            "none is alive",
            "start one: `dutiful worker`, or the program that holds your own tasks",
        );
    }
    if dead.is_empty() {
        return Finding::ok(Check::Workers, format!("{alive} alive"));
    }
    let names = some(dead.iter().map(|worker| worker.worker.as_str()));
    Finding::warn(
        Check::Workers,
        format!("{alive} alive; silent for more than 30 s: {names}"),
        "if they were stopped on purpose nothing is to be done, else look at their logs: they were \
         killed or cannot reach the database",
    )
}

/// Whether what is due is known to somebody who runs it. Of a paused name nobody has to.
pub(super) fn task_names(stats: &Stats, workers: &[WorkerInfo]) -> Finding {
    let is_known = |name: &NameCounts| {
        // One that is to end takes no more.
        let takes = |worker: &&WorkerInfo| worker.alive && worker.draining_since.is_none();
        let alive = workers.iter().filter(takes);
        let mut names = alive.flat_map(|worker| &worker.task_names);
        names.any(|known| *known == name.task_name)
    };
    let due = stats.names.iter();
    let due = due.filter(|name| name.queue_depth > 0 && !name.paused);
    let unknown: Vec<&NameCounts> = due.filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        let text = "for all that is due a worker is alive that knows its name";
        return Finding::ok(Check::TaskNames, text);
    }
    let tasks: u64 = unknown.iter().map(|name| name.queue_depth).sum();
    let names = some(unknown.iter().map(|name| name.task_name.as_str()));
    Finding::bad(
        Check::TaskNames,
        format!("{} due, and no live worker runs: {names}", count(tasks)),
        "start a worker that registers these names; `dutiful workers` tells who knows which",
    )
}

/// How long the oldest due task has waited. One whose name is paused waits because somebody wants it to.
pub(super) fn oldest_due(stats: &Stats) -> Finding {
    let (paused, others): (Vec<_>, Vec<_>) = stats
        .names
        .iter()
        .filter_map(|name| Some((name.oldest_due?, name)))
        .partition(|(_, name)| name.paused);
    let finding = oldest_of(others);
    if finding.verdict != Verdict::Ok || paused.is_empty() {
        return finding;
    }
    let tasks: u64 = paused.iter().map(|(_, name)| name.queue_depth).sum();
    let names = some(paused.iter().map(|(_, name)| name.task_name.as_str()));
    Finding::warn(
        Check::OldestDue,
        format!("{} due of names that are paused: {names}", count(tasks)),
        "`dutiful resume NAME` once its tasks may run; `dutiful pause` tells who paused it",
    )
}

fn oldest_of(due: Vec<(Duration, &NameCounts)>) -> Finding {
    let oldest = due.into_iter().max_by_key(|(waited, _)| *waited);
    let Some((waited, name)) = oldest else {
        return Finding::ok(Check::OldestDue, "nothing is due");
    };
    let found = format!(
        "a task of {} is due for {}",
        name.task_name,
        elapsed(waited)
    );
    let fix =
        "more workers, or a larger batch size for this name; `dutiful stats` tells how much waits";
    if waited > DUE_BAD {
        Finding::bad(Check::OldestDue, found, fix)
    } else if waited > DUE_WARN {
        Finding::warn(Check::OldestDue, found, fix)
    } else {
        Finding::ok(Check::OldestDue, found)
    }
}

/// Tasks that workers died of, or that nobody can read.
pub(super) fn quarantined(stats: &Stats) -> Finding {
    let of = |name: &NameCounts| name.counts.get(&State::Quarantined).copied().unwrap_or(0);
    let tasks: u64 = stats.names.iter().map(of).sum();
    if tasks == 0 {
        return Finding::ok(Check::Quarantined, "none");
    }
    let hit = stats.names.iter().filter(|name| of(name) > 0);
    let names = some(hit.map(|name| name.task_name.as_str()));
    Finding::warn(
        Check::Quarantined,
        format!("{}: {names}", count(tasks)),
        "`dutiful list --state quarantined`, then `dutiful show ID`; once the cause is mended, \
         `dutiful retry ID`",
    )
}

/// `A, B and 3 more`.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    match all.get(NAMES_MAX..) {
        Some(rest) if !rest.is_empty() => {
            format!("{} and {} more", all[..NAMES_MAX].join(", "), rest.len())
        }
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests;
