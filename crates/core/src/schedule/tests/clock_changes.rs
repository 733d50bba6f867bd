//! Ticks on the days when clocks change.

use super::*;

#[test]
fn a_fixed_time_in_a_gap_runs_at_the_first_instant_after_it() {
    for (expression, zone, from, expected) in [
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-07T12:00:00-05:00",
            "08 03:00-04:00",
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00+01:00",
            "29 03:00+02:00",
        ),
        (
            "30 2 * * *",
            "Australia/Melbourne",
            "2026-10-03T12:00:00+10:00",
            "04 03:00+11:00",
        ),
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T12:00:00+10:30",
            "04 02:30+11:00",
        ),
    ] {
        assert_eq!(ticks(expression, zone, from, 1), [expected], "{zone}");
    }
}

#[test]
fn several_fixed_times_in_one_gap_run_once() {
    let found = ticks(
        "0,15,30 2,3 * * *",
        "Europe/Berlin",
        "2026-03-29T00:00:00+01:00",
        4,
    );
    let expected = [
        "29 03:00+02:00",
        "29 03:15+02:00",
        "29 03:30+02:00",
        "30 02:00+02:00",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_fixed_time_that_repeats_runs_the_first_time_only() {
    for (expression, zone, from, expected) in [
        (
            "30 1 * * *",
            "America/New_York",
            "2026-10-31T12:00:00-04:00",
            ["01 01:30-04:00", "02 01:30-05:00"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00+02:00",
            ["25 02:30+02:00", "26 02:30+01:00"],
        ),
        (
            "30 2 * * *",
            "Australia/Melbourne",
            "2026-04-04T12:00:00+11:00",
            ["05 02:30+11:00", "06 02:30+10:00"],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T12:00:00+11:00",
            ["05 01:45+11:00", "06 01:45+10:30"],
        ),
    ] {
        assert_eq!(ticks(expression, zone, from, 2), expected, "{zone}");
    }
    // Asked from within the second hour, the first one is over.
    let found = ticks(
        "0,30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T02:10:00+01:00",
        1,
    );
    assert_eq!(found, ["26 02:00+01:00"]);
    // Lists and ranges are fixed times too.
    let found = ticks(
        "0 1-3 * * *",
        "Europe/Berlin",
        "2026-10-25T00:30:00+02:00",
        3,
    );
    assert_eq!(
        found,
        ["25 01:00+02:00", "25 02:00+02:00", "25 03:00+01:00"]
    );
}

#[test]
fn stepped_patterns_pass_over_a_gap_in_elapsed_time() {
    let found = ticks(
        "*/20 * * * *",
        "America/New_York",
        "2026-03-08T01:20:00-05:00",
        3,
    );
    assert_eq!(
        found,
        ["08 01:40-05:00", "08 03:00-04:00", "08 03:20-04:00"]
    );
    let found = ticks(
        "*/20 * * * *",
        "Australia/Lord_Howe",
        "2026-10-04T01:20:00+10:30",
        3,
    );
    assert_eq!(
        found,
        ["04 01:40+10:30", "04 02:40+11:00", "04 03:00+11:00"]
    );
    let found = ticks(
        "5 * * * *",
        "Australia/Melbourne",
        "2026-10-04T01:00:00+10:00",
        2,
    );
    assert_eq!(found, ["04 01:05+10:00", "04 03:05+11:00"]);
    let found = ticks(
        "0 */2 * * *",
        "Europe/Berlin",
        "2026-03-29T00:00:00+01:00",
        2,
    );
    assert_eq!(found, ["29 04:00+02:00", "29 06:00+02:00"]);
}

#[test]
fn stepped_patterns_run_through_both_halves_of_a_fold() {
    let found = ticks(
        "*/30 * * * *",
        "America/New_York",
        "2026-11-01T00:30:00-04:00",
        5,
    );
    let expected = [
        "01 01:00-04:00",
        "01 01:30-04:00",
        "01 01:00-05:00",
        "01 01:30-05:00",
        "01 02:00-05:00",
    ];
    assert_eq!(found, expected);
    let found = ticks(
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-04-05T01:15:00+11:00",
        5,
    );
    let expected = [
        "05 01:30+11:00",
        "05 01:45+11:00",
        "05 01:30+10:30",
        "05 01:45+10:30",
        "05 02:00+10:30",
    ];
    assert_eq!(found, expected);
    let found = ticks("5 * * * *", "Europe/Berlin", "2026-10-25T02:00:00+02:00", 3);
    assert_eq!(
        found,
        ["25 02:05+02:00", "25 02:05+01:00", "25 03:05+01:00"]
    );
    // A fold that is passed without a tick in it is left at the next match.
    let found = ticks(
        "*/30 5 * * *",
        "Australia/Melbourne",
        "2026-04-05T02:30:00+11:00",
        1,
    );
    assert_eq!(found, ["05 05:00+10:00"]);
}

#[test]
fn the_rule_holds_in_years_far_ahead() {
    let found = ticks(
        "30 2 * * *",
        "Europe/Berlin",
        "2089-03-26T12:00:00+01:00",
        2,
    );
    assert_eq!(found, ["27 03:00+02:00", "28 02:30+02:00"]);
}
