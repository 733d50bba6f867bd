//! Why a task that has not ended is not done yet.

use super::reason::Reason;
use super::reasons::{Seen, WaitsFor, at, failed_runs, how, said};
use crate::client::inspect::{AttemptInfo, TaskInfo, WorkerInfo};
use crate::client::pause::PausedName;
use crate::text;
use dutiful_core::limits::{AHEAD_COUNTED_MAX, LIST_OTHERS_MAX};
use dutiful_core::{State, Timestamp};

/// Whether it is due and all it needs is a worker that takes it, or takes it over.
pub(super) fn waits_for_a_worker(task: &TaskInfo, now: Timestamp) -> bool {
    let due = task.due_at.is_some_and(|due_at| due_at <= now);
    due && !task.state.is_ended()
}

pub(super) fn reasons(seen: &Seen) -> Vec<Reason> {
    let mut reasons = without_pause(seen);
    let running = seen.task.state == State::Running;
    if let Some(paused) = seen.paused.as_ref().filter(|_| !running) {
        // Before its time has come something else keeps it.
        let first = waits_for_a_worker(&seen.task, seen.now);
        reasons.insert(usize::from(!first), self::paused(paused));
    }
    reasons
}

fn paused(paused: &PausedName) -> Reason {
    let PausedName {
        task_name,
        paused_at,
        paused_by,
    } = paused;
    let text = format!(
        "`{task_name}` is paused since {paused_at}, by {paused_by}: no worker claims its tasks."
    );
    Reason::new("paused", text).fix(format!("Resume `{task_name}`."))
}

fn without_pause(seen: &Seen) -> Vec<Reason> {
    let task = &seen.task;
    let Some(due_at) = task.due_at else {
        if let Some(waits_for) = &seen.waits_for {
            return vec![waits_for_items(waits_for)];
        }
        let text = "It is held: it has no due time and waits until somebody releases it.";
        return vec![
            Reason::new("held", text.to_owned()).fix("Run it now by hand, or give it a time."),
        ];
    };
    if task.state == State::Running {
        return vec![running(task, due_at)];
    }
    if !waits_for_a_worker(task, seen.now) {
        return vec![later(seen, due_at)];
    }
    let mut reasons = vec![match &task.worker {
        Some(worker) => lease_ran_out(task, worker, due_at),
        None => queued(seen, due_at),
    }];
    reasons.extend(no_worker(seen));
    reasons
}

fn waits_for_items(waits_for: &WaitsFor) -> Reason {
    let items = waits_for.items;
    let code = "waits_for_items";
    match waits_for.open {
        Some(open) => {
            let place = open.number + 1;
            let text = format!(
                "It is held until its {items} items have ended; the first that has not is item {place}, task {}.",
                open.task
            );
            Reason::new(code, text).fix(format!(
                "Ask why task {} does not end; or run this one now by hand.",
                open.task
            ))
        }
        None => {
            let text =
                format!("Its {items} items have ended: the next worker that looks lets it run.");
            Reason::new(code, text).fix("See that a worker is alive.")
        }
    }
}

fn running(task: &TaskInfo, due_at: Timestamp) -> Reason {
    let worker = task.worker.as_deref().unwrap_or_default();
    let text = format!(
        "Worker {worker} runs attempt {}{}; its lease ends at {due_at} unless it is renewed.",
        task.attempt,
        since(task.last_run_at),
    );
    Reason::new("running", text)
}

fn lease_ran_out(task: &TaskInfo, worker: &str, due_at: Timestamp) -> Reason {
    let text = format!(
        "Worker {worker} has attempt {} and did not renew its lease, which ended at {due_at}: the next worker \
         that looks takes it over and counts a crash.",
        task.attempt,
    );
    Reason::new("lease_ran_out", text).fix(format!(
        "See whether worker {worker} and its link to the database are alive."
    ))
}

/// Why its time has not come.
fn later(seen: &Seen, due_at: Timestamp) -> Reason {
    let task = &seen.task;
    let last = seen.attempts.last();
    let last = last.filter(|row| row.attempt == task.attempt);
    match last.map(|row| (row, row.outcome.as_str())) {
        Some((row, "snoozed")) if is_newer(row) => newer(row, due_at),
        Some((row, "snoozed" | "retry_after")) => snoozed(row, due_at),
        _ if task.state == State::Retrying => cooldown(task, due_at),
        _ => Reason::new(
            "scheduled",
            format!("It is scheduled and not due before {due_at}."),
        )
        .fix("Wait, or run it now by hand."),
    }
}

fn snoozed(row: &AttemptInfo, due_at: Timestamp) -> Reason {
    let text = format!(
        "Attempt {} asked to go on later, and it is not due before {due_at}{}",
        row.attempt,
        said(row.error_message.as_deref()),
    );
    Reason::new("snoozed", text).fix("Wait, or run it now by hand.")
}

fn is_newer(row: &AttemptInfo) -> bool {
    row.error_message
        .as_deref()
        .is_some_and(text::tells_of_newer_payload)
}

fn newer(row: &AttemptInfo, due_at: Timestamp) -> Reason {
    let text = format!(
        "Worker {} could not read it and put it off until {due_at}{}",
        row.worker,
        said(row.error_message.as_deref()),
    );
    Reason::new("payload_newer_than_workers", text)
        .fix("Start workers of the program that submitted it.")
}

fn cooldown(task: &TaskInfo, due_at: Timestamp) -> Reason {
    let text = format!(
        "It is tried again at {due_at}, after {} of {} allowed; the last one{} {}{}",
        failed_runs(task.retries),
        task.max_retries,
        begun(task.last_run_at),
        how(task.error_kind.as_deref()),
        said(task.error_message.as_deref()),
    );
    Reason::new("cooldown", text).fix("Wait, or run it now by hand.")
}

fn queued(seen: &Seen, due_at: Timestamp) -> Reason {
    let name = &seen.task.task_name;
    let ahead = match seen.ahead {
        0 => {
            format!("no due task of `{name}` is ahead of it, so that the next free worker takes it")
        }
        1 => format!("1 due task of `{name}` is ahead of it"),
        many if many > AHEAD_COUNTED_MAX => {
            format!("more than {AHEAD_COUNTED_MAX} due tasks of `{name}` are ahead of it")
        }
        many => format!("{many} due tasks of `{name}` are ahead of it"),
    };
    let reason = Reason::new(
        "queued_behind",
        format!("It is due since {due_at}; {ahead}."),
    );
    match seen.ahead {
        0 => reason,
        _ => reason.fix(format!(
            "Wait, start more workers for `{name}`, or give it a higher priority."
        )),
    }
}

/// Nobody is there who could take it. Where not all workers were read, nobody knows.
fn no_worker(seen: &Seen) -> Option<Reason> {
    let name = &seen.task.task_name;
    let mut know_it = seen
        .workers
        .iter()
        .filter(|worker| worker.task_names.contains(name));
    let all_read = i64::try_from(seen.workers.len()).is_ok_and(|read| read < LIST_OTHERS_MAX);
    let takes_more = |worker: &WorkerInfo| worker.alive && worker.draining_since.is_none();
    if !all_read || know_it.clone().any(takes_more) {
        return None;
    }
    let last = match know_it.next() {
        Some(worker) if worker.alive => {
            format!(": {} is being drained and takes no more", worker.worker)
        }
        Some(worker) => format!(
            ": {} did, and has not been heard of since {}",
            worker.worker, worker.beat_at
        ),
        None => String::new(),
    };
    let text = format!("No worker that is alive and takes tasks runs `{name}`{last}.");
    let fix = format!("Start a worker with which `{name}` is registered.");
    Some(Reason::new("no_worker", text).fix(fix))
}

fn since(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!(" since {time}"))
}

/// ` (begun at TIME)`, if it is known.
fn begun(time: Option<Timestamp>) -> String {
    match at(time) {
        time if time.is_empty() => time,
        time => format!(" (begun{time})"),
    }
}
