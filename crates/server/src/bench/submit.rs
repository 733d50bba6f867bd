//! Submitting: one by one, 64 at once, 1,000 in a call.

use super::Bench;
use super::noop::{Noop, Numbered};
use crate::failure::Failure;
use dutiful::{Client, DedupScope};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::time::Instant;

/// How many submissions are under way at once.
const AT_ONCE: usize = 64;
/// How many tasks one call submits.
const IN_BULK: u64 = 1_000;
/// A tenth of the tasks goes one by one, at most this many: that would take minutes where a commit takes
/// milliseconds.
const ONE_BY_ONE_MAX: u64 = 5_000;

pub(super) async fn one_by_one(bench: &mut Bench) -> Result<(), Failure> {
    let tasks = (bench.tasks / 10).min(ONE_BY_ONE_MAX);
    bench.progress.begin("submitting one by one", tasks);
    let begun = Instant::now();
    for number in 0..tasks {
        bench.client.submit::<Noop>(bench.numbered(number)).await?;
        bench.progress.step(1);
    }
    let took = begun.elapsed();
    bench
        .report
        .rate("submit_one", "submit, one by one", tasks, took);
    Ok(())
}

pub(super) async fn at_once(bench: &mut Bench) -> Result<(), Failure> {
    let tasks = bench.tasks;
    bench.progress.begin("submitting 64 at once", tasks);
    let begun = Instant::now();
    submit_at_once(bench, 0, tasks).await?;
    let took = begun.elapsed();
    bench
        .report
        .rate("submit_at_once", "submit, 64 at once", tasks, took);
    Ok(())
}

/// Submits `tasks` tasks from the number `first` on, by callers that each wait for their own.
pub(super) async fn submit_at_once(bench: &Bench, first: u64, tasks: u64) -> Result<(), Failure> {
    let callers = (0..AT_ONCE as u64).map(|caller| {
        let (client, payload) = (bench.client.clone(), bench.numbered(0));
        let numbers = (first + caller..first + tasks).step_by(AT_ONCE);
        // Tasks of their own, so that the work of 64 callers spreads over the cores as in a server.
        tokio::spawn(async move { submit_each(&client, &payload, numbers).await })
    });
    stream::iter(callers)
        .buffer_unordered(AT_ONCE)
        .map(|joined| joined.map_err(join_failure)?)
        .try_for_each(|done| async move {
            bench.progress.step(done);
            Ok(())
        })
        .await
}

async fn submit_each(
    client: &Client,
    payload: &Numbered,
    numbers: impl Iterator<Item = u64>,
) -> Result<u64, Failure> {
    let mut done = 0;
    for number in numbers {
        let payload = Numbered {
            number,
            ..payload.clone()
        };
        client.submit::<Noop>(payload).await?;
        done += 1;
    }
    Ok(done)
}

fn join_failure(error: tokio::task::JoinError) -> Failure {
    Failure::from(std::io::Error::other(error))
}

pub(super) async fn in_bulk(bench: &mut Bench) -> Result<(), Failure> {
    let begun = Instant::now();
    fill(bench, None).await?;
    let took = begun.elapsed();
    let what = "submit, 1,000 in a call";
    bench.report.rate("submit_bulk", what, bench.tasks, took);
    Ok(())
}

pub(super) async fn in_bulk_without_dedup(bench: &mut Bench) -> Result<(), Failure> {
    let begun = Instant::now();
    fill(bench, Some(DedupScope::None)).await?;
    let took = begun.elapsed();
    let what = "submit, 1,000 in a call, no dedup";
    let id = "submit_bulk_without_dedup";
    bench.report.rate(id, what, bench.tasks, took);
    Ok(())
}

/// Submits all tasks in bulk, with another dedup scope than the usual one where one is given.
pub(super) async fn fill(bench: &Bench, scope: Option<DedupScope>) -> Result<(), Failure> {
    bench
        .progress
        .begin("submitting 1,000 in a call", bench.tasks);
    let mut start = 0;
    while start < bench.tasks {
        let end = (start + IN_BULK).min(bench.tasks);
        let payloads = (start..end).map(|number| bench.numbered(number));
        let mut call = bench.client.submit_many::<Noop>(payloads);
        if let Some(scope) = scope {
            call = call.dedup(scope);
        }
        call.await?;
        bench.progress.step(end - start);
        start = end;
    }
    Ok(())
}

impl Bench {
    /// The payload of one task.
    pub(super) fn numbered(&self, number: u64) -> Numbered {
        Numbered {
            number,
            filler: self.payload.clone(),
        }
    }
}
