//! What a worker costs that has nothing to do.

use super::Bench;
use super::child::Child;
use super::worker::Names;
use crate::failure::Failure;
use std::time::{Duration, Instant};

/// When a worker has just started it looks around more often.
const SETTLES_IN: Duration = Duration::from_secs(2);
const SECONDS: u64 = 20;

/// The processor time of a worker process with a hundred task names, as a share of one core.
pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    bench.progress.begin("doing nothing", SECONDS);
    let mut worker = Child::start(&bench.database_url, Names::Hundred).await?;
    tokio::time::sleep(SETTLES_IN).await;
    let (before, begun) = (worker.ask().await?, Instant::now());
    for _ in 0..SECONDS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.progress.step(1);
    }
    let (after, took) = (worker.ask().await?, begun.elapsed());
    let seconds = after
        .usage
        .processor_seconds
        .zip(before.usage.processor_seconds);
    if let Some((after, before)) = seconds {
        let percent = (after - before) / took.as_secs_f64() * 100.0;
        let what = "processor of an idle worker, 100 names";
        bench.report.percent("idle_cpu", what, percent);
    }
    Ok(())
}
