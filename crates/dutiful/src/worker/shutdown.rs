//! How a worker stops, phase by phase.
//!
//! Every phase has its bound: a database that does not answer must not keep the process alive.

use super::attempt::CANCEL_GRACE;
use super::shared::{Report, Shared};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long the last outcomes, and a claim under way, may take once nothing runs any more.
const DRAIN: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(5);

/// Claiming has been told to stop. Gives back what has not been started, waits for what runs, tells it to
/// end when the grace is over, releases the rest uncharged. Afterwards nothing is held any more, unless
/// the database is away: then the leases run out.
pub(crate) async fn drain(shared: &Shared, claimer: JoinHandle<()>, grace: Duration) {
    let until = Instant::now() + grace;
    shared.lanes.iter().for_each(|lane| lane.close());
    let all_reported = || shared.inflight.all_reported();
    wait(shared, until, all_reported).await;
    if !all_reported() {
        shared.grace_over.cancel();
        let told = Instant::now() + CANCEL_GRACE + Duration::from_millis(500);
        wait(shared, told, all_reported).await;
    }
    for (id, attempt, lane) in shared.inflight.unreported() {
        tracing::warn!(
            id,
            "a handler ignores that it was told to end; its task is released"
        );
        shared.report(Report::released(id, attempt, lane));
    }
    // A claim under way may still come to its end: its tasks are given back too.
    let drained_by = until.max(Instant::now() + DRAIN);
    wait(shared, drained_by, || {
        claimer.is_finished() && shared.inflight.is_empty()
    })
    .await;
    shared.end();
}

/// Waits until it is so, and meanwhile gives back what is claimed and not started.
async fn wait(shared: &Shared, until: Instant, is_so: impl Fn() -> bool) {
    loop {
        for lane in 0..shared.lanes.len() {
            shared.release_unstarted(lane, Duration::ZERO);
        }
        if is_so() || Instant::now() >= until {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The signals that stop a worker. From the moment in which it is made they end the process no more by themselves.
#[cfg(unix)]
pub(crate) struct Signals(Option<[tokio::signal::unix::Signal; 2]>);

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::terminate()).and_then(|terminate| {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok([terminate, interrupt])
        });
        Signals(both.ok())
    }

    /// Waits for the first one; a second one ends the process at once.
    pub(crate) async fn wait(self) {
        let Some([mut term, mut interrupt]) = self.0 else {
            return std::future::pending().await;
        };
        let name =
            tokio::select! { _ = term.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" };
        tracing::info!(
            "{name}: claiming stops, running tasks get their grace; a second signal ends at once"
        );
        tokio::spawn(async move {
            let code = tokio::select! { _ = term.recv() => 143, _ = interrupt.recv() => 130 };
            std::process::exit(code);
        });
    }
}

/// The signal that stops a worker.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> Signals {
        Signals
    }

    /// Waits for it.
    pub(crate) async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
