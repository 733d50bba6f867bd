//! Which priorities of which lanes have something due, as far as is known.

use dutiful_core::Timestamp;
use std::collections::HashMap;

/// Marks for more levels than this are not kept.
const MARKS_MAX: usize = 10_000;

/// The levels to claim from, and from which due time on.
#[derive(Debug)]
pub(super) struct DueLevels {
    /// For each lane its priorities with something due, highest first.
    lanes: Vec<Vec<i64>>,
    /// Up to which due time a level was taken. What becomes due earlier than that afterwards (a lease
    /// that runs out, a task submitted for the past) is seen by the next look.
    marks: HashMap<(usize, i64), Timestamp>,
}

impl DueLevels {
    pub(super) fn new(lanes: usize) -> DueLevels {
        DueLevels {
            lanes: vec![Vec::new(); lanes],
            marks: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(Vec::is_empty)
    }

    /// Forgets what is due, but not what was taken.
    pub(super) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(Vec::clear);
    }

    /// Forgets what is due in one lane.
    pub(super) fn forget(&mut self, lane: usize) {
        self.lanes[lane].clear();
    }

    /// A look found the first task of a level to be due since then.
    pub(super) fn found(&mut self, lane: usize, priority: i64, first_due: Timestamp) {
        self.mark(lane, priority, first_due);
        self.add(lane, priority);
    }

    /// Something may be due at any level that was claimed from before.
    pub(super) fn add_known(&mut self) {
        let known: Vec<(usize, i64)> = self.marks.keys().copied().collect();
        for (lane, priority) in known {
            self.add(lane, priority);
        }
    }

    /// Something is due at this level.
    pub(super) fn add(&mut self, lane: usize, priority: i64) {
        let levels = &mut self.lanes[lane];
        // Sorted from the highest to the lowest.
        if let Err(place) = levels.binary_search_by(|known| priority.cmp(known)) {
            levels.insert(place, priority);
        }
    }

    /// The most urgent level of a lane.
    pub(super) fn first(&self, lane: usize) -> Option<i64> {
        self.lanes[lane].first().copied()
    }

    /// Nothing is left of the most urgent level.
    pub(super) fn remove_first(&mut self, lane: usize) {
        if !self.lanes[lane].is_empty() {
            self.lanes[lane].remove(0);
        }
    }

    /// Everything that was due at this level until then was taken, by whomever.
    pub(super) fn taken_up_to(&mut self, lane: usize, priority: i64, due_at: Timestamp) {
        self.mark(lane, priority, due_at);
    }

    /// The due time from which on a level is claimed.
    pub(super) fn from(&self, lane: usize, priority: i64) -> Timestamp {
        let mark = self.marks.get(&(lane, priority)).copied();
        mark.unwrap_or(Timestamp::from_micros(0))
    }

    fn mark(&mut self, lane: usize, priority: i64, at: Timestamp) {
        if self.marks.len() >= MARKS_MAX {
            self.marks.clear();
        }
        self.marks.insert((lane, priority), at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_highest_first_and_once() {
        let mut due = DueLevels::new(2);
        for priority in [0, 5, -3, 5] {
            due.add(1, priority);
        }
        assert_eq!((due.first(0), due.first(1)), (None, Some(5)));
        due.remove_first(1);
        assert_eq!(due.first(1), Some(0));
        due.clear();
        assert!(due.is_empty());
    }

    #[test]
    fn a_look_moves_the_mark_back() {
        let at = Timestamp::from_micros;
        let mut due = DueLevels::new(1);
        assert_eq!(due.from(0, 0), at(0));
        due.taken_up_to(0, 0, at(70));
        due.clear();
        assert_eq!(due.from(0, 0), at(70));
        due.found(0, 0, at(30));
        assert_eq!((due.from(0, 0), due.first(0)), (at(30), Some(0)));
    }
}
