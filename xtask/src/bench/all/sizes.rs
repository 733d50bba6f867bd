//! How much a scenario is given to do.

use std::time::Duration;

use anyhow::{Result, ensure};

/// What `dutiful bench` takes.
const TASKS_MIN: u64 = 1_000;
const TASKS_MAX: u64 = 10_000_000;
/// Rows that are there beforehand.
const ROWS: u64 = 1_000_000;
const ROWS_LONG: u64 = 10_000_000;
/// How many times the tasks of the base run make a backlog.
const BACKLOG: u64 = 10;
const BACKLOG_LONG: u64 = 100;

/// The numbers of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) tasks: u64,
    /// Rows of tasks that wait.
    pub(crate) waiting: u64,
    /// Rows of tasks that have ended.
    pub(crate) finished: u64,
    long: bool,
}

impl Sizes {
    pub(crate) fn new(tasks: u64, rows: Option<u64>, long: bool) -> Result<Sizes> {
        let times = if long { BACKLOG_LONG } else { BACKLOG };
        ensure!(
            tasks * times <= TASKS_MAX,
            "--tasks {tasks} makes a backlog of more than {TASKS_MAX}"
        );
        Ok(Sizes {
            tasks,
            waiting: rows.unwrap_or(ROWS),
            finished: rows.unwrap_or(if long { ROWS_LONG } else { ROWS }),
            long,
        })
    }

    pub(crate) fn backlogs(self) -> Vec<u64> {
        let mut all = vec![self.tasks * BACKLOG];
        all.extend(self.long.then_some(self.tasks * BACKLOG_LONG));
        all
    }

    /// Tasks of a large payload: fewer, so that no run moves gigabytes.
    pub(crate) fn with_payload(self, bytes: u64) -> u64 {
        let fewer = match bytes {
            0..1_000 => 1,
            1_000..100_000 => 10,
            _ => 50,
        };
        (self.tasks / fewer).max(TASKS_MIN)
    }

    /// As many as grow old while a snapshot is held: 120,000 when the base run has 50,000.
    pub(crate) fn under_snapshot(self) -> u64 {
        self.tasks * 12 / 5
    }
}

/// How long something may take that a healthy server does many times faster.
pub(crate) fn patience(rows: u64) -> Duration {
    const ALWAYS: u64 = 300;
    const ROWS_A_SECOND_MIN: u64 = 2_000;
    Duration::from_secs(ALWAYS + rows / ROWS_A_SECOND_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_sizes() {
        let sizes = Sizes::new(50_000, None, false).unwrap();
        assert_eq!(sizes.backlogs(), [500_000]);
        assert_eq!((sizes.finished, sizes.waiting), (1_000_000, 1_000_000));
        assert_eq!(sizes.under_snapshot(), 120_000);
        let payloads = [100, 10_000, 200_000].map(|bytes| sizes.with_payload(bytes));
        assert_eq!(payloads, [50_000, 5_000, 1_000]);
    }

    #[test]
    fn a_long_run_has_more_rows() {
        let sizes = Sizes::new(50_000, None, true).unwrap();
        assert_eq!(sizes.backlogs(), [500_000, 5_000_000]);
        assert_eq!((sizes.finished, sizes.waiting), (10_000_000, 1_000_000));
        assert_eq!(
            Sizes::new(2_000, Some(20_000), true).unwrap().finished,
            20_000
        );
        assert!(Sizes::new(200_000, None, true).is_err());
    }
}
