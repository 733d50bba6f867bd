//! A lane: what a worker runs of one task name. Its queue, its slots, its measured pace.
//!
//! The threads that serve it are in `lane_thread`.

use super::handler::{Handler, Spec};
use crate::store::claim::Claimed;
use dutiful_core::lease::claim_ahead;
use dutiful_core::limits::ABANDONED_MAX;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A claimed task on its way to a slot.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) claimed: Claimed,
}

/// One lane of a worker.
pub(crate) struct Lane {
    pub(crate) spec: Spec,
    pub(crate) handler: Arc<dyn Handler>,
    queue: Mutex<VecDeque<Job>>,
    /// Something was queued, or the lane is closed.
    pub(crate) queued: Notify,
    closed: AtomicBool,
    /// Nothing is to be claimed for it now.
    paused: AtomicBool,
    /// Claimed and not yet settled.
    held: AtomicUsize,
    /// Mean run time in nanoseconds, exponentially weighted; 0 while unknown.
    mean_run: AtomicU64,
    /// Which thread serves the lane now; an older one that comes back only finishes what it runs.
    generation: AtomicU64,
    /// Whether there is one.
    served: AtomicBool,
    /// How many attempts a thread runs, in the lower half; which thread says so, in the upper.
    running: AtomicU64,
    /// When the serving thread last went round, in milliseconds since `began`.
    pulse: AtomicU64,
    began: Instant,
    /// Handlers that did not end when they were told to, and have not ended since.
    abandoned: AtomicUsize,
}

impl Lane {
    pub(crate) fn new(handler: Arc<dyn Handler>) -> Lane {
        Lane {
            spec: handler.spec(),
            handler,
            queue: Mutex::default(),
            queued: Notify::new(),
            closed: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            mean_run: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            served: AtomicBool::new(false),
            running: AtomicU64::new(0),
            pulse: AtomicU64::new(0),
            began: Instant::now(),
            abandoned: AtomicUsize::new(0),
        }
    }

    /// How many tasks to claim now: enough to keep the slots busy, no more than can be started soon, and
    /// not in dribs and drabs while some are still queued.
    pub(crate) fn wants(&self) -> usize {
        if self.is_paused() || self.is_full_of_abandoned() {
            return 0;
        }
        let ahead = claim_ahead(self.spec.batch_size, self.mean_run(), self.spec.lease);
        let free = ahead.saturating_sub(self.held.load(Ordering::Relaxed));
        if free * 2 >= ahead || self.is_queue_empty() {
            free
        } else {
            0
        }
    }

    pub(crate) fn push(&self, claimed: Vec<Claimed>) {
        self.held.fetch_add(claimed.len(), Ordering::Relaxed);
        self.jobs()
            .extend(claimed.into_iter().map(|claimed| Job { claimed }));
        self.queued.notify_waiters();
        self.queued.notify_one();
    }

    /// The next job; none at shutdown, when what was not started is given back.
    pub(crate) fn pop(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        if self.is_closed() {
            None
        } else {
            jobs.pop_front()
        }
    }

    pub(crate) fn is_queue_empty(&self) -> bool {
        self.jobs().is_empty()
    }

    /// An attempt was settled, or its lease given up.
    pub(crate) fn released(&self, attempts: usize) {
        self.held.fetch_sub(attempts, Ordering::Relaxed);
    }

    /// The mean run time, once some were measured.
    pub(crate) fn mean_run(&self) -> Option<Duration> {
        let mean = self.mean_run.load(Ordering::Relaxed);
        (mean > 0).then(|| Duration::from_nanos(mean))
    }

    /// Takes a run time into the mean, with a weight of an eighth.
    pub(crate) fn measured(&self, run: Duration) {
        let run = u64::try_from(run.as_nanos()).unwrap_or(u64::MAX).max(1);
        let mean = self.mean_run.load(Ordering::Relaxed);
        let mean = if mean == 0 {
            run
        } else {
            mean - mean / 8 + run / 8
        };
        self.mean_run.store(mean.max(1), Ordering::Relaxed);
    }

    /// A thread is to serve the lane from now on; it gets its number.
    pub(crate) fn next_generation(&self) -> u64 {
        self.beat();
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(crate) fn is_served_by(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    /// Whether the thread that is to serve the lane is there.
    pub(crate) fn set_served(&self, served: bool) {
        self.served.store(served, Ordering::Release);
    }

    pub(crate) fn is_served(&self) -> bool {
        self.served.load(Ordering::Acquire)
    }

    /// The serving thread goes round.
    pub(crate) fn beat(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pulse.store(now, Ordering::Relaxed);
    }

    /// A thread runs so many attempts until it goes round again.
    pub(crate) fn runs(&self, generation: u64, attempts: usize) {
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        let running = generation << 32 | u64::from(attempts);
        self.running.store(running, Ordering::Relaxed);
    }

    /// For how long the serving thread has not gone round although it runs something. An idle one need
    /// not go round.
    pub(crate) fn blocked_for(&self) -> Duration {
        let running = self.running.load(Ordering::Relaxed);
        // One that was left behind may still have had its say.
        let serving = self.generation.load(Ordering::Acquire) << 32;
        if running <= serving || running >> 32 << 32 != serving {
            return Duration::ZERO;
        }
        let pulse = Duration::from_millis(self.pulse.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(pulse)
    }

    /// Nothing is to be claimed for the lane until this is taken back. Gives what was said before.
    pub(crate) fn pause(&self, paused: bool) -> bool {
        self.paused.swap(paused, Ordering::Relaxed)
    }

    fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// A handler ignores that it was told to end, and keeps its thread.
    pub(crate) fn abandon(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    /// It has ended after all.
    pub(crate) fn abandoned_ended(&self) {
        self.abandoned.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn is_full_of_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) >= ABANDONED_MAX
    }

    /// No job is started any more; threads end when they have run what they hold.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.queued.notify_waiters();
        self.queued.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
