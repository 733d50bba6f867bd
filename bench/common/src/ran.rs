//! What the handlers tell: how many have run, and when.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

static COUNT: AtomicU64 = AtomicU64::new(0);
static GOAL: AtomicU64 = AtomicU64::new(u64::MAX);
static REACHED: Notify = Notify::const_new();
static FIRST: OnceLock<Instant> = OnceLock::new();
static STARTS: OnceLock<UnboundedSender<Instant>> = OnceLock::new();

/// A worker that runs nothing for so long will not go on.
const STALL: Duration = Duration::from_secs(60);

/// To be called by the handler of each task.
pub fn ran(_number: u64) {
    if let Some(starts) = STARTS.get() {
        // Nobody listens any more once the last sample is taken.
        let _ = starts.send(Instant::now());
    }
    FIRST.get_or_init(Instant::now);
    if COUNT.fetch_add(1, Ordering::Relaxed) + 1 == GOAL.load(Ordering::Relaxed) {
        REACHED.notify_one();
    }
}

/// To be called before the worker is started.
pub(crate) fn expect(tasks: u64) {
    GOAL.store(tasks, Ordering::Relaxed);
}

/// Waits until the expected number of handlers has run; tells when the first one began.
pub(crate) async fn all() -> Result<Instant> {
    let mut seen = 0;
    loop {
        tokio::select! {
            () = REACHED.notified() => break,
            () = tokio::time::sleep(STALL) => {
                let count = COUNT.load(Ordering::Relaxed);
                if count == seen {
                    bail!("the worker stopped after {count} tasks");
                }
                seen = count;
            }
        }
    }
    FIRST.get().copied().context("no handler has run")
}

/// The starts of the handlers, one by one.
pub(crate) fn starts() -> Result<UnboundedReceiver<Instant>> {
    let (sender, receiver) = unbounded_channel();
    if STARTS.set(sender).is_err() {
        bail!("somebody listens already");
    }
    Ok(receiver)
}
