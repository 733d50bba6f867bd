//! How a worker stops, phase by phase.

use super::attempt::CANCEL_GRACE;
use super::shared::{Ended, Report, Shared};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long the last outcomes may take to be written.
const DRAIN: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);

/// Claiming has been told to stop. Gives back what has not been started, waits for what runs, tells it to
/// end when the grace is over, releases the rest uncharged. Afterwards nothing is held any more, unless
/// the database is away: then the leases run out.
pub(crate) async fn drain(shared: &Shared, claimer: JoinHandle<()>, grace: Duration) {
    let until = tokio::time::Instant::now() + grace;
    // A claim under way is finished first, or its tasks would be held by nobody.
    let _ = claimer.await;
    for (index, lane) in shared.lanes.iter().enumerate() {
        for job in lane.take_queue() {
            release(shared, job.claimed.id, job.claimed.attempt, index);
        }
        lane.close();
    }
    wait_until_empty(shared, until).await;
    if !shared.inflight.is_empty() {
        shared.grace_over.cancel();
        let told = tokio::time::Instant::now() + CANCEL_GRACE + Duration::from_millis(500);
        wait_until_empty(shared, told).await;
    }
    for (id, attempt, lane) in shared.inflight.unreported() {
        tracing::warn!(
            id,
            "a handler ignores that it was told to end; its task is released"
        );
        release(shared, id, attempt, lane);
    }
    wait_until_empty(shared, tokio::time::Instant::now() + DRAIN).await;
    shared.ended.cancel();
}

fn release(shared: &Shared, id: i64, attempt: i64, lane: usize) {
    shared.report(Report {
        id,
        attempt,
        lane,
        facts: None,
        ended: Ended::Released,
        ran: Duration::ZERO,
        follow_ups: Vec::new(),
        settled_by_handler: false,
    });
}

async fn wait_until_empty(shared: &Shared, until: tokio::time::Instant) {
    while !shared.inflight.is_empty() && tokio::time::Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for the first signal to stop; a second one ends the process at once.
pub(crate) async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut term), Ok(mut interrupt)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) else {
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
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
