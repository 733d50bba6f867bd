//! When and from where to search for lost leases behind a backlog.

use crate::store::poll::Level;
use dutiful_core::Timestamp;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often to search.
const EVERY: Duration = Duration::from_secs(1);
/// A level is behind when its first task is late by this much; otherwise a claim finds everything soon.
const BEHIND: Duration = Duration::from_secs(2);
/// The first search goes back this far. Leases that ran out earlier wait for their turn.
const BACK: Duration = Duration::from_secs(60);

/// The searches of one worker.
#[derive(Debug)]
pub(super) struct Rescue {
    next: Instant,
    cursors: HashMap<(usize, i64), Timestamp>,
}

impl Rescue {
    pub(super) fn new() -> Rescue {
        Rescue {
            next: Instant::now(),
            cursors: HashMap::new(),
        }
    }

    /// The levels to search now, with the due time to begin at. Those that caught up are forgotten.
    pub(super) fn due(&mut self, levels: &[(usize, Level)]) -> Vec<(usize, i64, Timestamp)> {
        let now = Instant::now();
        let behind = levels.iter().filter(|(_, level)| level.late() >= BEHIND);
        let behind: Vec<_> = behind
            .map(|(lane, level)| {
                let from = self.cursors.get(&(*lane, level.priority)).copied();
                let from = from.unwrap_or(level.now.saturating_sub(BACK));
                (*lane, level.priority, from.max(level.due_at))
            })
            .collect();
        let is_behind = |key: &(usize, i64)| behind.iter().any(|level| (level.0, level.1) == *key);
        self.cursors.retain(|key, _| is_behind(key));
        if now < self.next {
            return Vec::new();
        }
        self.next = now + EVERY;
        behind
    }

    /// Where the next search of a level begins.
    pub(super) fn searched(&mut self, lane: usize, priority: i64, next: Timestamp) {
        self.cursors.insert((lane, priority), next);
    }
}
