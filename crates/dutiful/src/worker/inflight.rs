//! What a worker holds: every attempt from its claim to its settling.

use crate::context::Context;
use crate::store::renew::Renewal;
use dutiful_core::TaskFacts;
use dutiful_core::lease::renew_every;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// One attempt that this worker holds.
#[derive(Debug)]
struct Held {
    lane: usize,
    lease: Duration,
    claimed: Instant,
    /// When the database was last asked for the lease: it holds for its length from then on, or longer.
    renewed: Instant,
    cancel: CancellationToken,
    /// A slot has taken it: from here on only its lane, or its deadline, ends it.
    begun: bool,
    /// Set once the handler runs.
    run: Option<Run>,
    /// Somebody has reported the outcome; later reports do not count.
    reported: bool,
}

#[derive(Debug)]
struct Run {
    deadline: Instant,
    started: Instant,
    cx: Context,
}

/// An attempt that should have ended by now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overdue {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) lane: usize,
    pub(crate) ran: Duration,
    pub(crate) facts: Option<TaskFacts>,
}

/// All attempts that this worker holds, by task id and attempt: an attempt that lost its lease may still
/// run when the same worker claims the task again.
#[derive(Debug, Default)]
pub(crate) struct Inflight {
    held: Mutex<HashMap<(i64, i64), Held>>,
}

impl Inflight {
    /// `asked` is when the claim was asked for.
    pub(crate) fn claimed(
        &self,
        id: i64,
        attempt: i64,
        lane: usize,
        lease: (Duration, Instant),
        root: &CancellationToken,
    ) {
        let (lease, asked) = lease;
        let held = Held {
            lane,
            lease,
            claimed: Instant::now(),
            renewed: asked,
            cancel: root.child_token(),
            begun: false,
            run: None,
            reported: false,
        };
        self.lock().insert((id, attempt), held);
    }

    /// A slot takes the attempt and gets its token; `None` when it was given back while it was queued. The
    /// token is cancelled when the lease may be over, because the claim was heard late or this process
    /// stood still: another worker may be at the task.
    pub(crate) fn begin(&self, id: i64, attempt: i64) -> Option<CancellationToken> {
        let mut all = self.lock();
        let held = all.get_mut(&(id, attempt)).filter(|held| !held.reported)?;
        held.begun = true;
        if held.renewed.elapsed() >= held.lease {
            held.cancel.cancel();
        }
        Some(held.cancel.clone())
    }

    /// Attempts of a lane that were claimed at least so long ago and that no slot has taken. They count
    /// as reported from here on, and never begin.
    pub(crate) fn take_unstarted(&self, lane: usize, most: Duration) -> Vec<(i64, i64)> {
        let mut all = self.lock();
        let waiting = all.iter_mut().filter(|(_, held)| {
            held.lane == lane && !held.begun && !held.reported && held.claimed.elapsed() >= most
        });
        waiting
            .map(|(key, held)| {
                held.reported = true;
                *key
            })
            .collect()
    }

    pub(crate) fn started(&self, id: i64, attempt: i64, deadline: Instant, cx: &Context) {
        if let Some(held) = self.lock().get_mut(&(id, attempt)) {
            held.run = Some(Run {
                deadline,
                started: Instant::now(),
                cx: cx.clone(),
            });
        }
    }

    /// Whether this is the first report of the attempt's outcome.
    pub(crate) fn report(&self, id: i64, attempt: i64) -> bool {
        match self.lock().get_mut(&(id, attempt)) {
            Some(held) if !held.reported => {
                held.reported = true;
                held.run = None;
                true
            }
            _ => false,
        }
    }

    /// The attempt is settled or lost.
    pub(crate) fn forget(&self, id: i64, attempt: i64) -> bool {
        self.lock().remove(&(id, attempt)).is_some()
    }

    /// The lease is gone: the handler is told. Its outcome will be fenced off.
    pub(crate) fn lost(&self, id: i64, attempt: i64) {
        if let Some(held) = self.lock().get(&(id, attempt)) {
            held.cancel.cancel();
        }
    }

    /// What must be renewed before the next call, which comes within `until_next`, in the order of ids, in which
    /// everybody locks rows.
    pub(crate) fn renewals(&self, until_next: Duration) -> Vec<Renewal> {
        let all = self.lock();
        let due = all
            .iter()
            .filter(|(_, held)| held.renewed.elapsed() + until_next >= renew_every(held.lease));
        let renewal = |((id, attempt), held): (&(i64, i64), &Held)| Renewal {
            id: *id,
            attempt: *attempt,
            lease: held.lease,
        };
        let mut due: Vec<Renewal> = due.map(renewal).collect();
        due.sort_unstable_by_key(|renewal| renewal.id);
        due
    }

    /// `asked` is when the renewal was asked for.
    pub(crate) fn renewed(&self, renewals: &[Renewal], asked: Instant) {
        let mut all = self.lock();
        for renewal in renewals {
            if let Some(held) = all.get_mut(&(renewal.id, renewal.attempt)) {
                held.renewed = asked;
            }
        }
    }

    /// Runs that are past their deadline by more than `slack`.
    pub(crate) fn overdue(&self, slack: Duration) -> Vec<Overdue> {
        let now = Instant::now();
        let all = self.lock();
        let overdue = |((id, attempt), held): (&(i64, i64), &Held)| {
            let run = held.run.as_ref().filter(|run| now > run.deadline + slack)?;
            let ran = now.duration_since(run.started);
            let facts = Some(run.cx.inner.facts);
            Some(Overdue {
                id: *id,
                attempt: *attempt,
                lane: held.lane,
                ran,
                facts,
            })
        };
        all.iter().filter_map(overdue).collect()
    }

    /// The contexts of what runs now, for the recorder.
    pub(crate) fn running(&self) -> Vec<Context> {
        self.lock()
            .values()
            .filter_map(|held| Some(held.run.as_ref()?.cx.clone()))
            .collect()
    }

    /// The ids that run on a lane, for naming what blocks it.
    pub(crate) fn running_on(&self, lane: usize) -> Vec<i64> {
        let all = self.lock();
        let on_lane = all
            .iter()
            .filter(|(_, held)| held.lane == lane && held.run.is_some());
        on_lane.map(|((id, _), _)| *id).collect()
    }

    /// Every attempt not yet reported.
    pub(crate) fn unreported(&self) -> Vec<(i64, i64, usize)> {
        let all = self.lock();
        let open = all.iter().filter(|(_, held)| !held.reported);
        open.map(|((id, attempt), held)| (*id, *attempt, held.lane))
            .collect()
    }

    /// Whether the outcome of every attempt is known.
    pub(crate) fn all_reported(&self) -> bool {
        self.lock().values().all(|held| held.reported)
    }

    /// Whether this worker knows that it holds the attempt.
    pub(crate) fn holds(&self, id: i64, attempt: i64) -> bool {
        self.lock().contains_key(&(id, attempt))
    }

    /// Every attempt that this worker knows that it holds.
    pub(crate) fn known(&self) -> HashSet<(i64, i64)> {
        self.lock().keys().copied().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(i64, i64), Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
