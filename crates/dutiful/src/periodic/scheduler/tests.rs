//! What the overlap policy makes of a plan. What workers make of their rows is in the conformance suite.

use super::*;
use crate::periodic::{Kind, Periodic};
use crate::store::periodic::Changed;
use crate::{Context, Task, TaskError};

const HOUR: Duration = Duration::from_secs(3_600);
const LATER: Duration = Duration::from_millis(100);

struct Tick;

impl Task for Tick {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

fn hourly() -> Definition {
    match Periodic::every(HOUR, Tick).split().1 {
        Kind::Stored(definition) => definition.unwrap(),
        Kind::Local(_) => unreachable!("it is not local"),
    }
}

/// A row of an hourly periodic whose next tick was `late` ago.
fn due(late: Duration, last_ended: bool) -> Seen {
    let next_at = dutiful_core::Timestamp::from_micros(1_000 * 3_600_000_000);
    let row = PeriodicRow {
        defined: defined(&hourly()),
        changed: Changed::default(),
        paused: false,
        next_at: Some(next_at),
        last_at: None,
        last_task_id: None,
        fired: 0,
        skipped: 0,
    };
    Seen {
        row,
        now: next_at.saturating_add(late),
        last_ended,
    }
}

fn decided(overlap: Overlap, missed: Missed, row: &Seen) -> Option<(usize, u64)> {
    let rules = Rules {
        missed,
        overlap,
        ..Rules::read(&row.row).unwrap()
    };
    decide(&rules, row).map(|plan| (plan.fire.len(), plan.skipped))
}

#[test]
fn a_tick_while_the_last_task_runs_is_skipped_queued_or_allowed() {
    let row = due(LATER, false);
    assert_eq!(decided(Overlap::Skip, Missed::Once, &row), Some((0, 1)));
    assert_eq!(decided(Overlap::Queue, Missed::Once, &row), None);
    assert_eq!(decided(Overlap::Allow, Missed::Once, &row), Some((1, 0)));
    let row = due(LATER, true);
    for overlap in Overlap::ALL {
        assert_eq!(
            decided(*overlap, Missed::Once, &row),
            Some((1, 0)),
            "{overlap}"
        );
    }
}

#[test]
fn ticks_that_are_made_up_for_do_not_overlap_either() {
    let row = due(5 * HOUR, true);
    assert_eq!(decided(Overlap::Allow, Missed::All, &row), Some((6, 0)));
    assert_eq!(decided(Overlap::Skip, Missed::All, &row), Some((1, 5)));
    assert_eq!(decided(Overlap::Queue, Missed::All, &row), Some((1, 0)));
    assert_eq!(decided(Overlap::Queue, Missed::Once, &row), Some((1, 4)));
    assert_eq!(
        decided(Overlap::Skip, Missed::None, &due(5 * HOUR + HOUR / 2, true)),
        Some((0, 6))
    );
}

#[test]
fn one_look_submits_a_hundred_tasks_at_most() {
    let row = due(Duration::from_secs(23 * 3_600), true);
    let mut every_minute = row.row.clone();
    every_minute.changed.schedule = Some("every 60000000".to_owned());
    let rules = Rules {
        missed: Missed::All,
        overlap: Overlap::Allow,
        ..Rules::read(&every_minute).unwrap()
    };
    let plan = decide(&rules, &row).unwrap();
    assert_eq!((plan.fire.len(), plan.skipped), (TICKS_MAX, 0));
    assert!(
        plan.next.unwrap() < row.now,
        "the rest comes with the next look"
    );
}
