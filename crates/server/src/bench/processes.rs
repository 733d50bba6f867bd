//! Draining by worker processes: four against one, on tasks that all come due at once.

use super::Bench;
use super::child::Child;
use super::drain::{Watch, check, unsettled};
use super::noop::{Noop, Number, Numbered};
use super::scratch::Scratch;
use super::worker::{Names, Told};
use crate::failure::{Exit, Failure};
use dutiful::{Context, Task, TaskError};
use std::time::{Duration, Instant, SystemTime};

/// How many processes drain.
const COUNTS: [usize; 2] = [1, 4];
/// How many tasks one call submits.
const IN_BULK: u64 = 1_000;
/// Between two looks at what the workers have done.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What is left of the time until the tasks are due, when everything is submitted as quickly as the first
/// call tells: submitting becomes slower as the table grows.
const SLOWER_MAX: u32 = 3;
const LEAD_MIN: Duration = Duration::from_secs(2);

/// Submitted to learn how quick submitting is; no worker runs it.
#[derive(Debug)]
struct Trial;

impl Task for Trial {
    type Payload = Numbered;
    type Output = Number;

    async fn process(&self, _payload: Numbered, _cx: &Context) -> Result<Number, TaskError> {
        Err(TaskError::discard("nothing runs this"))
    }

    fn name() -> &'static str {
        "BenchTrial"
    }
}

/// When everything comes due, by the database's clock and by ours.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: SystemTime,
    begins: Instant,
}

pub(super) async fn measure(bench: &mut Bench, scratch: &Scratch) -> Result<(), Failure> {
    let mut told = Vec::new();
    for count in COUNTS {
        scratch.clear().await?;
        told.extend(drain(bench, count).await?);
    }
    let memory = told.iter().filter_map(|told| told.usage.peak_memory_mib);
    if let Some(mib) = memory.reduce(f64::max) {
        let what = "peak memory of a worker process";
        bench.report.mebibytes("worker_memory", what, mib);
    }
    Ok(())
}

/// Drains by so many processes; what each of them tells at the end.
async fn drain(bench: &mut Bench, count: usize) -> Result<Vec<Told>, Failure> {
    let before = unsettled(&bench.client, Some(Noop::name())).await?;
    let mut workers = Vec::new();
    for _ in 0..count {
        workers.push(Child::start(&bench.database_url, Names::One).await?);
    }
    let start = submit(bench).await?;
    tokio::time::sleep_until(start.begins.into()).await;
    let told = until_settled(bench, &mut workers).await?;
    let took = start.begins.elapsed();
    drop(workers);
    check(unsettled(&bench.client, Some(Noop::name())).await?, before)?;
    let (id, what) = match count {
        1 => ("drain_1_process", "drain by a process of its own"),
        _ => ("drain_4_processes", "drain by 4 processes"),
    };
    bench.report.rate(id, what, bench.tasks, took);
    Ok(told)
}

/// Submits all tasks for a moment at which that is certain to be done.
async fn submit(bench: &Bench) -> Result<Start, Failure> {
    let progress = &bench.progress;
    progress.begin("submitting for later", bench.tasks);
    let start = plan(bench).await?;
    let mut first = 0;
    while first < bench.tasks {
        let end = (first + IN_BULK).min(bench.tasks);
        let payloads = (first..end).map(|number| bench.numbered(number));
        let call = bench.client.submit_many::<Noop>(payloads);
        call.at(start.at).await?;
        progress.step(end - first);
        first = end;
    }
    if Instant::now() > start.begins {
        let cause = "the tasks came due before all were submitted";
        return Err(Failure::new(Exit::Failure, "bench_incomplete", cause));
    }
    Ok(start)
}

/// Times one call, and leaves several times as long for all of them.
async fn plan(bench: &Bench) -> Result<Start, Failure> {
    let payloads = (0..IN_BULK).map(|number| bench.numbered(number));
    let begun = Instant::now();
    bench.client.submit_many::<Trial>(payloads).await?;
    let calls = u32::try_from(bench.tasks.div_ceil(IN_BULK)).unwrap_or(u32::MAX);
    let lead = LEAD_MIN + begun.elapsed() * calls * SLOWER_MAX;
    let now = bench.client.stats().await?.now;
    Ok(Start {
        at: now.saturating_add(lead).to_system_time(),
        begins: Instant::now() + lead,
    })
}

/// Waits until the workers have settled everything between them.
async fn until_settled(bench: &Bench, workers: &mut [Child]) -> Result<Vec<Told>, Failure> {
    let mut watch = Watch::begin(&bench.progress, "draining by processes", bench.tasks);
    loop {
        let mut told = Vec::new();
        for worker in workers.iter_mut() {
            told.push(worker.ask().await?);
        }
        let settled = told.iter().map(|told| told.succeeded).sum();
        if settled >= bench.tasks {
            return Ok(told);
        }
        watch.look(settled)?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
