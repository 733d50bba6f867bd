//! Days and seconds to dates of the calendar as ISO 8601 writes them.

const DAY_SECONDS: i64 = 86_400;
/// 1601-01-01, from which old files count, as seconds before 1970.
const SECONDS_1601_TO_1970: i64 = 11_644_473_600;

/// `2026-11-30`, for days since 1970-01-01.
pub(super) fn date(days: i64) -> String {
    // Counted in eras of 400 years from the first of March of the year 0, so that the odd day of a
    // leap year is the last one.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 {
        (year + era * 400, month + 3)
    } else {
        (year + era * 400 + 1, month - 9)
    };
    format!("{year:04}-{month:02}-{day:02}")
}

/// `14:05:00`, for seconds since midnight or, of a span of time, in all.
pub(super) fn clock(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// `2026-11-30T14:05:00Z`, for steps of 100 ns since 1601-01-01; `None` beyond the year 9999.
pub(crate) fn timestamp(steps: u64) -> Option<String> {
    let seconds = i64::try_from(steps / 10_000_000).ok()? - SECONDS_1601_TO_1970;
    let (days, rest) = (
        seconds.div_euclid(DAY_SECONDS),
        seconds.rem_euclid(DAY_SECONDS),
    );
    (days < 2_932_897).then(|| format!("{}T{}Z", date(days), clock(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (-25_569, "1899-12-30"),
            (11_016, "2000-02-29"),
            (20_787, "2026-11-30"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn steps_since_1601_are_times() {
        let text = timestamp(116_444_736_000_000_000 + 3_605 * 10_000_000);
        assert_eq!(text.as_deref(), Some("1970-01-01T01:00:05Z"));
        assert_eq!(timestamp(u64::MAX), None);
    }
}
