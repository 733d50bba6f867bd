//! Keeps leases alive, learns which were lost, beats the worker's row, hears whether the worker is to end and that
//! the queue is being moved.
//!
//! It lives on a thread and a connection of its own, so that no handler and no queue can hold it up;
//! at shutdown it is the last to stop.

use super::shared::Shared;
use super::trouble::Trouble;
use crate::db::{Db, DbErrorKind, DbResult};
use crate::store::{moves, renew, workers};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the worker's row is written.
const BEAT: Duration = Duration::from_secs(10);
/// The heart goes round at a twelfth of the shortest lease, within these bounds.
const TICK_MIN: Duration = Duration::from_millis(50);
const TICK_MAX: Duration = Duration::from_secs(1);

/// How often the heart, and the watch beside it, go round.
pub(crate) fn tick(shared: &Shared) -> Duration {
    let shortest = shared.lanes.iter().map(|lane| lane.spec.lease).min();
    shortest.map_or(TICK_MAX, |lease| (lease / 12).clamp(TICK_MIN, TICK_MAX))
}

pub(crate) struct Heart {
    shared: Arc<Shared>,
    db: Db,
    card: workers::Card,
    tick: Duration,
    beat: Option<Instant>,
    trouble: Trouble,
}

impl Heart {
    pub(crate) fn new(shared: Arc<Shared>, card: workers::Card) -> Heart {
        Heart {
            db: shared.client.db().dedicated(),
            tick: tick(&shared),
            shared,
            card,
            beat: None,
            trouble: Trouble::new("renew leases"),
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
            let result = self.renew().await;
            let result = match result {
                Ok(()) => self.beat().await,
                error => error,
            };
            match result {
                Ok(()) => self.trouble.worked(),
                // Nothing of what this worker could do will ever be heard of again.
                Err(error) if error.kind == DbErrorKind::Moved => {
                    self.shared.stop_with(error.into());
                    self.trouble.worked();
                }
                // The next round comes soon enough.
                Err(error) => drop(self.trouble.failed(&error)),
            }
        }
        // A worker that leaves without a word is pruned later.
        let _ = workers::leave(&self.db, &self.card.worker).await;
    }

    async fn renew(&self) -> DbResult<()> {
        let due = self.shared.inflight.renewals(self.tick * 2);
        for chunk in due.chunks(dutiful_core::limits::SETTLE_BATCH_MAX) {
            let asked = Instant::now();
            let lost = renew::renew(&self.db, &self.shared.worker, chunk).await?;
            self.shared.inflight.renewed(chunk, asked);
            for attempt in lost {
                self.shared.inflight.lost(attempt.id, attempt.attempt);
            }
        }
        Ok(())
    }

    async fn beat(&mut self) -> DbResult<()> {
        if self.beat.is_none_or(|beat| beat.elapsed() >= BEAT) {
            let now = Instant::now();
            workers::beat(&self.db, &self.card).await?;
            self.drain_if_asked().await?;
            self.hear_of_moves().await?;
            // Last: a move counts on it that every worker has heard of it within a beat.
            self.beat = Some(now);
        }
        Ok(())
    }

    /// Somebody may have asked the worker to end.
    async fn drain_if_asked(&self) -> DbResult<()> {
        let stopping = &self.shared.stopping;
        if !stopping.is_cancelled() && workers::is_to_drain(&self.db, &self.card.worker).await? {
            tracing::info!(
                "an operator drains this worker: claiming stops, running tasks get their grace"
            );
            stopping.cancel();
        }
        Ok(())
    }

    /// While a move waits for running tasks to end, no others begin.
    async fn hear_of_moves(&self) -> DbResult<()> {
        let drains = moves::drains(&self.db).await?;
        if self.shared.draining.swap(drains, Ordering::Relaxed) == drains {
            return Ok(());
        }
        if drains {
            tracing::info!("the queue is about to be moved: no tasks are claimed for the moment");
        } else {
            tracing::info!("claiming tasks again");
        }
        Ok(())
    }
}
