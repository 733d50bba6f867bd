//! Which ticks fire.

use super::*;
use crate::limits::TICK_GRACE;

const MIDNIGHT: &str = "2026-01-02T00:00:00Z";

#[test]
fn a_tick_in_the_future_is_waited_for() {
    let plan = plan(
        &every(HOUR),
        at(MIDNIGHT),
        Missed::All,
        DAY,
        at("2026-01-01T23:59:59Z"),
        9,
    );
    assert_eq!(
        plan,
        Plan {
            fire: vec![],
            skipped: 0,
            next: Some(at(MIDNIGHT))
        }
    );
}

#[test]
fn a_tick_within_the_grace_fires_under_every_policy() {
    for missed in [Missed::None, Missed::Once, Missed::All] {
        let now = at(MIDNIGHT).saturating_add(TICK_GRACE);
        let plan = plan(&every(HOUR), at(MIDNIGHT), missed, Duration::ZERO, now, 9);
        assert_eq!(
            (plan.fire, plan.skipped),
            (vec![at(MIDNIGHT)], 0),
            "{missed}"
        );
        assert_eq!(plan.next, Some(at("2026-01-02T01:00:00Z")));
    }
}

#[test]
fn missed_ticks_follow_the_policy_within_the_window() {
    let now = at("2026-01-02T05:30:00Z");
    let of = |missed, window| plan(&every(HOUR), at(MIDNIGHT), missed, window, now, 9);
    let next = Some(at("2026-01-02T06:00:00Z"));
    let hours = |from: u32| -> Vec<Timestamp> {
        (from..=5)
            .map(|hour| at(&format!("2026-01-02T{hour:02}:00:00Z")))
            .collect()
    };
    assert_eq!(
        of(Missed::None, DAY),
        Plan {
            fire: vec![],
            skipped: 6,
            next
        }
    );
    assert_eq!(
        of(Missed::Once, DAY),
        Plan {
            fire: hours(5),
            skipped: 5,
            next
        }
    );
    assert_eq!(
        of(Missed::Once, HOUR / 4),
        Plan {
            fire: vec![],
            skipped: 6,
            next
        }
    );
    assert_eq!(
        of(Missed::All, DAY),
        Plan {
            fire: hours(0),
            skipped: 0,
            next
        }
    );
    assert_eq!(
        of(Missed::All, 2 * HOUR),
        Plan {
            fire: hours(4),
            skipped: 4,
            next
        }
    );
}

#[test]
fn what_a_call_may_not_fire_is_left_for_the_next_call() {
    let now = at("2026-01-02T05:30:00Z");
    let call = |from, most| plan(&every(HOUR), from, Missed::All, DAY, now, most);
    let first = call(at(MIDNIGHT), 4);
    assert_eq!(
        (first.fire.len(), first.next),
        (4, Some(at("2026-01-02T04:00:00Z")))
    );
    let second = call(first.next.unwrap(), 4);
    assert_eq!(
        (second.fire.len(), second.next),
        (2, Some(at("2026-01-02T06:00:00Z")))
    );
    assert_eq!(call(at(MIDNIGHT), 0).next, Some(at(MIDNIGHT)));
}

#[test]
fn years_of_absence_cost_no_more_than_a_moment() {
    let (then, now) = (at("2021-01-01T00:00:00Z"), at("2026-01-01T00:00:00.5Z"));
    let every_second = plan(&every(SECOND), then, Missed::Once, DAY, now, 100);
    assert_eq!(
        every_second.fire.len(),
        11,
        "one missed and those within the grace"
    );
    let missed = 157_766_401 - 11;
    assert_eq!(
        (every_second.skipped, every_second.next),
        (missed, Some(at("2026-01-01T00:00:01Z")))
    );
    let cron = Schedule::cron("* * * * * *", "America/New_York").unwrap();
    for missed in [Missed::None, Missed::Once, Missed::All] {
        let plan = plan(&cron, then, missed, 3650 * DAY, now, 100);
        assert!(plan.fire.len() <= 100 && plan.skipped <= 1_000);
    }
}

#[test]
fn the_newest_missed_tick_is_found_among_irregular_ones() {
    let schedule = Schedule::cron("* 9 * * MON-FRI", "Europe/Berlin").unwrap();
    // Sunday; the last tick was Friday at 09:59.
    let now = at("2026-01-11T12:00:00+01:00");
    let plan = plan(
        &schedule,
        at("2025-06-02T09:00:00+02:00"),
        Missed::Once,
        7 * DAY,
        now,
        9,
    );
    assert_eq!(plan.fire, [at("2026-01-09T09:59:00+01:00")]);
    assert_eq!(plan.next, Some(at("2026-01-12T09:00:00+01:00")));
}

#[test]
fn a_tick_of_an_older_schedule_still_counts() {
    let odd = at("2026-01-02T00:00:07Z");
    let now = at("2026-01-02T00:00:12Z");
    let plan = plan(&every(5 * SECOND), odd, Missed::None, DAY, now, 9);
    assert_eq!(plan.fire, [odd, at("2026-01-02T00:00:10Z")]);
}
