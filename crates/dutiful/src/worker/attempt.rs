//! Runs one attempt: context, timeout, cancellation, panic.

use super::handler::{Ran, Stored};
use super::lane::{Job, Lane};
use super::shared::{Ended, Report, Shared};
use crate::context::{Attempt, Context, Effects};
use crate::store::claim::Claimed;
use crate::task::Threads;
use dutiful_core::{TaskFacts, TaskId};
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
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
    let Some(cancel) = shared.inflight.cancellation(id, attempt) else {
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
    shared.inflight.started(id, attempt, deadline, &cx);
    let ended = match payload {
        Err(why) => Ended::Undecodable(why),
        Ok(payload) => {
            let stored = Stored {
                payload,
                version: payload_version,
            };
            let span = tracing::debug_span!("task", name = lane.spec.name, id, attempt);
            match lane.spec.threads {
                Threads::Shared => on_lane(&lane, stored, &cx, &cancel).instrument(span).await,
                Threads::Own => on_own_thread(&shared, &lane, stored, &cx, span).await,
            }
        }
    };
    let ran = began.elapsed();
    lane.measured(ran);
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
    let handler = Arc::clone(&lane.handler);
    // Making the future may run code of the handler too, so that is caught as well.
    let run = AssertUnwindSafe(async { handler.run(stored, cx.clone()).await }).catch_unwind();
    tokio::pin!(run);
    let ended = tokio::select! {
        biased;
        result = &mut run => return judged(cancel, caught(result)),
        () = tokio::time::sleep_until(cx.deadline().into()) => {
            Ended::TimedOut { timeout: lane.spec.timeout }
        }
        () = cancel.cancelled() => Ended::Released,
    };
    // It is told, and may still end by itself; what it answers now only counts when it was told by the
    // end of the grace at shutdown or by an operator, and then only if it has succeeded.
    cancel.cancel();
    match tokio::time::timeout(CANCEL_GRACE, &mut run).await {
        Ok(result) if matches!(ended, Ended::Released) => success_or(ended, caught(result)),
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

/// Runs on a thread of its own, which may block as long as it likes.
async fn on_own_thread(
    shared: &Shared,
    lane: &Lane,
    stored: Stored,
    cx: &Context,
    span: tracing::Span,
) -> Ended {
    let (sender, result) = oneshot::channel();
    let handler = Arc::clone(&lane.handler);
    let its_cx = cx.clone();
    let thread = std::thread::Builder::new().name(format!("dutiful-{}", lane.spec.name));
    let started = thread.spawn(move || {
        let _entered = span.enter();
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| runtime.block_on(handler.run(stored, its_cx)))
        }));
        let ended = match run {
            Ok(Ok(ran)) => Ended::Ran(ran),
            Ok(Err(error)) => failed(format!("cannot start an event loop: {error}")),
            Err(panic) => Ended::Panicked(panic_text(&*panic)),
        };
        // Nobody waits any more when it was abandoned.
        let _ = sender.send(ended);
    });
    if let Err(error) = started {
        return failed(format!("cannot start a thread: {error}"));
    }
    tokio::pin!(result);
    let gone = || Ended::Panicked("the thread of the handler ended".to_owned());
    let told = tokio::select! {
        biased;
        ended = &mut result => {
            return judged(&cx.inner.cancel, ended.unwrap_or_else(|_| gone()));
        }
        () = tokio::time::sleep_until(cx.deadline().into()) => {
            Ended::TimedOut { timeout: lane.spec.timeout }
        }
        () = cx.inner.cancel.cancelled() => Ended::Released,
    };
    cx.inner.cancel.cancel();
    match tokio::time::timeout(CANCEL_GRACE, &mut result).await {
        Ok(ended) if matches!(told, Ended::Released) => {
            success_or(told, ended.unwrap_or_else(|_| gone()))
        }
        Ok(_) => told,
        Err(_) => {
            abandoned(shared, lane, cx);
            told
        }
    }
}

/// A thread cannot be ended from outside: it is left to itself, and its slot is given back.
fn abandoned(shared: &Shared, lane: &Lane, cx: &Context) {
    lane.abandoned.fetch_add(1, Ordering::Relaxed);
    shared.counts.abandoned.fetch_add(1, Ordering::Relaxed);
    tracing::warn!(
        name = lane.spec.name,
        id = %cx.id(),
        attempt = cx.attempt(),
        "the handler ignores that it was told to end; its thread is left behind and its slot given back"
    );
}

fn caught(result: Result<Ran, Box<dyn Any + Send>>) -> Ended {
    match result {
        Ok(ran) => Ended::Ran(ran),
        Err(panic) => Ended::Panicked(panic_text(&*panic)),
    }
}

fn failed(why: String) -> Ended {
    Ended::Ran(Ran::Answer(crate::task::Answer::Failed(why)))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
