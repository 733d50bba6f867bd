//! What this program is when a trial starts it as a process: a worker, one with a periodic, or one that
//! submits.
//!
//! Everything is said by the environment: `CRASH_ROLE`, `CRASH_URL`, `CRASH_AUDIT` (the file), `CRASH_LEASE`
//! and `CRASH_GRACE` (milliseconds), `CRASH_BATCH`, `CRASH_NAMES` (further task names, for idling).

use crate::audit::{Pen, What};
use dutiful::{Client, Context, Dedup, Missed, Overlap, Periodic, Task, TaskResult, Worker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The variable that says what to be.
pub(crate) const ROLE: &str = "CRASH_ROLE";
/// The time between two ticks of the periodic.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// How many submissions are under way at once.
const SUBMITTERS: u64 = 4;

/// The payload of the audited tasks: a number of the trial's own, and how long to work.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Work {
    pub(crate) n: u64,
    pub(crate) ms: u64,
}

/// Which run it was that settled a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunBy {
    pub(crate) attempt: i64,
    pub(crate) pid: u32,
}

/// Tells when it begins and ends, and takes its time in between.
pub(crate) struct AuditTask {
    pen: Arc<Pen>,
}

impl Task for AuditTask {
    type Payload = Work;
    type Output = RunBy;

    async fn process(&self, work: Work, cx: &Context) -> TaskResult<RunBy> {
        self.pen.write(What::Start, work.n, cx.attempt());
        tokio::time::sleep(Duration::from_millis(work.ms)).await;
        self.pen.write(What::End, work.n, cx.attempt());
        Ok(RunBy {
            attempt: cx.attempt(),
            pid: std::process::id(),
        })
    }

    fn dedup() -> Dedup<Work> {
        Dedup::none()
    }

    fn batch_size(&self) -> usize {
        number("CRASH_BATCH") as usize
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(number("CRASH_LEASE"))
    }
}

/// Takes its process with it.
pub(crate) struct AbortTask {
    pen: Arc<Pen>,
}

impl Task for AbortTask {
    type Payload = Work;
    type Output = ();

    async fn process(&self, work: Work, cx: &Context) -> TaskResult<()> {
        self.pen.write(What::Start, work.n, cx.attempt());
        std::process::abort()
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(number("CRASH_LEASE"))
    }
}

/// What the periodic submits.
pub(crate) struct TickTask;

impl Task for TickTask {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _cx: &Context) -> TaskResult<()> {
        Ok(())
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(number("CRASH_LEASE"))
    }
}

/// One of many names for which there is never anything to do.
struct IdleTask<const N: usize>;

impl<const N: usize> Task for IdleTask<N> {
    type Payload = Work;
    type Output = ();

    async fn process(&self, _work: Work, _cx: &Context) -> TaskResult<()> {
        Ok(())
    }

    fn name() -> &'static str {
        [
            "Idle0", "Idle1", "Idle2", "Idle3", "Idle4", "Idle5", "Idle6", "Idle7", "Idle8",
            "Idle9", "Idle10", "Idle11", "Idle12", "Idle13", "Idle14", "Idle15", "Idle16",
            "Idle17",
        ][N]
    }
}

/// Does what the role says until the process is told to end.
pub(crate) fn run(role: &str) -> ExitCode {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(async {
        match role {
            "worker" => worker().await,
            "ticker" => tick().await,
            "submitter" => submit().await,
            other => panic!("{other} is no role"),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn worker() -> dutiful::Result<()> {
    let pen = Arc::new(Pen::open(&PathBuf::from(text("CRASH_AUDIT"))));
    let client = Client::connect(&text("CRASH_URL")).await?;
    let worker = Worker::new(client)
        .register(AuditTask {
            pen: Arc::clone(&pen),
        })
        .register(AbortTask { pen })
        .shutdown_grace(Duration::from_millis(number("CRASH_GRACE")));
    let worker = if number("CRASH_NAMES") > 0 {
        idling(worker)
    } else {
        worker
    };
    worker.run().await
}

/// Each tick submits a task, whatever became of the last one and however late it is.
async fn tick() -> dutiful::Result<()> {
    let client = Client::connect(&text("CRASH_URL")).await?;
    let periodic = Periodic::every(TICK, TickTask);
    let periodic = periodic.overlap(Overlap::Allow).missed(Missed::All);
    Worker::new(client).register(periodic).run().await
}

/// With these a worker knows 20 names.
fn idling(worker: Worker) -> Worker {
    worker
        .register(IdleTask::<0>)
        .register(IdleTask::<1>)
        .register(IdleTask::<2>)
        .register(IdleTask::<3>)
        .register(IdleTask::<4>)
        .register(IdleTask::<5>)
        .register(IdleTask::<6>)
        .register(IdleTask::<7>)
        .register(IdleTask::<8>)
        .register(IdleTask::<9>)
        .register(IdleTask::<10>)
        .register(IdleTask::<11>)
        .register(IdleTask::<12>)
        .register(IdleTask::<13>)
        .register(IdleTask::<14>)
        .register(IdleTask::<15>)
        .register(IdleTask::<16>)
        .register(IdleTask::<17>)
}

/// Submits without end, and notes what was acknowledged. What was refused is left alone: it may be there
/// or not.
async fn submit() -> dutiful::Result<()> {
    let pen = Arc::new(Pen::open(&PathBuf::from(text("CRASH_AUDIT"))));
    let client = Client::connect(&text("CRASH_URL")).await?;
    let submitters = (0..SUBMITTERS).map(|lane| {
        let (pen, client) = (Arc::clone(&pen), client.clone());
        tokio::spawn(async move {
            for count in 0.. {
                // Numbers of different processes never meet.
                let n = u64::from(std::process::id()) * 1_000_000 + count * SUBMITTERS + lane;
                match client.submit::<AuditTask>(Work { n, ms: 5 }).await {
                    Ok(_) => pen.write(What::Ack, n, 0),
                    Err(error) => eprintln!("not acknowledged: {error}"),
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
    });
    for submitter in submitters.collect::<Vec<_>>() {
        submitter.await.unwrap();
    }
    Ok(())
}

/// What a worker says of its own state; the lines of single tasks are left out.
fn log() {
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("dutiful", LevelFilter::INFO)
        .with_target("dutiful::worker::log", LevelFilter::ERROR);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .init();
}

fn text(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn number(name: &str) -> u64 {
    text(name)
        .parse()
        .unwrap_or_else(|_| panic!("{name} is no number"))
}
