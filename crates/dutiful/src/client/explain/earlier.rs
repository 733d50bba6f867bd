//! Why a task ran more than once: what became of each earlier attempt.

use super::reason::Reason;
use super::reasons::{LEASE_LOST, Seen, said};
use crate::client::inspect::AttemptInfo;
use dutiful_core::limits::EXPLAINED_ATTEMPTS_MAX;

/// One reason for each attempt before the last one, oldest first; of many, the newest.
pub(super) fn reasons(seen: &Seen) -> Vec<Reason> {
    let is_earlier = |row: &&AttemptInfo| row.attempt < seen.task.attempt;
    let earlier: Vec<&AttemptInfo> = seen.attempts.iter().filter(is_earlier).collect();
    let left_out = earlier.len().saturating_sub(EXPLAINED_ATTEMPTS_MAX);
    let mut reasons = Vec::new();
    if left_out > 0 {
        let text = format!("{left_out} earlier attempts are not told of here.");
        reasons.push(Reason::new(CODE, text).fix("Read its list of attempts."));
    }
    reasons.extend(earlier.iter().skip(left_out).map(|row| reason(row)));
    reasons
}

const CODE: &str = "ran_again";

fn reason(row: &AttemptInfo) -> Reason {
    let (attempt, worker) = (row.attempt, &row.worker);
    let said = said(row.error_message.as_deref());
    let on = format!("Attempt {attempt} on worker {worker}");
    match row.outcome.as_str() {
        LEASE_LOST => Reason::new(
            CODE,
            format!(
                "{on} was lost: the worker did not renew its lease, so that it was taken over at {}.",
                row.ended_at
            ),
        )
        .fix(format!(
            "See whether worker {worker} died, stood still or lost its link to the database."
        )),
        "released" => Reason::new(
            CODE,
            format!("{on} was given back unfinished, because the worker stopped or could not go on with it."),
        ),
        "snoozed" => Reason::new(CODE, format!("{on} asked to go on later{said}")),
        "retry_after" => Reason::new(CODE, format!("{on} asked to be tried again later{said}")),
        "cancelled" => Reason::new(
            CODE,
            format!("{on} was cancelled by an operator, and the task was retried by hand."),
        ),
        "invalid" | "undecodable" | "discarded" => Reason::new(
            CODE,
            format!("{on} ended as {}, and the task was retried by hand{said}", row.outcome),
        ),
        "timed_out" => Reason::new(CODE, format!("{on} timed out{said}")),
        outcome => Reason::new(CODE, format!("{on} {outcome}{said}")),
    }
}
