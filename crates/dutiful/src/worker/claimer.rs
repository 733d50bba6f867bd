//! Takes due tasks for the lanes.
//!
//! What was submitted in this process it claims at once: name and priority are known. Otherwise it looks:
//! one statement for all lanes, which tells the priorities that have something due, and when the next
//! task will be. It looks when somebody says that there may be work, soon after it has found some, and
//! then less and less often, down to once in the shortest poll interval. A look also tells which names are
//! paused: their lanes claim nothing, and no claim goes by a look that is older than some seconds.

mod due;
mod rescue;

use super::lane::Lane;
use super::shared::Shared;
use crate::client::Signal;
use crate::db::{Db, DbError};
use crate::store::claim::{self, Batch, Claimed, Request};
use crate::store::{lost, poll, take_over};
use due::DueLevels;
use dutiful_core::Timestamp;
use dutiful_core::lease::renew_every;
use dutiful_core::limits::{CLAIM_BATCH_MAX, POLL_INTERVAL};
use rescue::Rescue;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// While a backlog lasts, the list of priorities is read again this often, so that an urgent task is not
/// kept waiting by it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// When a backlog has ended, or a look found nothing new, the next look is after this long, doubling.
const LOOK_SOON: Duration = Duration::from_millis(20);
/// After a look that took this long, the next one waits `LOOK_SHARE` times as long, and hints lead straight
/// to the levels known from before: whatever makes looks slow, they take a tenth of the time at most.
const SLOW_LOOK: Duration = Duration::from_millis(5);
const LOOK_SHARE: u32 = 9;
/// And no longer than this, or whoever relies on hints would wait for as long as for polling.
const LOOK_REST_MAX: Duration = Duration::from_secs(1);
/// When a level was emptied, the next claim begins this much earlier than the last one ended: a task is due
/// from the moment at which its statement began, and may be committed after one that began later.
const LATE_COMMIT: Duration = Duration::from_millis(30);
/// What was seen of pauses is relied on for so long.
const PAUSES_KNOWN: Duration = Duration::from_secs(2);
/// After an error the next try waits this long, doubling up to `ERROR_PAUSE_MAX`.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
const ERROR_PAUSE_MAX: Duration = Duration::from_secs(5);

/// A task that one more crash would quarantine.
struct LastChance {
    id: i64,
    attempt: i64,
    lane: usize,
    priority: i64,
}

pub(crate) struct Claimer {
    shared: Arc<Shared>,
    db: Db,
    names: Vec<String>,
    /// The shortest poll interval of all lanes.
    poll_interval: Duration,
    due: DueLevels,
    /// For each lane whether its name is paused, as the last look has seen it.
    paused: Vec<bool>,
    /// When that was.
    looked_at: Option<Instant>,
    /// When to look without being told to.
    look_at: Instant,
    /// Not before this, whoever tells.
    no_look_before: Instant,
    look_pause: Duration,
    error_pause: Duration,
    /// The task that one more crash would quarantine and that this worker holds: at most one. When a worker
    /// dies, each task that it held is charged, and the innocent must not be quarantined beside a pill.
    last_chance: Option<LastChance>,
    rescue: Rescue,
    /// Lanes and priorities of claims that may stand although they failed.
    unheard: Vec<(usize, i64)>,
    /// What the database refuses for good, by lane and priority.
    refused: HashSet<(&'static str, usize, i64)>,
}

impl Claimer {
    pub(crate) fn new(shared: Arc<Shared>) -> Claimer {
        let lanes = &shared.lanes;
        let names = lanes.iter().map(|lane| lane.spec.name.to_owned()).collect();
        let poll_interval = lanes.iter().map(|lane| lane.spec.poll_interval).min();
        Claimer {
            db: shared.client.db().dedicated(),
            names,
            poll_interval: poll_interval.unwrap_or(POLL_INTERVAL),
            due: DueLevels::new(lanes.len()),
            paused: vec![false; lanes.len()],
            looked_at: None,
            look_at: Instant::now(),
            no_look_before: Instant::now(),
            look_pause: LOOK_SOON,
            error_pause: ERROR_PAUSE,
            last_chance: None,
            rescue: Rescue::new(),
            unheard: Vec::new(),
            refused: HashSet::new(),
            shared,
        }
    }

    /// Claims until shutdown begins.
    pub(crate) async fn run(mut self) {
        let stopping = self.shared.stopping.clone();
        let signal = Arc::clone(&self.shared.signal);
        while !stopping.is_cancelled() {
            if self.shared.draining.load(Ordering::Relaxed) {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
                // What was heard meanwhile is found by looking.
                self.look_at = Instant::now();
                continue;
            }
            let wait_until = match self.round(&signal).await {
                Ok(()) => {
                    self.recovered();
                    self.look_at
                }
                Err(error) => self.failed(&error),
            };
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                () = signal.heard() => {}
                () = tokio::time::sleep_until(wait_until.into()) => {}
            }
        }
    }

    /// One look, if it is time for one, and a claim for each lane that has room and something due.
    async fn round(&mut self, signal: &Signal) -> Result<(), DbError> {
        self.adopt_unheard().await?;
        let holds = |held: &LastChance| self.shared.inflight.holds(held.id, held.attempt);
        if let Some(over) = self.last_chance.take_if(|held| !holds(held)) {
            // The next of its kind may have its turn.
            self.due.add(over.lane, over.priority);
        }
        let heard = signal.take();
        for (task_name, priority) in &heard.levels {
            if let Some(lane) = self.lane_of(task_name) {
                self.due.add(lane, *priority);
            }
        }
        let now = Instant::now();
        if now >= self.look_at || (heard.anything && now >= self.no_look_before) || self.is_blind()
        {
            self.look().await?;
        } else if heard.anything {
            self.due.add_known();
            self.look_at = self.look_at.min(self.no_look_before);
        }
        for index in 0..self.shared.lanes.len() {
            self.claim_for(index).await?;
        }
        Ok(())
    }

    /// Something is to be claimed by a look that is too old to tell what is paused.
    fn is_blind(&self) -> bool {
        let is_old = |looked: Instant| looked.elapsed() >= PAUSES_KNOWN;
        !self.due.is_empty() && self.looked_at.is_none_or(is_old)
    }

    fn lane_of(&self, task_name: &str) -> Option<usize> {
        self.names.iter().position(|name| name == task_name)
    }

    /// Takes in what was claimed by statements that failed all the same.
    async fn adopt_unheard(&mut self) -> Result<(), DbError> {
        while let Some(&(index, priority)) = self.unheard.last() {
            let lane = Arc::clone(&self.shared.lanes[index]);
            let request = self.request(index, priority, 0);
            // Before the rows are read: what is settled meanwhile was known, and must not run again.
            let known = self.shared.inflight.known();
            let mut held = claim::claimed_unheard(&self.db, &request).await?;
            held.retain(|task| !known.contains(&(task.id, task.attempt)));
            self.unheard.pop();
            self.remember_last_chance(index, priority, &held);
            let batch = Batch {
                claimed: held,
                ..Batch::default()
            };
            // How much of the lease is left is not known: the heart renews it with its next beat.
            let now = Instant::now();
            let asked = now.checked_sub(renew_every(lane.spec.lease));
            self.hand_over(index, &lane, batch, asked.unwrap_or(now));
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), DbError> {
        let began = Instant::now();
        let looked = poll::poll(&self.db, &self.names).await?;
        let now = Instant::now();
        self.due.clear();
        self.note_pauses(&looked.paused, now);
        let of_lane = |level: poll::Level| {
            let lane = self.lane_of(&level.task_name)?;
            (!self.paused[lane]).then_some((lane, level))
        };
        let levels: Vec<_> = looked.levels.into_iter().filter_map(of_lane).collect();
        let mut next_due = None;
        for (lane, level) in &levels {
            if level.due_in.is_zero() {
                self.due.found(*lane, level.priority, level.due_at);
            } else {
                // Not at the very microsecond: the database's clock may be a little behind.
                let at = now + level.due_in + Duration::from_millis(1);
                next_due = Some(next_due.map_or(at, |next: Instant| next.min(at)));
            }
        }
        let pause = if self.due.is_empty() {
            let pause = self.look_pause;
            self.look_pause = (pause * 2).min(self.poll_interval);
            pause
        } else {
            LOOK_AGAIN
        };
        let took = now - began;
        let rest = if took < SLOW_LOOK {
            Duration::ZERO
        } else {
            (took * LOOK_SHARE).min(LOOK_REST_MAX)
        };
        self.no_look_before = now + rest.min(self.poll_interval);
        self.look_at = now + pause.min(self.poll_interval);
        if let Some(next_due) = next_due {
            self.look_at = self.look_at.min(next_due);
        }
        self.look_at = self.look_at.max(self.no_look_before);
        for (lane, priority, from) in self.rescue.due(&levels) {
            let rescued = self.rescue(lane, priority, from).await;
            self.may_go_on("rescued", lane, priority, rescued)?;
        }
        Ok(())
    }

    /// What a lane has claimed and not begun when its name is paused goes back.
    fn note_pauses(&mut self, names: &HashSet<String>, now: Instant) {
        self.looked_at = Some(now);
        for (lane, name) in self.names.iter().enumerate() {
            let paused = names.contains(name);
            if std::mem::replace(&mut self.paused[lane], paused) == paused {
                continue;
            }
            if paused {
                tracing::info!(name, "paused by an operator: it claims no more");
                self.shared.release_unstarted(lane, Duration::ZERO);
            } else {
                tracing::info!(name, "resumed by an operator: it claims again");
            }
        }
    }

    /// Takes over leases that ran out behind a backlog, so that they need not wait until it is done.
    async fn rescue(
        &mut self,
        index: usize,
        priority: i64,
        from: Timestamp,
    ) -> Result<(), DbError> {
        let lane = Arc::clone(&self.shared.lanes[index]);
        let wants = lane.wants().min(CLAIM_BATCH_MAX);
        if wants == 0 || self.shared.stopping.is_cancelled() {
            // Remembered, or it would move on with the time.
            self.rescue.searched(index, priority, from);
            return Ok(());
        }
        let mut request = self.request(index, priority, wants);
        request.from = from;
        let found = lost::search(&self.db, &request).await?;
        if !found.ids.is_empty() {
            let shared = Arc::clone(&self.shared);
            let ours = |id, attempt| shared.inflight.holds(id, attempt);
            let asked = Instant::now();
            let taken = take_over::take_over(&self.db, &request, found.ids, &ours).await;
            let taken = self.heard(index, priority, taken)?;
            let batch = Batch {
                claimed: taken.claimed,
                quarantined: taken.quarantined,
                ..Batch::default()
            };
            self.hand_over(index, &lane, batch, asked);
        }
        self.rescue.searched(index, priority, found.next);
        Ok(())
    }

    async fn claim_for(&mut self, index: usize) -> Result<(), DbError> {
        if self.paused[index] {
            self.due.forget(index);
            return Ok(());
        }
        let lane = Arc::clone(&self.shared.lanes[index]);
        while let Some(priority) = self.due.first(index) {
            let wants = lane.wants().min(CLAIM_BATCH_MAX);
            if wants == 0 || self.shared.stopping.is_cancelled() {
                break;
            }
            let claimed = self.claim_level(index, priority, wants).await;
            if !self.may_go_on("claimed", index, priority, claimed)? {
                self.due.remove_first(index);
            }
        }
        Ok(())
    }

    async fn claim(
        &mut self,
        index: usize,
        priority: i64,
        request: &Request,
    ) -> Result<Batch, DbError> {
        let shared = Arc::clone(&self.shared);
        let ours = |id, attempt| shared.inflight.holds(id, attempt);
        let claimed = claim::claim(&self.db, request, &ours).await;
        self.heard(index, priority, claimed)
    }

    async fn claim_level(
        &mut self,
        index: usize,
        priority: i64,
        wants: usize,
    ) -> Result<(), DbError> {
        let request = self.request(index, priority, wants);
        let asked = Instant::now();
        let batch = self.claim(index, priority, &request).await?;
        if let Some(last_due) = batch.last_due {
            let only_ours = batch.claimed.is_empty() && batch.ours > 0;
            let from = match (only_ours, batch.found < wants) {
                // On past what is left alone, or it would be found again and again.
                (true, _) => last_due.saturating_add(Duration::from_micros(1)),
                (false, true) => last_due.saturating_sub(LATE_COMMIT),
                (false, false) => last_due,
            };
            self.due.taken_up_to(index, priority, from);
        }
        // What was found and could not be taken is no sign that more comes.
        let (found, mut took_some) = (batch.found, !batch.claimed.is_empty());
        let lane = Arc::clone(&self.shared.lanes[index]);
        self.hand_over(index, &lane, batch, asked);
        if found == 0 {
            took_some = self.claim_on_last_chance(index, priority).await?;
        }
        if found < wants {
            self.level_is_empty(index, took_some);
        }
        Ok(())
    }

    /// What the database refuses for one level for good must keep no other from its tasks: it is said once,
    /// and tried again with the next look. When the database is away, all others would hear the same.
    fn may_go_on(
        &mut self,
        what: &'static str,
        index: usize,
        priority: i64,
        done: Result<(), DbError>,
    ) -> Result<bool, DbError> {
        let Err(error) = done else {
            self.refused.remove(&(what, index, priority));
            return Ok(true);
        };
        if error.is_transient() {
            return Err(error);
        }
        if self.refused.insert((what, index, priority)) {
            let name = self.shared.lanes[index].spec.name;
            tracing::error!(name, priority, %error, "the database lets no tasks be {what}");
        }
        Ok(false)
    }

    /// Takes one task that one more crash would quarantine, when nothing else is due at its level and no
    /// other one is held.
    async fn claim_on_last_chance(&mut self, index: usize, priority: i64) -> Result<bool, DbError> {
        if self.last_chance.is_some() {
            return Ok(false);
        }
        let request = Request {
            from: Timestamp::from_micros(0),
            last_chance: true,
            ..self.request(index, priority, 1)
        };
        let asked = Instant::now();
        let batch = self.claim(index, priority, &request).await?;
        self.remember_last_chance(index, priority, &batch.claimed);
        let took_some = !batch.claimed.is_empty();
        let lane = Arc::clone(&self.shared.lanes[index]);
        self.hand_over(index, &lane, batch, asked);
        Ok(took_some)
    }

    fn remember_last_chance(&mut self, index: usize, priority: i64, claimed: &[Claimed]) {
        let held = claimed.iter().find(|task| task.last_chance);
        let held = held.map(|task| LastChance {
            id: task.id,
            attempt: task.attempt,
            lane: index,
            priority,
        });
        self.last_chance = self.last_chance.take().or(held);
    }

    /// Remembers claims of which at least a part may stand although they failed: the link broke, or the
    /// free tasks were taken and then the lost leases could not be.
    fn heard<T>(
        &mut self,
        index: usize,
        priority: i64,
        answer: Result<T, DbError>,
    ) -> Result<T, DbError> {
        if answer.is_err() && !self.unheard.contains(&(index, priority)) {
            self.unheard.push((index, priority));
        }
        answer
    }

    fn request(&self, index: usize, priority: i64, limit: usize) -> Request {
        let spec = &self.shared.lanes[index].spec;
        Request {
            task_name: spec.name.to_owned(),
            priority,
            from: self.due.from(index, priority),
            last_chance: false,
            limit,
            worker: self.shared.worker.to_string(),
            lease: spec.lease,
            crash_limit: spec.crash_limit,
        }
    }

    /// More may come soon where some has just been found.
    fn level_is_empty(&mut self, index: usize, took_some: bool) {
        self.due.remove_first(index);
        if took_some {
            let pause = LOOK_SOON.min(self.poll_interval);
            let soon = (Instant::now() + pause).max(self.no_look_before);
            self.look_at = self.look_at.min(soon);
            self.look_pause = LOOK_SOON;
        }
    }

    /// `asked` is when the claim was asked for.
    fn hand_over(&mut self, index: usize, lane: &Lane, batch: Batch, asked: Instant) {
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
            let lease = (lane.spec.lease, asked);
            self.shared
                .inflight
                .claimed(task.id, task.attempt, index, lease, root);
        }
        lane.push(batch.claimed);
    }

    fn failed(&mut self, error: &DbError) -> Instant {
        if self.error_pause == ERROR_PAUSE {
            tracing::warn!(%error, "cannot claim tasks; trying again until it works");
        }
        let pause = self.error_pause;
        self.error_pause = (pause * 2).min(ERROR_PAUSE_MAX);
        self.due.clear();
        // What was heard before the error is found again by looking.
        self.look_at = Instant::now() + pause;
        self.look_at
    }

    fn recovered(&mut self) {
        if self.error_pause > ERROR_PAUSE {
            tracing::info!("claiming tasks again");
            self.error_pause = ERROR_PAUSE;
        }
    }
}
