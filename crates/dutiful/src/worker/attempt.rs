//! Runs one attempt: context, timeout, cancellation, panic.

mod own_thread;

use super::caught;
use super::handler::{Ran, Stored};
use super::lane::{Job, Lane};
use super::shared::{Ended, Report, Shared};
use crate::context::{Attempt, Context, Effects};
use crate::store::claim::Claimed;
use crate::task::Threads;
use dutiful_core::{TaskFacts, TaskId};
use futures_util::FutureExt;
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How long a handler that was told to end may take to do so.
pub(crate) const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// Runs one job to its outcome and reports it. Never panics, and ends within the timeout plus the grace
/// unless the handler blocks the thread; then the watch reports in its place.
pub(crate) async fn run(shared: Arc<Shared>, lane: Arc<Lane>, lane_index: usize, job: Job) {
    let Claimed {
        id,
        attempt,
        payload_version,
        payload,
        facts,
        last_chance: _,
    } = job.claimed;
    let Some(cancel) = shared.inflight.begin(id, attempt) else {
        return;
    };
    let began = Instant::now();
    let deadline = began + lane.spec.timeout;
    let cx = Context {
        inner: Arc::new(Attempt {
            task: TaskId(id),
            attempt,
            task_name: lane.spec.name,
            worker: Arc::clone(&shared.worker),
            deadline,
            cancel: cancel.clone(),
            facts: after_claim(facts.as_ref(), attempt),
            client: Some(shared.client.clone()),
            effects: Effects::default(),
        }),
    };
    let ended = match payload {
        // Lost, cancelled or out of grace while it was queued.
        _ if cancel.is_cancelled() => Ended::Released,
        Err(why) => Ended::Undecodable(why),
        Ok(payload) => {
            shared.inflight.started(id, attempt, deadline, &cx);
            let stored = Stored {
                payload,
                version: payload_version,
            };
            // Disabled it costs next to nothing; enabled it gives the handler's own lines their task.
            let span = tracing::info_span!("task", name = lane.spec.name, id, attempt);
            let ended = match lane.spec.threads {
                Threads::Shared => on_lane(&lane, stored, &cx, &cancel).instrument(span).await,
                Threads::Own => own_thread::run(&shared, &lane, stored, &cx, span).await,
            };
            lane.measured(began.elapsed());
            ended
        }
    };
    let ran = began.elapsed();
    let effects = &cx.inner.effects;
    super::recorder::record_last(&shared, &cx).await;
    shared.report(Report {
        id,
        attempt,
        lane: lane_index,
        facts,
        ended,
        ran,
        follow_ups: effects.take_follow_ups(),
        settled_by_handler: effects.settled_by_handler.load(Ordering::SeqCst),
    });
}

/// The facts once the claim stands.
fn after_claim(facts: Option<&TaskFacts>, attempt: i64) -> TaskFacts {
    match facts {
        Some(facts) => TaskFacts {
            leased: true,
            attempt,
            ..*facts
        },
        None => crate::store::facts::unreadable(attempt),
    }
}

/// Runs on the lane's own event loop.
async fn on_lane(lane: &Lane, stored: Stored, cx: &Context, cancel: &CancellationToken) -> Ended {
    let mut run = Arc::clone(&lane.handler).run(stored, cx.clone());
    let ended = until_told(lane, run.as_mut(), cx, cancel).await;
    // One that is cut off in the middle drops what it holds, which is code of the task too.
    if let Err(why) = caught::calling(|| drop(run)) {
        let (name, id, attempt) = (lane.spec.name, cx.id(), cx.attempt());
        tracing::warn!(name, %id, attempt, "the handler panicked while it was dropped: {why}");
    }
    ended
}

async fn until_told(
    lane: &Lane,
    run: Pin<&mut dyn Future<Output = Ran>>,
    cx: &Context,
    cancel: &CancellationToken,
) -> Ended {
    let mut run = AssertUnwindSafe(run).catch_unwind();
    let ended = tokio::select! {
        biased;
        result = &mut run => return judged(cancel, answered(result)),
        () = tokio::time::sleep_until(cx.deadline().into()) => {
            Ended::TimedOut { timeout: lane.spec.timeout }
        }
        () = cancel.cancelled() => Ended::Released,
    };
    // It is told, and may still end by itself; what it answers now only counts when it was told by the
    // end of the grace at shutdown or by an operator, and then only if it has succeeded.
    cancel.cancel();
    match tokio::time::timeout(CANCEL_GRACE, &mut run).await {
        Ok(result) if matches!(ended, Ended::Released) => success_or(ended, answered(result)),
        _ => ended,
    }
}

/// What a handler answers by itself counts, unless it was told to end: a handler that obeys at once must
/// not be charged for that.
fn judged(cancel: &CancellationToken, answered: Ended) -> Ended {
    if cancel.is_cancelled() {
        success_or(Ended::Released, answered)
    } else {
        answered
    }
}

/// Work that was finished in the last moment is kept.
fn success_or(told: Ended, answered: Ended) -> Ended {
    if matches!(answered, Ended::Ran(Ran::Success(_))) {
        answered
    } else {
        told
    }
}

fn answered(result: Result<Ran, Box<dyn Any + Send>>) -> Ended {
    match result {
        Ok(ran) => Ended::Ran(ran),
        Err(panic) => Ended::Panicked(caught::text(&*panic)),
    }
}

#[cfg(test)]
mod tests;
