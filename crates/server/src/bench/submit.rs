//! Submitting: one by one, 64 at once, 1,000 in a call. Together they submit what is drained after.

use super::noop::{Noop, Numbered};
use super::report::Report;
use crate::failure::Failure;
use crate::output::Progress;
use dutiful::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::ops::Range;
use std::time::Instant;

/// How many submissions are under way at once.
const AT_ONCE: usize = 64;
/// How many tasks one call submits.
const IN_BULK: usize = 1_000;
/// At most this many are submitted one by one, and as many times `AT_ONCE_SHARE` at once: the slow ways
/// would take minutes where a commit takes milliseconds.
const ONE_BY_ONE_MAX: u64 = 2_000;
const AT_ONCE_SHARE: u64 = 4;

pub(super) async fn measure(
    client: &Client,
    progress: &Progress,
    tasks: u64,
    report: &mut Report,
) -> Result<(), Failure> {
    let single = (tasks / 20).min(ONE_BY_ONE_MAX);
    let shared = single * AT_ONCE_SHARE;
    let begun = Instant::now();
    one_by_one(client, progress, 0..single).await?;
    report.rate("submit, one by one", single, begun.elapsed());
    let begun = Instant::now();
    at_once(client, progress, single..single + shared).await?;
    report.rate("submit, 64 at once", shared, begun.elapsed());
    let begun = Instant::now();
    in_bulk(client, progress, single + shared..tasks).await?;
    report.rate(
        "submit, 1,000 in a call",
        tasks - single - shared,
        begun.elapsed(),
    );
    Ok(())
}

async fn one_by_one(
    client: &Client,
    progress: &Progress,
    range: Range<u64>,
) -> Result<(), Failure> {
    progress.begin("submitting one by one", range.end - range.start);
    for number in range {
        client.submit::<Noop>(Numbered { number }).await?;
        progress.step(1);
    }
    Ok(())
}

async fn at_once(client: &Client, progress: &Progress, range: Range<u64>) -> Result<(), Failure> {
    progress.begin("submitting 64 at once", range.end - range.start);
    let submissions = range.map(|number| {
        let client = client.clone();
        // Tasks of their own, so that the work of 64 callers spreads over the cores as in a server.
        tokio::spawn(async move { client.submit::<Noop>(Numbered { number }).await })
    });
    stream::iter(submissions)
        .buffer_unordered(AT_ONCE)
        .map(|joined| joined.map_err(join_failure)?.map_err(Failure::from))
        .try_for_each(|_| async {
            progress.step(1);
            Ok(())
        })
        .await
}

fn join_failure(error: tokio::task::JoinError) -> Failure {
    Failure::from(std::io::Error::other(error))
}

async fn in_bulk(client: &Client, progress: &Progress, range: Range<u64>) -> Result<(), Failure> {
    progress.begin("submitting 1,000 in a call", range.end - range.start);
    for start in range.clone().step_by(IN_BULK) {
        let end = (start + IN_BULK as u64).min(range.end);
        client
            .submit_many::<Noop>((start..end).map(|number| Numbered { number }))
            .await?;
        progress.step(end - start);
    }
    Ok(())
}
