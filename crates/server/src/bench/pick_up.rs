//! Pick-up: how soon an idle worker in this process starts a task that was just submitted.

use super::noop::Numbered;
use super::report::Report;
use crate::failure::{Exit, Failure};
use crate::output::Progress;
use dutiful::{Client, Context, Task, TaskError, Worker};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const SAMPLES: u64 = 300;
/// Between two submissions the worker becomes idle again.
const PAUSE: Duration = Duration::from_millis(15);
/// A worker that has not started a task by then never will.
const PICK_UP_MAX: Duration = Duration::from_secs(30);

/// Tells when it was started.
#[derive(Debug)]
struct Pinged {
    started: mpsc::UnboundedSender<Instant>,
}

impl Task for Pinged {
    type Payload = Numbered;
    type Output = Numbered;

    async fn process(&self, payload: Numbered, _cx: &Context) -> Result<Numbered, TaskError> {
        self.started.send(Instant::now())?;
        Ok(payload)
    }

    fn name() -> &'static str {
        "BenchPickUp"
    }
}

pub(super) async fn measure(
    client: &Client,
    progress: &Progress,
    report: &mut Report,
) -> Result<(), Failure> {
    progress.begin("waiting to be picked up", SAMPLES);
    let (started, mut starts) = mpsc::unbounded_channel();
    let worker = Worker::new(client.clone())
        .register(Pinged { started })
        .start()
        .await?;
    let samples = sample(client, progress, &mut starts).await;
    worker.shutdown().await;
    report.latency("pick-up by an idle worker", samples?);
    Ok(())
}

async fn sample(
    client: &Client,
    progress: &Progress,
    starts: &mut mpsc::UnboundedReceiver<Instant>,
) -> Result<Vec<Duration>, Failure> {
    let mut samples = Vec::new();
    // The first one finds the worker still starting and is not counted.
    for number in 0..=SAMPLES {
        tokio::time::sleep(PAUSE).await;
        client.submit::<Pinged>(Numbered { number }).await?;
        let stored = Instant::now();
        let start = tokio::time::timeout(PICK_UP_MAX, starts.recv()).await;
        let Ok(Some(start)) = start else {
            return Err(never_started());
        };
        if number > 0 {
            // A task may start before its submitter hears that it is stored: that is no wait.
            samples.push(start.saturating_duration_since(stored));
            progress.step(1);
        }
    }
    Ok(samples)
}

fn never_started() -> Failure {
    Failure::new(
        Exit::Failure,
        "bench_incomplete",
        format!("an idle worker did not start a task within {PICK_UP_MAX:?}"),
    )
}
