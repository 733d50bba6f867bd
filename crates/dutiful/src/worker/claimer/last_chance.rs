//! Tasks that one more crash would quarantine.
//!
//! When a worker dies, every task that it held is charged, because nobody can tell which one killed it. So
//! that the innocent are not quarantined beside the one that does, a worker holds only one task on its
//! last chance at a time; the others wait for their turn, uncharged.

use crate::db::Db;
use crate::store::claim::Claimed;
use crate::store::settle::{self, Ending};
use crate::worker::lane::Lane;
use crate::worker::shared::Shared;
use dutiful_core::Event;
use std::time::Duration;

/// The turns of those that wait are as far apart as a run takes on average, within these bounds.
const TURN_MIN: Duration = Duration::from_millis(20);
const TURN_MAX: Duration = Duration::from_secs(5);
/// Nobody waits longer for the next try.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Remembers which task on its last chance the worker holds.
#[derive(Debug, Default)]
pub(super) struct LastChance {
    held: Option<(i64, i64)>,
}

impl LastChance {
    /// Keeps one such task at most and gives the others back. When they cannot be given back they stay.
    pub(super) async fn one_at_a_time(
        &mut self,
        shared: &Shared,
        db: &Db,
        lane: &Lane,
        claimed: &mut Vec<Claimed>,
    ) {
        if !claimed.iter().any(|task| task.last_chance) {
            return;
        }
        let holds = |(id, attempt)| shared.inflight.holds(id, attempt);
        self.held = self.held.filter(|held| holds(*held));
        let mut others = Vec::new();
        for task in claimed.iter().filter(|task| task.last_chance) {
            // The same task again: the worker has lost its lease on it and taken it over.
            if self.held.is_none_or(|(id, _)| id == task.id) {
                self.held = Some((task.id, task.attempt));
            } else {
                others.push((task.id, task.attempt));
            }
        }
        if others.is_empty() {
            return;
        }
        let turn = lane
            .mean_run()
            .unwrap_or(TURN_MIN)
            .clamp(TURN_MIN, TURN_MAX);
        let endings: Vec<Ending> = (1..)
            .zip(&others)
            .map(|(place, task)| wait(*task, turn, place))
            .collect();
        match settle::endings(db, &shared.worker, &endings).await {
            Ok(_) => claimed.retain(|task| !others.contains(&(task.id, task.attempt))),
            Err(error) => tracing::warn!(%error, "tasks on their last chance run side by side"),
        }
    }
}

fn wait((id, attempt): (i64, i64), turn: Duration, place: u32) -> Ending {
    let delay = turn.saturating_mul(place).min(WAIT_MAX);
    let why =
        "workers died while they held this task; it waits until no other such task runs beside it";
    Ending {
        id,
        attempt,
        event: Event::Snoozed { delay },
        message: Some(why.to_owned()),
    }
}
