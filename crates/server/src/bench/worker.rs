//! The worker processes of a bench: `dutiful bench-worker`, which the bench itself starts.
//!
//! It runs no-ops until its stdin is closed, so that it never outlives the bench. It prints a line when it
//! looks for tasks, another one for each line that it reads, and of some tasks when they were started.

use super::names;
use super::noop::{Noop, Ran};
use super::pick_up::Pinged;
use super::scratch::PREFIX;
use super::usage::Usage;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::ValueEnum;
use dutiful::{Client, Worker, WorkerHandle};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Which task names it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// The one of the bench's no-op
    One,
    /// A hundred, all no-ops
    Hundred,
    /// The one whose starts are told
    PickUp,
}

impl Names {
    /// As on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Names::One => "one",
            Names::Hundred => "hundred",
            Names::PickUp => "pick-up",
        }
    }
}

/// What a worker tells: a line of JSON.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Told {
    /// How many tasks it has settled as successes.
    pub(super) succeeded: u64,
    #[serde(flatten)]
    pub(super) usage: Usage,
}

/// What a worker tells of a task that it has started.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) started_at: SystemTime,
}

/// Works until stdin is closed.
pub(crate) async fn run(settings: &Settings, names: Names) -> Result<(), Failure> {
    // As a user's own worker has it: nothing is set but the tables' prefix.
    let client = Client::builder(&settings.database_url)
        .table_prefix(PREFIX)
        .connect()
        .await?;
    let ran = Arc::new(Ran::default());
    let worker = Worker::new(client);
    let (started, mut starts) = mpsc::unbounded_channel();
    let worker = match names {
        Names::One => worker.register(Noop {
            ran,
            goal: u64::MAX,
        }),
        Names::Hundred => names::register(worker, &ran, u64::MAX),
        Names::PickUp => worker.register(Pinged {
            started: started.clone(),
        }),
    };
    let worker = worker.start().await?;
    let mut asks = asks();
    tell(&told(&worker))?;
    loop {
        tokio::select! {
            asked = asks.recv() => match asked {
                Some(()) => tell(&told(&worker))?,
                None => break,
            },
            Some(started_at) = starts.recv() => tell(&Started { started_at })?,
        }
    }
    worker.shutdown().await;
    Ok(())
}

/// One message for each line of stdin, and the end with its end.
fn asks() -> mpsc::UnboundedReceiver<()> {
    let (asked, asks) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            if asked.send(()).is_err() {
                break;
            }
        }
    });
    asks
}

fn told(worker: &WorkerHandle) -> Told {
    Told {
        succeeded: worker.counts().succeeded,
        usage: Usage::now(),
    }
}

fn tell(what: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(what).map_err(std::io::Error::other)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    Ok(())
}
