//! Tests of schedules: reading, storing, ticks.

use std::time::Duration;

mod clock_changes;
mod plans;
mod properties;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The ticks after `from`, as clock times with offsets of that zone.
fn ticks(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::cron(expression, zone).unwrap();
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
    let mut time = at(from);
    let mut found = Vec::new();
    for _ in 0..count {
        time = schedule.next_after(time).unwrap();
        found.push(
            time.to_jiff()
                .to_zoned(zone.clone())
                .strftime("%d %H:%M%:z")
                .to_string(),
        );
    }
    found
}

#[test]
fn intervals_are_aligned_to_1970_so_that_workers_agree() {
    let ten = Schedule::every(10 * SECOND).unwrap();
    assert_eq!(
        ten.next_after(at("2026-01-01T00:00:03Z")),
        Some(at("2026-01-01T00:00:10Z"))
    );
    assert_eq!(
        ten.next_after(at("2026-01-01T00:00:10Z")),
        Some(at("2026-01-01T00:00:20Z"))
    );
    assert_eq!(ten.next_after(Timestamp::MAX), None);
}

#[test]
fn intervals_outside_the_bounds_are_refused() {
    for interval in [
        Duration::ZERO,
        SECOND / 20,
        Duration::MAX,
        SECOND + Duration::from_nanos(1),
    ] {
        assert_eq!(
            Schedule::every(interval),
            Err(ScheduleError::Interval(interval))
        );
        assert_eq!(Schedule::Every(interval).next_after(Timestamp::MIN), None);
    }
}

#[test]
fn cron_reads_five_fields_six_with_seconds_and_nicknames() {
    let first = |expression| ticks(expression, "UTC", "2026-01-01T00:00:00Z", 1).remove(0);
    assert_eq!(first("30 9 * * MON-FRI"), "01 09:30+00:00");
    assert_eq!(first("0 9 * * sat"), "03 09:00+00:00");
    assert_eq!(first("0 0 9 L * *"), "31 09:00+00:00");
    assert_eq!(first("@hourly"), "01 01:00+00:00");
    assert_eq!(first("  0   12 * *\t5#2 "), "09 12:00+00:00");
    let seconds = Schedule::cron("*/15 * * * * *", "UTC").unwrap();
    assert_eq!(
        seconds.next_after(at("2026-01-01T00:00:16Z")),
        Some(at("2026-01-01T00:00:30Z"))
    );
}

#[test]
fn malformed_cron_is_refused_with_reason_and_form() {
    let refused = |expression: &str| Schedule::cron(expression, "UTC").unwrap_err();
    for expression in [
        "",
        "* * * *",
        "* * * * * * *",
        "*/0 * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "5-1 * * * *",
        "a b c d e",
        "@reboot",
        "0 0 * * ü",
    ] {
        let error = refused(expression);
        assert!(
            matches!(error, ScheduleError::Cron { .. }),
            "{expression:?}: {error}"
        );
        assert!(error.to_string().contains("minute hour day month weekday"));
    }
    assert_eq!(refused(&"*".repeat(10_000)), ScheduleError::TooLong(10_000));
    assert_eq!(
        refused("* * * *").to_string(),
        "\"* * * *\" is no cron expression: it has 4 fields instead of 5 or 6; write minute hour day \
         month weekday, as in \"0 9 * * MON-FRI\", with seconds before them if needed"
    );
}

#[test]
fn days_that_never_come_are_refused_and_rare_ones_are_found() {
    for expression in ["* * 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
        let error = Schedule::cron(expression, "UTC").unwrap_err();
        assert_eq!(error, ScheduleError::NeverFires(expression.into()));
    }
    let leap = Schedule::cron("0 0 29 2 *", "UTC").unwrap();
    assert_eq!(
        leap.next_after(at("2097-01-01T00:00:00Z")),
        Some(at("2104-02-29T00:00:00Z"))
    );
    let monday = Schedule::cron("*/5 * 29 2 +MON", "Europe/Berlin").unwrap();
    assert_eq!(
        monday.next_after(at("2080-01-01T00:00:00Z")),
        Some(at("2112-02-28T23:00:00Z"))
    );
    assert_eq!(leap.next_after(Timestamp::MAX), None);
}

#[test]
fn unknown_time_zones_are_refused() {
    for zone in ["", "Mars/Olympus", "../UTC", "CEST2", &"x".repeat(300)] {
        let error = Schedule::cron("0 9 * * *", zone).unwrap_err();
        assert!(matches!(error, ScheduleError::UnknownTimeZone(_)), "{zone}");
        assert!(error.to_string().len() < 300);
    }
}

#[test]
fn stored_text_reads_back() {
    for schedule in [
        Schedule::every(10 * SECOND).unwrap(),
        Schedule::cron("0 9 * * MON-FRI", "europe/berlin").unwrap(),
        Schedule::cron("@daily", "UTC").unwrap(),
    ] {
        assert_eq!(Schedule::from_text(&schedule.to_text()), Ok(schedule));
    }
    let berlin = Schedule::cron(" 0  9 * * *", "europe/berlin").unwrap();
    assert_eq!(berlin.to_text(), "cron Europe/Berlin 0 9 * * *");
    assert_eq!(
        Schedule::every(10 * SECOND).unwrap().to_text(),
        "every 10000000"
    );
    for text in [
        "",
        "every",
        "every 10s",
        "cron UTC",
        "cron",
        "daily",
        "every -5",
    ] {
        assert_eq!(
            Schedule::from_text(text),
            Err(ScheduleError::Stored(text.into())),
            "{text}"
        );
    }
    assert!(Schedule::from_text("every 1").is_err());
}

fn every(interval: Duration) -> Schedule {
    Schedule::every(interval).unwrap()
}
