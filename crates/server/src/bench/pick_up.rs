//! Pick-up: how soon an idle worker in this process starts a task that was just submitted.

use super::Bench;
use super::noop::Numbered;
use crate::failure::{Exit, Failure};
use dutiful::{Context, Task, TaskError, Worker};
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
    type Output = ();

    async fn process(&self, _payload: Numbered, _cx: &Context) -> Result<(), TaskError> {
        self.started.send(Instant::now())?;
        Ok(())
    }

    fn name() -> &'static str {
        "BenchPickUp"
    }
}

pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    bench.progress.begin("waiting to be picked up", SAMPLES);
    let (started, mut starts) = mpsc::unbounded_channel();
    let worker = Worker::new(bench.client.clone())
        .register(Pinged { started })
        .start()
        .await?;
    let samples = sample(bench, &mut starts).await;
    worker.shutdown().await;
    bench
        .report
        .waits("pick_up", "pick-up by an idle worker", samples?);
    Ok(())
}

async fn sample(
    bench: &Bench,
    starts: &mut mpsc::UnboundedReceiver<Instant>,
) -> Result<Vec<Duration>, Failure> {
    let mut samples = Vec::new();
    // The first one finds the worker still starting and is not counted.
    for number in 0..=SAMPLES {
        tokio::time::sleep(PAUSE).await;
        bench
            .client
            .submit::<Pinged>(bench.numbered(number))
            .await?;
        let stored = Instant::now();
        let start = tokio::time::timeout(PICK_UP_MAX, starts.recv()).await;
        let Ok(Some(start)) = start else {
            return Err(never_started());
        };
        if number > 0 {
            // A task may start before its submitter hears that it is stored: that is no wait.
            samples.push(start.saturating_duration_since(stored));
            bench.progress.step(1);
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
