//! Waiting until everything has ended, with progress.

use super::verdict::{Expectation, Expected};
use crate::failure::Failure;
use crate::output::{Output, Progress};
use dutiful::{Client, Filter, State, TaskId};
use std::time::{Duration, Instant};

/// The demo's own work ends long before.
pub(super) const LIMIT: Duration = Duration::from_secs(15);
/// More time for each document of the user's.
pub(super) const LIMIT_PER_DOCUMENT: Duration = Duration::from_secs(2);
/// How many ticks are waited for.
pub(super) const TICKS: usize = 2;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Returns when every task has ended or the limit is over; what is not done then, the verdicts tell.
pub(super) async fn until_ended(
    client: &Client,
    expected: &[Expectation],
    limit: Duration,
    output: Output,
) -> Result<(), Failure> {
    let mut open: Vec<TaskId> = expected
        .iter()
        .flat_map(|one| one.ids.iter().copied())
        .collect();
    let ticks_wanted = if expected
        .iter()
        .any(|one| matches!(one.expected, Expected::Ticks))
    {
        TICKS
    } else {
        0
    };
    let all = open.len() + ticks_wanted;
    output.note(&format!(
        "{} tasks submitted; {TICKS} more will come by schedule",
        open.len()
    ));
    let progress = Progress::new(output, all as u64);
    let begun = Instant::now();
    loop {
        let mut still_open = Vec::new();
        for id in open {
            if !client.get(id).await?.state.is_ended() {
                still_open.push(id);
            }
        }
        open = still_open;
        let ticks = ticks(client).await?.min(ticks_wanted);
        let left = open.len() + ticks_wanted - ticks;
        progress.set((all - left) as u64, format!("{left} still to end"));
        if left == 0 || begun.elapsed() >= limit {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How many ticks have succeeded.
async fn ticks(client: &Client) -> Result<usize, Failure> {
    let filter = Filter::new()
        .task_name(super::tick_name())
        .state(State::Succeeded);
    Ok(client.list(&filter).await?.tasks.len())
}
