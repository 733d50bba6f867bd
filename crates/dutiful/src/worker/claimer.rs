//! Takes due tasks for the lanes.
//!
//! It looks when something says that there may be work, when a slot is free and the last look found
//! more, and otherwise once in each lane's poll interval. A look is one statement for all lanes; it
//! tells which priorities have something due, and when the next task will be.

use super::lane::Lane;
use super::shared::Shared;
use crate::db::{Db, DbError, DbErrorKind};
use crate::store::claim::{self, Batch, Request};
use crate::store::poll::{self, Level};
use dutiful_core::limits::CLAIM_BATCH_MAX;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// While work comes in, the list of priorities is read again this often, so that an urgent task is not
/// kept waiting by a backlog.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// After an error the next try waits this long, doubling up to `ERROR_PAUSE_MAX`.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
const ERROR_PAUSE_MAX: Duration = Duration::from_secs(5);

pub(crate) struct Claimer {
    shared: Arc<Shared>,
    db: Db,
    names: Vec<String>,
    /// What was seen due at the last look, highest priority first, and not found empty since.
    due: HashMap<usize, Vec<i64>>,
    /// When the next task of any lane will be due, as of the last look.
    next_due: Option<Instant>,
    looked: Option<Instant>,
    error_pause: Duration,
    /// Lanes and priorities of claims whose answers were lost.
    unheard: Vec<(usize, i64)>,
}

impl Claimer {
    pub(crate) fn new(shared: Arc<Shared>) -> Claimer {
        let names = shared
            .lanes
            .iter()
            .map(|lane| lane.spec.name.to_owned())
            .collect();
        let db = shared.client.db().dedicated();
        Claimer {
            shared,
            db,
            names,
            due: HashMap::new(),
            next_due: None,
            looked: None,
            error_pause: ERROR_PAUSE,
            unheard: Vec::new(),
        }
    }

    /// Claims until shutdown begins.
    pub(crate) async fn run(mut self) {
        let stopping = self.shared.stopping.clone();
        let look = Arc::clone(&self.shared.look);
        while !stopping.is_cancelled() {
            let pause = match self.round().await {
                Ok(claimed) => {
                    self.recovered();
                    self.pause(claimed)
                }
                Err(error) => self.failed(&error),
            };
            let Some(pause) = pause else { continue };
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                () = look.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One look, if it is time for one, and one claim for each lane that has room and something due.
    async fn round(&mut self) -> Result<usize, DbError> {
        self.adopt_unheard().await?;
        if self.must_look() {
            self.look().await?;
        }
        let mut claimed = 0;
        for index in 0..self.shared.lanes.len() {
            claimed += self.claim_for(index).await?;
        }
        Ok(claimed)
    }

    /// Takes in what was claimed by statements whose answers were lost.
    async fn adopt_unheard(&mut self) -> Result<(), DbError> {
        while let Some(&(index, priority)) = self.unheard.last() {
            let lane = Arc::clone(&self.shared.lanes[index]);
            let request = self.request(&lane, priority, 0);
            let mut held = claim::claimed_unheard(&self.db, &request).await?;
            held.retain(|task| !self.shared.inflight.holds(task.id, task.attempt));
            self.unheard.pop();
            self.hand_over(
                index,
                &lane,
                Batch {
                    claimed: held,
                    ..Batch::default()
                },
            );
        }
        Ok(())
    }

    fn must_look(&self) -> bool {
        let Some(looked) = self.looked else {
            return true;
        };
        self.due.is_empty() || looked.elapsed() >= LOOK_AGAIN
    }

    async fn look(&mut self) -> Result<(), DbError> {
        let levels = poll::poll(&self.db, &self.names).await?;
        let now = Instant::now();
        self.looked = Some(now);
        self.due.clear();
        self.next_due = None;
        for Level {
            task_name,
            priority,
            due_in,
        } in levels
        {
            let Some(lane) = self.names.iter().position(|name| *name == task_name) else {
                continue;
            };
            if due_in.is_zero() {
                self.due.entry(lane).or_default().push(priority);
            } else {
                let at = now + due_in;
                self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
            }
        }
        for priorities in self.due.values_mut() {
            priorities.sort_unstable_by(|a, b| b.cmp(a));
        }
        Ok(())
    }

    async fn claim_for(&mut self, index: usize) -> Result<usize, DbError> {
        let lane = Arc::clone(&self.shared.lanes[index]);
        let mut claimed = 0;
        while let Some(&priority) = self.due.get(&index).and_then(|levels| levels.first()) {
            let wants = lane.wants().min(CLAIM_BATCH_MAX);
            if wants == 0 || self.shared.stopping.is_cancelled() {
                break;
            }
            let request = self.request(&lane, priority, wants);
            let batch = match claim::claim(&self.db, &request).await {
                Err(error) if error.kind == DbErrorKind::LinkLost => {
                    self.unheard.push((index, priority));
                    return Err(error);
                }
                result => result?,
            };
            if batch.found < wants {
                self.level_is_empty(index);
            }
            claimed += batch.claimed.len();
            self.hand_over(index, &lane, batch);
        }
        Ok(claimed)
    }

    fn request(&self, lane: &Lane, priority: i64, limit: usize) -> Request {
        Request {
            task_name: lane.spec.name.to_owned(),
            priority,
            limit,
            worker: self.shared.worker.to_string(),
            lease: lane.spec.lease,
            crash_limit: lane.spec.crash_limit,
        }
    }

    fn level_is_empty(&mut self, index: usize) {
        if let Some(levels) = self.due.get_mut(&index) {
            levels.remove(0);
            if levels.is_empty() {
                self.due.remove(&index);
            }
        }
    }

    fn hand_over(&self, index: usize, lane: &Lane, batch: Batch) {
        if batch.quarantined > 0 {
            let count = u64::try_from(batch.quarantined).unwrap_or(u64::MAX);
            self.shared
                .counts
                .quarantined
                .fetch_add(count, Ordering::Relaxed);
            tracing::error!(
                name = lane.spec.name,
                count,
                "tasks were quarantined: workers died too often while they ran them"
            );
        }
        for task in &batch.claimed {
            let root = &self.shared.grace_over;
            self.shared
                .inflight
                .claimed(task.id, task.attempt, index, lane.spec.lease, root);
        }
        lane.push(batch.claimed);
    }

    /// How long to wait for a sign; `None` means not at all.
    fn pause(&self, claimed: usize) -> Option<Duration> {
        let poll = self
            .shared
            .lanes
            .iter()
            .map(|lane| lane.spec.poll_interval)
            .min();
        let poll = poll.unwrap_or(dutiful_core::limits::POLL_INTERVAL);
        if claimed > 0 && self.due.is_empty() {
            // Found and emptied: more may have come meanwhile.
            return None;
        }
        if !self.due.is_empty() {
            // Due, but no slot is free: the lanes say when one is.
            return Some(LOOK_AGAIN.min(poll));
        }
        let until_due = self
            .next_due
            .map(|at| at.saturating_duration_since(Instant::now()));
        // Not at the very microsecond: the database's clock decides, and may be a little behind.
        let until_due = until_due.map(|wait| wait + Duration::from_millis(1));
        Some(until_due.map_or(poll, |wait| wait.min(poll)))
    }

    fn failed(&mut self, error: &DbError) -> Option<Duration> {
        if self.error_pause == ERROR_PAUSE {
            tracing::warn!(%error, "cannot claim tasks; trying again until it works");
        }
        let pause = self.error_pause;
        self.error_pause = (pause * 2).min(ERROR_PAUSE_MAX);
        self.due.clear();
        self.looked = None;
        Some(pause)
    }

    fn recovered(&mut self) {
        if self.error_pause > ERROR_PAUSE {
            tracing::info!("claiming tasks again");
            self.error_pause = ERROR_PAUSE;
        }
    }
}
