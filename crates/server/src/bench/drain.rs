//! Draining: one worker in this process runs everything that was submitted.

use super::Bench;
use super::names;
use super::noop::{Noop, Ran};
use super::submit;
use crate::failure::{Exit, Failure};
use crate::output::Progress;
use dutiful::{Client, Filter, State, Status, Task, Worker};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A worker that runs nothing for so long will not go on.
const STALL_MAX: Duration = Duration::from_secs(60);

/// Measures from the first handler's start to the last stored outcome: when the worker has shut down,
/// everything is settled.
pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    let before = unsettled(&bench.client, Some(Noop::name())).await?;
    submit::fill(bench, None).await?;
    let ran = Arc::new(Ran::default());
    let noop = Noop {
        ran: Arc::clone(&ran),
        goal: bench.tasks,
    };
    let worker = Worker::new(bench.client.clone()).register(noop);
    let took = time(bench, worker, &ran).await?;
    check(unsettled(&bench.client, Some(Noop::name())).await?, before)?;
    let what = "drain, no-op, results stored";
    bench.report.rate("drain", what, bench.tasks, took);
    Ok(())
}

/// The same with the tasks spread over a hundred names, all of which the worker knows.
pub(super) async fn measure_names(bench: &mut Bench) -> Result<(), Failure> {
    let before = unsettled(&bench.client, None).await?;
    let (tasks, progress) = (bench.tasks, &bench.progress);
    progress.begin("submitting to 100 names", tasks);
    let payload = |number| bench.numbered(number);
    names::fill(&bench.client, tasks, payload, |done| progress.step(done)).await?;
    let ran = Arc::new(Ran::default());
    let worker = names::register(Worker::new(bench.client.clone()), &ran, tasks);
    let took = time(bench, worker, &ran).await?;
    check(unsettled(&bench.client, None).await?, before)?;
    let what = "drain, 100 task names";
    bench.report.rate("drain_100_names", what, tasks, took);
    Ok(())
}

/// How long a worker takes from its first handler's start until it has settled everything.
async fn time(bench: &Bench, worker: Worker, ran: &Ran) -> Result<Duration, Failure> {
    let worker = worker.start().await?;
    let drained = until_drained(ran, &bench.progress, bench.tasks).await;
    worker.shutdown().await;
    let ended = Instant::now();
    drained?;
    Ok(ended - ran.first().unwrap_or(ended))
}

/// Waits until as many have run as `ran` is to reach.
pub(super) async fn until_drained(
    ran: &Ran,
    progress: &Progress,
    tasks: u64,
) -> Result<(), Failure> {
    let mut watch = Watch::begin(progress, "draining", tasks);
    loop {
        tokio::select! {
            () = ran.reached() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        watch.look(ran.count())?;
    }
}

/// Shows how far a drain is, and notices when it does not go on.
pub(super) struct Watch<'a> {
    progress: &'a Progress,
    what: &'static str,
    seen: u64,
    since: Instant,
}

impl<'a> Watch<'a> {
    pub(super) fn begin(progress: &'a Progress, what: &'static str, tasks: u64) -> Watch<'a> {
        progress.begin(what, tasks);
        Watch {
            progress,
            what,
            seen: 0,
            since: Instant::now(),
        }
    }

    pub(super) fn look(&mut self, count: u64) -> Result<(), Failure> {
        self.progress.set(count, self.what.to_owned());
        if count > self.seen {
            (self.seen, self.since) = (count, Instant::now());
        } else if self.since.elapsed() > STALL_MAX {
            let cause = format!("draining stopped after {count} tasks");
            return Err(Failure::new(Exit::Failure, "bench_incomplete", cause));
        }
        Ok(())
    }
}

/// How many tasks, of one name or of all, wait, run or have failed, as far as is counted.
pub(super) async fn unsettled(client: &Client, name: Option<&str>) -> Result<u64, Failure> {
    let filter = || match name {
        Some(name) => Filter::new().task_name(name),
        None => Filter::new(),
    };
    let live = [State::Scheduled, State::Queued, State::Running];
    let live = client.count(&filter().states(&live)).await?;
    let failed = client.count(&filter().status(Status::Error)).await?;
    Ok(live.count + failed.count)
}

/// A figure counts only when every task has succeeded: nothing more is left than before they were submitted.
pub(super) fn check(unsettled: u64, before: u64) -> Result<(), Failure> {
    if unsettled <= before {
        return Ok(());
    }
    let tasks = unsettled - before;
    Err(Failure::new(
        Exit::Failure,
        "bench_incomplete",
        format!("{tasks} tasks have not succeeded"),
    ))
}
