//! What holds for all schedules and times.

use proptest::prelude::*;

use super::*;

fn schedules() -> impl Strategy<Value = Schedule> {
    let zones = proptest::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Australia/Melbourne",
        "Africa/Casablanca",
        "Asia/Kathmandu",
    ]);
    let expressions = proptest::sample::select(vec![
        "* * * * *",
        "*/7 * * * *",
        "*/20 2 * * *",
        "30 2 * * *",
        "0,15,30,45 0-3 * * *",
        "5 */3 * * *",
        "0 9 * * MON-FRI",
        "0 0 1 * *",
        "*/10 30 2 * * *",
    ]);
    prop_oneof![
        (100_u64..100_000_000).prop_map(|ms| every(Duration::from_millis(ms))),
        (expressions, zones).prop_map(|(e, zone)| Schedule::cron(e, zone).unwrap()),
    ]
}

/// Times around the changes of the clocks in the years 2025 to 2027, and others.
fn times() -> impl Strategy<Value = Timestamp> {
    let changes = proptest::sample::select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-10-03T16:00:00Z",
    ]);
    let near = (changes, -10_000_000_000_i64..10_000_000_000)
        .prop_map(|(change, micros)| Timestamp::from_micros(at(change).as_micros() + micros));
    let any = (0_i64..4_000_000_000_000_000).prop_map(Timestamp::from_micros);
    prop_oneof![3 => near, 1 => any]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_next_tick_is_later_and_no_tick_lies_before_it(
        schedule in schedules(), from in times(), part in 0.0_f64..1.0,
    ) {
        let tick = schedule.next_after(from).unwrap();
        prop_assert!(tick > from);
        let between = from.saturating_add(tick.since(from).mul_f64(part * 0.999_999));
        prop_assert!(between >= tick || schedule.next_after(between) == Some(tick));
        prop_assert!(schedule.next_after(tick).unwrap() > tick);
    }

    #[test]
    fn successive_plans_fire_every_tick_once_and_in_order(
        schedule in schedules(),
        start in times(),
        waits in proptest::collection::vec(0_u64..100_000, 1..12),
        most in 1_usize..20,
    ) {
        let first = schedule.next_after(start).unwrap();
        let (mut next, mut now, mut fired) = (first, start, Vec::new());
        for wait in waits {
            now = now.saturating_add(Duration::from_secs(wait));
            let plan = plan(&schedule, next, Missed::All, 3650 * DAY, now, most);
            prop_assert_eq!(plan.skipped, 0);
            prop_assert!(plan.fire.len() <= most);
            fired.extend(plan.fire);
            next = plan.next.unwrap();
        }
        let mut expected = Some(first);
        for tick in fired {
            prop_assert_eq!(Some(tick), expected);
            expected = schedule.next_after(tick);
        }
        prop_assert_eq!(Some(next), expected);
    }

    #[test]
    fn no_plan_fires_a_tick_twice_and_all_fired_ticks_are_due(
        schedule in schedules(),
        start in times(),
        waits in proptest::collection::vec(0_u64..1_000_000, 1..8),
        missed in proptest::sample::select(Missed::ALL),
        window in 0_u64..100_000,
    ) {
        let mut next = schedule.next_after(start).unwrap();
        let (mut now, mut last) = (start, None);
        for wait in waits {
            now = now.saturating_add(Duration::from_secs(wait));
            let plan = plan(&schedule, next, missed, Duration::from_secs(window), now, 50);
            for tick in plan.fire {
                prop_assert!(Some(tick) > last && tick <= now && tick >= next);
                last = Some(tick);
            }
            next = plan.next.unwrap();
            prop_assert!(Some(next) > last);
        }
    }

    #[test]
    fn no_text_makes_the_reading_of_schedules_panic(
        fields in "([0-9A-Z*/,#LW?+@ -]{0,12} ?){1,6}|\\PC{0,30}", prefix: bool,
    ) {
        let text = if prefix { format!("cron UTC {fields}") } else { fields };
        if let Ok(schedule) = Schedule::from_text(&text) {
            prop_assert_eq!(Schedule::from_text(&schedule.to_text()), Ok(schedule));
        }
    }
}
