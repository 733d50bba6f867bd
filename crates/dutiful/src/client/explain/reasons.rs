//! From what was seen to the reasons: pure, so that every case can be tried without a database.

use super::reason::Reason;
use super::{earlier, waiting};
use crate::client::inspect::{AttemptInfo, TaskInfo, WorkerInfo};
use crate::client::pause::PausedName;
use crate::store::joins::Open;
use dutiful_core::limits::EXPLAINED_ATTEMPTS_MAX;
use dutiful_core::{ErrorKind, State, Timestamp};

/// Everything that an explanation goes by.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) task: TaskInfo,
    /// The database's time at the reading.
    pub(super) now: Timestamp,
    /// What in the row means nothing to this program.
    pub(super) unreadable: Option<String>,
    /// Oldest first.
    pub(super) attempts: Vec<AttemptInfo>,
    /// Due tasks that come before it, up to one more than are counted.
    pub(super) ahead: i64,
    /// Its items, if it is held until they have ended.
    pub(super) waits_for: Option<WaitsFor>,
    /// Read only when it waits for one of them.
    pub(super) workers: Vec<WorkerInfo>,
    /// Whether its name is paused; read only when it has not ended.
    pub(super) paused: Option<PausedName>,
}

/// What a held task waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitsFor {
    pub(super) items: i64,
    /// The first that has not ended.
    pub(super) open: Option<Open>,
}

/// The reasons, what matters most first.
pub(super) fn reasons(seen: &Seen) -> Vec<Reason> {
    let mut reasons = match &seen.unreadable {
        Some(why) => vec![unreadable(why)],
        None if seen.task.state.is_ended() => vec![ended(seen)],
        None => waiting::reasons(seen),
    };
    reasons.extend(earlier::reasons(seen));
    reasons
}

fn unreadable(why: &str) -> Reason {
    let text = format!("No worker can run it, because its row cannot be read: {why}.");
    Reason::new("undecodable_row", text)
        .fix("Correct the column by SQL, or let a newer program run it if one has written it.")
}

/// Why it will not run any more.
fn ended(seen: &Seen) -> Reason {
    let task = &seen.task;
    let at = at(task.finished_at);
    let said = said(task.error_message.as_deref());
    match task.state {
        State::Succeeded => Reason::new(
            "succeeded",
            format!("It succeeded{at}, which is final: a task runs no more after its success."),
        )
        .fix("Duplicate it, or submit it again, to have the work done once more."),
        State::Invalid => Reason::new(
            "invalid",
            format!("It ended{at} because its payload is not what `{}` takes{said}", task.task_name),
        )
        .fix("Submit it again with a payload that fits; retry it by hand if the program was at fault."),
        State::Discarded => Reason::new(
            "discarded",
            format!("Its handler asked to drop it{at}{said}"),
        )
        .fix("Retry it by hand if it shall run all the same."),
        State::Cancelled => Reason::new("cancelled", format!("An operator cancelled it{at}."))
            .fix("Retry it by hand if it shall run after all."),
        State::Quarantined => quarantined(seen, &at, &said),
        _ => Reason::new(
            "exhausted",
            format!(
                "It ended{at} after {} of {} allowed; the last one {}{said}",
                failed_runs(task.retries),
                task.max_retries,
                how(task.error_kind.as_deref()),
            ),
        )
        .fix("Remove the cause, then retry it by hand, which allows one more run."),
    }
}

fn quarantined(seen: &Seen, at: &str, said: &str) -> Reason {
    let task = &seen.task;
    if task.error_kind.as_deref() == Some(ErrorKind::Undecodable.as_str()) {
        let text = format!("A worker set it aside{at}, because it could not read its row{said}");
        return Reason::new("undecodable_row", text)
            .fix("Correct the column by SQL, then retry it by hand.");
    }
    let lost = seen
        .attempts
        .iter()
        .rev()
        .filter(|row| row.outcome == LEASE_LOST);
    let newest = lost.take(EXPLAINED_ATTEMPTS_MAX);
    let mut workers: Vec<&str> = newest.map(|row| row.worker.as_str()).collect();
    workers.reverse();
    let by = match workers.is_empty() {
        true => said.to_owned(),
        false => format!(": {}.", workers.join(", ")),
    };
    let text = format!(
        "It was set aside{at}, because its workers died or lost touch while they held it, {} times{by}",
        task.crashes
    );
    Reason::new("quarantined", text)
        .fix("Find out whether it is what kills them; then retry it by hand, or cancel its like.")
}

pub(super) const LEASE_LOST: &str = "lease_lost";

/// `1 failed run`, `2 failed runs`.
pub(super) fn failed_runs(count: i64) -> String {
    match count {
        1 => "1 failed run".to_owned(),
        count => format!("{count} failed runs"),
    }
}

/// How a run ended, by the stored kind of its error.
pub(super) fn how(error_kind: Option<&str>) -> &str {
    match error_kind {
        None | Some("failed") => "failed",
        Some("timed_out") => "timed out",
        Some("panicked") => "panicked",
        Some("lease_lost") => "lost its lease",
        Some(other) => other,
    }
}

/// ` at TIME`, if it is known.
pub(super) fn at(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!(" at {time}"))
}

/// The end of a sentence, with what an error said.
pub(super) fn said(message: Option<&str>) -> String {
    match message {
        None | Some("") => ".".to_owned(),
        Some(message) => format!(": {}", message.trim_end_matches('.').to_owned() + "."),
    }
}
