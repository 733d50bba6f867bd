//! A handler on a thread of its own.

use super::{CANCEL_GRACE, judged, success_or};
use crate::client::Signal;
use crate::context::Context;
use crate::task::Answer;
use crate::worker::handler::{Ran, Stored};
use crate::worker::lane::Lane;
use crate::worker::shared::{Ended, Shared};
use crate::worker::{caught, thread};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a task waits for which no thread can be started.
pub(super) const THREAD_PAUSE: Duration = Duration::from_secs(5);

/// Runs on a thread of its own, which may block as long as it likes.
pub(super) async fn run(
    shared: &Shared,
    lane: &Arc<Lane>,
    stored: Stored,
    cx: &Context,
    span: tracing::Span,
) -> Ended {
    let (sender, result) = oneshot::channel();
    let handler = Arc::clone(&lane.handler);
    let its_cx = cx.clone();
    let left = LeftBehind::new(shared, lane);
    let its_left = left.clone();
    let started = thread::spawn(format!("dutiful-{}", lane.spec.name), move || {
        let _entered = span.enter();
        let run = caught::calling(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| runtime.block_on(handler.run(stored, its_cx)))
        });
        let ended = match run {
            Ok(Ok(ran)) => Ended::Ran(ran),
            Ok(Err(error)) => no_thread("an event loop", &error),
            Err(why) => Ended::Panicked(why),
        };
        // Nobody waits any more when it was left behind.
        let _ = sender.send(ended);
        its_left.ended();
    });
    if let Err(error) = started {
        return no_thread("a thread", &error);
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
            left.abandon(shared, cx);
            told
        }
    }
}

/// A handler's thread and whoever waits for it: which of them goes first.
///
/// A thread cannot be ended from outside: it is left to itself, and its slot is given back. It counts until
/// it ends.
#[derive(Clone)]
struct LeftBehind {
    lane: Arc<Lane>,
    signal: Arc<Signal>,
    one_has_gone: Arc<AtomicBool>,
}

impl LeftBehind {
    fn new(shared: &Shared, lane: &Arc<Lane>) -> LeftBehind {
        LeftBehind {
            lane: Arc::clone(lane),
            signal: Arc::clone(&shared.signal),
            one_has_gone: Arc::default(),
        }
    }

    /// Nobody waits for the thread any more.
    fn abandon(&self, shared: &Shared, cx: &Context) {
        self.lane.abandon();
        if self.one_has_gone.swap(true, Ordering::AcqRel) {
            // It has ended just now.
            self.lane.abandoned_ended();
            return;
        }
        shared.counts.abandoned.fetch_add(1, Ordering::Relaxed);
        let (name, id, attempt) = (self.lane.spec.name, cx.id(), cx.attempt());
        tracing::warn!(
            name,
            %id,
            attempt,
            "the handler ignores that it was told to end; its thread is left behind and its slot given back"
        );
    }

    /// The thread has nothing more to do.
    fn ended(&self) {
        if self.one_has_gone.swap(true, Ordering::AcqRel) {
            self.lane.abandoned_ended();
            self.signal.room();
        }
    }
}

/// The machine has nothing left to run a handler with, for which the task must not pay.
fn no_thread(what: &str, error: &std::io::Error) -> Ended {
    tracing::error!(%error, "cannot start {what} for a handler; its task is put off");
    Ended::Ran(Ran::Answer(Answer::Snooze(THREAD_PAUSE)))
}
