//! Looks after what lanes cannot do for themselves while a handler blocks their thread.
//!
//! It goes round beside the heart and never waits for the database.

use super::attempt::CANCEL_GRACE;
use super::heart::tick;
use super::lane_thread;
use super::shared::{Ended, Report, Shared};
use crate::store::joins::NewTasks;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A lane that has not gone round for this long is blocked by a handler.
const BLOCKED: Duration = Duration::from_secs(1);
/// How far past its deadline an attempt on a blocked lane may be before it counts as timed out.
const BLOCKED_SLACK: Duration = Duration::from_millis(200);

pub(crate) struct Watch {
    shared: Arc<Shared>,
    seen: Vec<Seen>,
}

/// What was said of a lane, so that it is said once.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    blocked: bool,
    full_of_abandoned: bool,
    without_thread: bool,
}

impl Watch {
    pub(crate) fn new(shared: Arc<Shared>) -> Watch {
        let seen = vec![Seen::default(); shared.lanes.len()];
        Watch { shared, seen }
    }

    /// Goes round until the worker has ended.
    pub(crate) async fn run(mut self) {
        let ended = self.shared.ended.clone();
        let mut tick = tokio::time::interval(tick(&self.shared));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = ended.cancelled() => return,
                _ = tick.tick() => self.round(),
            }
        }
    }

    fn round(&mut self) {
        self.end_overdue();
        for index in 0..self.seen.len() {
            self.look_at(index);
        }
    }

    /// Reports timeouts in the place of lanes that cannot.
    fn end_overdue(&self) {
        for overdue in self.shared.inflight.overdue(BLOCKED_SLACK) {
            let lane = &self.shared.lanes[overdue.lane];
            let blocked = lane.blocked_for() >= BLOCKED;
            if !blocked && overdue.ran < lane.spec.timeout + CANCEL_GRACE * 2 {
                // The lane itself is at it.
                continue;
            }
            self.shared.inflight.lost(overdue.id, overdue.attempt);
            self.shared.report(Report {
                id: overdue.id,
                attempt: overdue.attempt,
                lane: overdue.lane,
                facts: overdue.facts,
                ended: Ended::TimedOut {
                    timeout: lane.spec.timeout,
                },
                ran: overdue.ran,
                follow_ups: NewTasks::default(),
                settled_by_handler: false,
            });
            if blocked {
                self.leave_thread_behind(overdue.lane);
            }
        }
    }

    fn leave_thread_behind(&self, index: usize) {
        let lane = &self.shared.lanes[index];
        lane_thread::leave_behind(lane);
        self.shared.counts.abandoned.fetch_add(1, Ordering::Relaxed);
        // Some of them it has taken out of the queue already, and nobody else could get at those.
        self.shared.release_unstarted(index, Duration::ZERO);
        tracing::warn!(
            name = lane.spec.name,
            "the blocked thread is left behind with what it runs"
        );
    }

    /// Whether the lane can run what is claimed for it. If not, nothing is claimed for it, and what has
    /// been claimed goes back.
    fn look_at(&mut self, index: usize) {
        let full = self.is_full(index);
        let served = self.is_served(index, full);
        let blocked = self.is_blocked(index);
        let lane = &self.shared.lanes[index];
        let paused = full || !served || blocked;
        let was_paused = lane.pause(paused);
        if full || !served {
            self.shared.release_unstarted(index, Duration::ZERO);
        } else if blocked {
            // It may go round again at any time; until then nothing waits longer than it would elsewhere.
            self.shared.release_unstarted(index, lane.spec.lease / 3);
        }
        if was_paused && !paused {
            self.shared.signal.room();
        }
    }

    fn is_full(&mut self, index: usize) -> bool {
        let lane = &self.shared.lanes[index];
        let full = lane.is_full_of_abandoned();
        match (self.seen[index].full_of_abandoned, full) {
            (false, true) => tracing::error!(
                name = lane.spec.name,
                "too many handlers ignore that they were told to end; this lane claims nothing until some do"
            ),
            (true, false) => {
                tracing::info!(name = lane.spec.name, "the lane claims again");
            }
            _ => {}
        }
        self.seen[index].full_of_abandoned = full;
        full
    }

    /// Gives the lane a thread if it has none, unless each one would only be blocked too.
    fn is_served(&mut self, index: usize, full: bool) -> bool {
        let lane = &self.shared.lanes[index];
        if lane.is_served() || full || lane.is_closed() {
            return lane.is_served();
        }
        let started = lane_thread::start(&self.shared, index);
        match (&started, self.seen[index].without_thread) {
            (Err(error), false) => tracing::error!(
                name = lane.spec.name,
                %error,
                "the lane has no thread; trying again until it has"
            ),
            (Ok(()), true) => tracing::info!(name = lane.spec.name, "the lane has a thread again"),
            _ => {}
        }
        self.seen[index].without_thread = started.is_err();
        started.is_ok()
    }

    fn is_blocked(&mut self, index: usize) -> bool {
        let lane = &self.shared.lanes[index];
        let blocked = lane.blocked_for() >= BLOCKED;
        if blocked && !self.seen[index].blocked {
            tracing::warn!(
                name = lane.spec.name,
                tasks = ?self.shared.inflight.running_on(index),
                "a handler blocks the event loop of its lane; let it await, or give the task threads of its own"
            );
        }
        self.seen[index].blocked = blocked;
        blocked
    }
}

#[cfg(test)]
mod tests;
