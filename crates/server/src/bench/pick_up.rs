//! Pick-up: how soon an idle worker starts a task that was just submitted, in this process or in another.

use super::Bench;
use super::child::Child;
use super::noop::Numbered;
use super::scratch::PREFIX;
use super::worker::Names;
use crate::failure::{Exit, Failure};
use dutiful::{Client, Context, Task, TaskError, Worker};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

const SAMPLES: u64 = 300;
/// Between two submissions the worker becomes idle again.
const PAUSE: Duration = Duration::from_millis(15);
/// A worker that has not started a task by then never will.
const PICK_UP_MAX: Duration = Duration::from_secs(30);

/// Tells when it was started, by the clock that all processes of a machine share.
#[derive(Debug)]
pub(super) struct Pinged {
    pub(super) started: mpsc::UnboundedSender<SystemTime>,
}

impl Task for Pinged {
    type Payload = Numbered;
    type Output = ();

    async fn process(&self, _payload: Numbered, _cx: &Context) -> Result<(), TaskError> {
        self.started.send(SystemTime::now())?;
        Ok(())
    }

    fn name() -> &'static str {
        "BenchPickUp"
    }
}

/// Whoever tells when tasks were started.
enum Starts {
    Here(mpsc::UnboundedReceiver<SystemTime>),
    Elsewhere(Child),
}

impl Starts {
    async fn next(&mut self) -> Option<SystemTime> {
        match self {
            Starts::Here(starts) => starts.recv().await,
            Starts::Elsewhere(worker) => worker.started().await,
        }
    }
}

/// By a worker of this process.
pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    let (started, starts) = mpsc::unbounded_channel();
    let worker = Worker::new(bench.client.clone())
        .register(Pinged { started })
        .start()
        .await?;
    let samples = sample(bench, &bench.client, Starts::Here(starts)).await;
    worker.shutdown().await;
    bench
        .report
        .waits("pick_up", "pick-up by an idle worker", samples?);
    Ok(())
}

/// By a worker process.
pub(super) async fn measure_process(bench: &mut Bench) -> Result<(), Failure> {
    let worker = Child::start(&bench.database_url, Names::PickUp).await?;
    // A client that has not learned whom to tell from what was measured before.
    let client = Client::builder(&bench.database_url)
        .table_prefix(PREFIX)
        .connect()
        .await?;
    let samples = sample(bench, &client, Starts::Elsewhere(worker)).await?;
    let what = "pick-up by an idle worker process";
    bench.report.waits("pick_up_process", what, samples);
    Ok(())
}

async fn sample(
    bench: &Bench,
    client: &Client,
    mut starts: Starts,
) -> Result<Vec<Duration>, Failure> {
    bench.progress.begin("waiting to be picked up", SAMPLES);
    let mut samples = Vec::new();
    // The first one finds the worker still starting and is not counted.
    for number in 0..=SAMPLES {
        tokio::time::sleep(PAUSE).await;
        client.submit::<Pinged>(bench.numbered(number)).await?;
        let stored = SystemTime::now();
        let start = tokio::time::timeout(PICK_UP_MAX, starts.next()).await;
        let Ok(Some(start)) = start else {
            return Err(never_started());
        };
        if number > 0 {
            // A task may start before its submitter hears that it is stored: that is no wait.
            samples.push(start.duration_since(stored).unwrap_or_default());
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
