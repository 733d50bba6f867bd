//! Keeps leases alive, learns which were lost, beats the worker's row, watches the lanes.
//!
//! It lives on a thread and a connection of its own, so that no handler and no queue can hold it up;
//! at shutdown it is the last to stop.

use super::lane_thread;
use super::shared::{Ended, Report, Shared};
use crate::db::{Db, DbResult};
use crate::store::{renew, workers};
use dutiful_core::limits::ABANDONED_MAX;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::attempt::CANCEL_GRACE;

/// How often the worker's row is written.
const BEAT: Duration = Duration::from_secs(10);
/// The heart goes round at a twelfth of the shortest lease, within these bounds.
const TICK_MIN: Duration = Duration::from_millis(50);
const TICK_MAX: Duration = Duration::from_secs(1);
/// A lane that has not gone round for this long is blocked by a handler.
const BLOCKED: Duration = Duration::from_secs(1);
/// How far past its deadline an attempt on a blocked lane may be before it counts as timed out.
const BLOCKED_SLACK: Duration = Duration::from_millis(200);

pub(crate) struct Heart {
    shared: Arc<Shared>,
    db: Db,
    card: workers::Card,
    tick: Duration,
    beat: Option<Instant>,
    /// Which lanes were said to be blocked, so that it is said once.
    blocked: Vec<bool>,
    failing: bool,
}

impl Heart {
    pub(crate) fn new(shared: Arc<Shared>, card: workers::Card) -> Heart {
        let shortest = shared.lanes.iter().map(|lane| lane.spec.lease).min();
        let tick = shortest.map_or(TICK_MAX, |lease| (lease / 12).clamp(TICK_MIN, TICK_MAX));
        let db = shared.client.db().dedicated();
        let blocked = vec![false; shared.lanes.len()];
        Heart {
            shared,
            db,
            card,
            tick,
            beat: None,
            blocked,
            failing: false,
        }
    }

    /// Beats until the worker has ended, then takes the worker's row away.
    pub(crate) async fn run(mut self) {
        let ended = self.shared.ended.clone();
        let mut tick = tokio::time::interval(self.tick);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = ended.cancelled() => break,
                _ = tick.tick() => {}
            }
            self.watch();
            let result = self.renew().await;
            let result = match result {
                Ok(()) => self.beat().await,
                error => error,
            };
            self.note(result);
        }
        // A worker that leaves without a word is pruned later.
        let _ = workers::leave(&self.db, &self.card.worker).await;
    }

    async fn renew(&self) -> DbResult<()> {
        let due = self.shared.inflight.renewals(self.tick * 2);
        for chunk in due.chunks(dutiful_core::limits::SETTLE_BATCH_MAX) {
            let lost = renew::renew(&self.db, &self.shared.worker, chunk).await?;
            self.shared.inflight.renewed(chunk);
            for attempt in lost {
                self.shared.inflight.lost(attempt.id, attempt.attempt);
            }
        }
        Ok(())
    }

    async fn beat(&mut self) -> DbResult<()> {
        if self.beat.is_none_or(|beat| beat.elapsed() >= BEAT) {
            workers::beat(&self.db, &self.card).await?;
            self.beat = Some(Instant::now());
        }
        Ok(())
    }

    /// One line for each change between well and ill.
    fn note(&mut self, result: DbResult<()>) {
        match result {
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::warn!(%error, "cannot renew leases; trying again until it works");
            }
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!("renewing leases again");
            }
            _ => {}
        }
    }

    /// Looks after what lanes cannot do for themselves while a handler blocks their thread.
    fn watch(&mut self) {
        for index in 0..self.blocked.len() {
            self.watch_lane(index);
        }
        for overdue in self.shared.inflight.overdue(BLOCKED_SLACK) {
            let lane = &self.shared.lanes[overdue.lane];
            let blocked = lane.silent_for() >= BLOCKED;
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
                follow_ups: Vec::new(),
                settled_by_handler: false,
            });
            if blocked {
                self.replace_thread(overdue.lane);
            }
        }
    }

    fn watch_lane(&mut self, index: usize) {
        let lane = &self.shared.lanes[index];
        let running = || self.shared.inflight.running_on(index);
        let blocked = lane.silent_for() >= BLOCKED && !running().is_empty();
        if blocked && !self.blocked[index] {
            tracing::warn!(
                name = lane.spec.name,
                tasks = ?running(),
                "a handler blocks the event loop of its lane; let it await, or give the task threads of its own"
            );
        }
        self.blocked[index] = blocked;
    }

    /// The blocked thread is left behind with what it runs, and another one serves the lane.
    fn replace_thread(&self, index: usize) {
        let lane = &self.shared.lanes[index];
        let abandoned = lane.abandoned.fetch_add(1, Ordering::Relaxed) + 1;
        self.shared.counts.abandoned.fetch_add(1, Ordering::Relaxed);
        if abandoned >= ABANDONED_MAX {
            tracing::error!(
                name = lane.spec.name,
                abandoned,
                "too many handlers never ended; this lane claims no more"
            );
            return;
        }
        tracing::warn!(
            name = lane.spec.name,
            "the blocked thread is left behind; another one serves the lane"
        );
        if let Err(error) = lane_thread::start(&self.shared, index) {
            tracing::error!(name = lane.spec.name, %error, "the lane has no thread");
        }
    }
}
