//! Draining: one worker in this process runs everything that was submitted.

use super::Bench;
use super::noop::{Noop, Ran};
use super::submit;
use crate::failure::{Exit, Failure};
use crate::output::Progress;
use dutiful::{Client, State, Worker};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A worker that runs nothing for so long will not go on.
const STALL_MAX: Duration = Duration::from_secs(60);

/// Measures from the first handler's start to the last stored outcome: when the worker has shut down,
/// everything is settled.
pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    let before = succeeded(&bench.client).await?;
    submit::fill(bench, None).await?;
    let (tasks, progress) = (bench.tasks, &bench.progress);
    progress.begin("draining", tasks);
    let ran = Arc::new(Ran::default());
    let noop = Noop {
        ran: Arc::clone(&ran),
        goal: tasks,
    };
    let worker = Worker::new(bench.client.clone())
        .register(noop)
        .start()
        .await?;
    let drained = until_drained(&ran, progress).await;
    worker.shutdown().await;
    let ended = Instant::now();
    drained?;
    check(succeeded(&bench.client).await? - before, tasks)?;
    let begun = ran.first().unwrap_or(ended);
    let what = "drain, no-op, results stored";
    bench.report.rate("drain", what, tasks, ended - begun);
    Ok(())
}

/// Waits until as many have run as `ran` is to reach.
pub(super) async fn until_drained(ran: &Ran, progress: &Progress) -> Result<(), Failure> {
    let (mut seen, mut since) = (0, Instant::now());
    loop {
        tokio::select! {
            () = ran.reached() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let count = ran.count();
        progress.set(count, "draining".to_owned());
        if count > seen {
            (seen, since) = (count, Instant::now());
        } else if since.elapsed() > STALL_MAX {
            let cause = format!("the worker stopped after {count} tasks");
            return Err(Failure::new(Exit::Failure, "bench_incomplete", cause));
        }
    }
}

async fn succeeded(client: &Client) -> Result<u64, Failure> {
    let stats = client.stats().await?;
    let counts = stats.names.iter().map(|name| &name.counts);
    Ok(counts
        .filter_map(|counts| counts.get(&State::Succeeded))
        .sum())
}

/// A figure counts only when every task has succeeded.
fn check(succeeded: u64, tasks: u64) -> Result<(), Failure> {
    if succeeded == tasks {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failure,
        "bench_incomplete",
        format!("{succeeded} of {tasks} tasks have succeeded"),
    ))
}
