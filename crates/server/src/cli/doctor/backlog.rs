//! Tasks whose worker has died, and that nobody has taken over.

use super::finding::{Check, Finding};
use crate::output::{count, elapsed};
use dutiful::{Client, Filter, State, Stats, TaskInfo, Timestamp};
use std::time::Duration;

/// Lost leases are taken over within seconds where a worker has slots free.
const LONG_AGO: Duration = Duration::from_secs(5 * 60);
/// Waiting tasks on a page, and most pages that are read.
const PAGE: usize = 200;
const PAGES_MAX: usize = 5;

/// Whether leases ran out long ago, among the newest tasks that wait. Those of a paused name are taken over later.
pub(super) async fn expired_leases(client: &Client, stats: &Stats) -> dutiful::Result<Finding> {
    let mut filter = Filter::new()
        .states(&[State::Queued, State::Retrying])
        .limit(PAGE);
    let mut expired = Vec::new();
    let is_paused = |task: &&TaskInfo| {
        let mut names = stats.names.iter();
        names.any(|name| name.paused && name.task_name == task.task_name)
    };
    let mut more = stats.names.iter().any(|name| name.queue_depth > 0);
    let mut pages = 0;
    while more && pages < PAGES_MAX {
        let page = client.list(&filter).await?;
        let overdue = page
            .tasks
            .iter()
            .filter(|task| !is_paused(task))
            .filter_map(|task| overdue(task, stats.now));
        expired.extend(overdue.filter(|for_long| *for_long > LONG_AGO));
        more = page.next.is_some();
        filter = match page.next {
            Some(next) => filter.after(next),
            None => filter,
        };
        pages += 1;
    }
    Ok(judge(&expired, more))
}

/// For how long the lease of a task has been over; `None` when no worker holds it.
fn overdue(task: &TaskInfo, now: Timestamp) -> Option<Duration> {
    task.worker.as_ref()?;
    Some(now.since(task.due_at?))
}

fn judge(expired: &[Duration], more: bool) -> Finding {
    let scope = if more {
        format!(
            " among the {} newest that wait",
            count((PAGE * PAGES_MAX) as u64)
        )
    } else {
        String::new()
    };
    match expired.iter().max() {
        None => Finding::ok(
            Check::Leases,
            format!("none ran out more than {} ago{scope}", elapsed(LONG_AGO)),
        ),
        Some(longest) => Finding::warn(
            Check::Leases,
            format!(
                "{} ran out and nobody took over{scope}; the first of them {} ago",
                count(expired.len() as u64),
                elapsed(*longest)
            ),
            "a worker that knows these names takes them over as soon as it has a slot free: see \
             whether one is alive and keeps up",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_lease_that_ran_out_long_ago_is_told_with_its_age() {
        assert_eq!(judge(&[], false).verdict, Verdict::Ok);
        assert!(judge(&[], true).found.contains("1,000 newest"));
        let finding = judge(&[LONG_AGO * 2, LONG_AGO * 3], false);
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.found.starts_with("2 ran out") && finding.found.contains("15m"));
    }
}
