//! Waiting under load: tasks arrive by the clock, whether or not the ones before have been taken.
//!
//! First 64 callers submit as fast as they can while a worker runs what comes in: what is kept up with is
//! the maximum. Then tasks arrive at a share of it, and each wait counts from the moment at which the task
//! was to arrive, so that a stall shows in every task that it held up.

use super::Bench;
use super::drain::until_drained;
use super::noop::{Noop, Numbered, Ran};
use super::submit::submit_at_once;
use crate::failure::{Exit, Failure};
use dutiful::{Context, Task, TaskError, Worker};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shares of the maximum, in percent.
const SHARES: [u64; 3] = [25, 50, 80];
/// How long each share is kept up.
const LASTS: Duration = Duration::from_secs(5);
/// At most this many tasks are measured at one share, and at most as many as are submitted in all.
const ARRIVALS_MAX: u64 = 200_000;
/// Arrivals are handed out in steps of this.
const TICK: Duration = Duration::from_millis(1);
/// More submissions under way at once than this mean that the share cannot be kept up.
const UNDER_WAY_MAX: u64 = 20_000;
const LAST_TASK_MAX: Duration = Duration::from_secs(60);

/// Tells how long after its arrival it was started.
#[derive(Debug)]
struct Timed {
    base: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Task for Timed {
    type Payload = Numbered;
    type Output = ();

    async fn process(&self, payload: Numbered, _cx: &Context) -> Result<(), TaskError> {
        let arrival = self.base + Duration::from_nanos(payload.number);
        let wait = Instant::now().saturating_duration_since(arrival);
        self.waits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(wait);
        Ok(())
    }

    fn name() -> &'static str {
        "BenchTimed"
    }
}

pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    let maximum = maximum(bench).await?;
    for share in SHARES {
        let rate = (maximum * share / 100).max(1);
        let waits = at_rate(bench, rate).await?;
        let what = format!("wait at {share} % load ({rate}/s)");
        bench.report.waits(&format!("load_{share}"), &what, waits);
    }
    Ok(())
}

/// How many tasks a second are submitted one by one and run at the same time.
async fn maximum(bench: &mut Bench) -> Result<u64, Failure> {
    let tasks = bench.tasks;
    bench.progress.begin("submitting and running", tasks);
    let ran = Arc::new(Ran::default());
    let noop = Noop {
        ran: Arc::clone(&ran),
        goal: tasks,
    };
    let worker = Worker::new(bench.client.clone())
        .register(noop)
        .start()
        .await?;
    let begun = Instant::now();
    let submitted = submit_at_once(bench, 0, tasks).await;
    let drained = match &submitted {
        Ok(()) => until_drained(&ran, &bench.progress, tasks).await,
        Err(_) => Ok(()),
    };
    let took = begun.elapsed();
    worker.shutdown().await;
    submitted?;
    drained?;
    let what = "submit 64 at once and run";
    bench.report.rate("submit_and_run", what, tasks, took);
    Ok((tasks as f64 / took.as_secs_f64().max(f64::EPSILON)) as u64)
}

/// The waits of tasks that arrive evenly, so many a second.
async fn at_rate(bench: &Bench, rate: u64) -> Result<Vec<Duration>, Failure> {
    let arrivals = (rate * LASTS.as_secs()).min(ARRIVALS_MAX).min(bench.tasks);
    bench.progress.begin("arriving by the clock", arrivals);
    let waits = Arc::new(Mutex::new(Vec::new()));
    let base = Instant::now();
    let timed = Timed {
        base,
        waits: Arc::clone(&waits),
    };
    let worker = Worker::new(bench.client.clone())
        .register(timed)
        .start()
        .await?;
    let arrived = arrive(bench, base, rate, arrivals, &waits).await;
    worker.shutdown().await;
    arrived?;
    Ok(std::mem::take(
        &mut *waits.lock().unwrap_or_else(PoisonError::into_inner),
    ))
}

async fn arrive(
    bench: &Bench,
    base: Instant,
    rate: u64,
    arrivals: u64,
    waits: &Mutex<Vec<Duration>>,
) -> Result<(), Failure> {
    let started = || waits.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
    // The worker's first look is no part of it.
    let first = base.elapsed() + Duration::from_millis(300);
    let mut tick = tokio::time::interval(TICK);
    let mut submissions = tokio::task::JoinSet::new();
    let mut next = 0;
    while next < arrivals {
        tick.tick().await;
        let now = base.elapsed();
        while next < arrivals {
            let at = first + Duration::from_nanos(next * 1_000_000_000 / rate);
            if at > now {
                break;
            }
            let (client, payload) = (bench.client.clone(), at_arrival(bench, at));
            submissions.spawn(async move { client.submit::<Timed>(payload).await });
            next += 1;
        }
        bench.progress.set(next, "arriving by the clock".to_owned());
        while let Some(joined) = submissions.try_join_next() {
            joined.map_err(|error| Failure::from(std::io::Error::other(error)))??;
        }
        if submissions.len() as u64 > UNDER_WAY_MAX {
            return Err(behind(rate));
        }
    }
    while let Some(joined) = submissions.join_next().await {
        joined.map_err(|error| Failure::from(std::io::Error::other(error)))??;
    }
    let until = Instant::now() + LAST_TASK_MAX;
    while started() < arrivals {
        if Instant::now() > until {
            return Err(behind(rate));
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

fn at_arrival(bench: &Bench, at: Duration) -> Numbered {
    bench.numbered(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX))
}

fn behind(rate: u64) -> Failure {
    let cause = format!("{rate} tasks a second are not kept up with");
    Failure::new(Exit::Failure, "bench_incomplete", cause)
}
