//! How a number in a cell looks: its format decides whether it is a date, a percentage or a number.

use super::date::{clock, date};

/// What matters of a number format. Decimals, colours and currency signs do not: the number itself
/// says more than its rounded look.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    #[default]
    General,
    Percent {
        decimals: usize,
    },
    Date,
    DateAndTime,
    Time,
    /// A span of time, which may have more than 24 hours.
    Elapsed,
}

/// Days from 1970 back to day 0 of the two calendars that workbooks have. The usual one has a
/// 29 February 1900, so that it is a day off before March 1900.
const DAY_0_OF_1900: i64 = -25_569;
const DAY_0_OF_1904: i64 = -24_107;
const LEAP_DAY_OF_1900: i64 = 60;
/// After the last day of the year 9999.
const DAYS_END: f64 = 2_958_466.0;
/// More decimals than numbers have.
const DECIMALS_MAX: usize = 15;

impl NumberFormat {
    /// The formats that have a number and no text. What they look like depends on the country of
    /// the program; whether they are dates does not.
    pub(crate) fn of_id(id: u32) -> Self {
        match id {
            9 => Self::Percent { decimals: 0 },
            10 => Self::Percent { decimals: 2 },
            14..=17 | 27..=31 | 36 | 50..=58 => Self::Date,
            18..=21 | 32..=35 | 45 | 47 => Self::Time,
            22 => Self::DateAndTime,
            46 => Self::Elapsed,
            _ => Self::General,
        }
    }

    /// Reads the text of a format, of which the first section is for positive numbers.
    pub(crate) fn of_code(code: &str) -> Self {
        let letters = Letters::of(code);
        let has = |wanted: &[char]| letters.plain.contains(wanted);
        let is_date = has(&['y', 'd']);
        let is_time = has(&['h', 's']) || letters.half_days;
        match () {
            () if letters.elapsed => Self::Elapsed,
            () if is_date && is_time => Self::DateAndTime,
            () if is_date => Self::Date,
            () if is_time => Self::Time,
            // An `m` is a month where nothing says that it is a minute.
            () if has(&['m']) && !has(&['0', '#']) => Self::Date,
            () if has(&['%']) => {
                let after_point = letters.plain.split_once('.').map_or("", |(_, rest)| rest);
                let is_digit = |c: &char| matches!(c, '0' | '#' | '?');
                let decimals = after_point.chars().take_while(is_digit).count();
                Self::Percent {
                    decimals: decimals.min(DECIMALS_MAX),
                }
            }
            () => Self::General,
        }
    }

    /// The number as text: dates as ISO 8601, numbers with at most 15 digits.
    pub(crate) fn show(self, number: f64, is_1904: bool) -> String {
        match self {
            Self::General => general(number),
            Self::Percent { decimals } if (number * 100.0).abs() < 1e15 => {
                format!("{:.decimals$}%", number * 100.0)
            }
            Self::Percent { .. } => general(number),
            _ if !(0.0..DAYS_END).contains(&number) => general(number),
            _ => self.show_time(number, is_1904),
        }
    }

    fn show_time(self, number: f64, is_1904: bool) -> String {
        let seconds = (number * 86_400.0).round() as i64;
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let since_1970 = match days {
            days if is_1904 => days + DAY_0_OF_1904,
            days if days < LEAP_DAY_OF_1900 => days + DAY_0_OF_1900 + 1,
            days => days + DAY_0_OF_1900,
        };
        match self {
            Self::Date => date(since_1970),
            Self::DateAndTime => format!("{}T{}", date(since_1970), clock(rest)),
            Self::Elapsed => clock(seconds),
            _ => clock(rest),
        }
    }
}

/// At most 15 digits, as programs keep them, so that 0.1 + 0.2 is 0.3.
fn general(number: f64) -> String {
    if !number.is_finite() {
        return String::new();
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let size = rounded.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-7..1e15).contains(&size) {
        rounded.to_string()
    } else {
        format!("{rounded:E}")
    }
}

/// The letters of a format outside of quotes, brackets and escapes.
#[derive(Debug, Default)]
struct Letters {
    plain: String,
    /// `[h]`, `[mm]` or `[s]`.
    elapsed: bool,
    /// `AM/PM` or `A/P`.
    half_days: bool,
}

impl Letters {
    fn of(code: &str) -> Self {
        let mut letters = Self::default();
        let code = code.to_lowercase();
        let mut rest = code.chars();
        while let Some(c) = rest.next() {
            match c {
                ';' => break,
                '"' => rest.by_ref().take_while(|c| *c != '"').for_each(drop),
                '\\' | '_' | '*' => {
                    rest.next();
                }
                '[' => {
                    let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                    letters.elapsed |= is_unit(&inside);
                }
                'a' if rest.as_str().starts_with("m/pm") || rest.as_str().starts_with("/p") => {
                    letters.half_days = true;
                    let skipped = if rest.as_str().starts_with('m') { 4 } else { 2 };
                    rest.by_ref().take(skipped).for_each(drop);
                }
                c => letters.plain.push(c),
            }
        }
        letters
    }
}

/// One or more of one letter of hours, minutes or seconds.
fn is_unit(text: &str) -> bool {
    let units = ['h', 'm', 's'].iter();
    !text.is_empty() && units.copied().any(|unit| text.chars().all(|c| c == unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> String {
        NumberFormat::of_code(code).show(number, false)
    }

    #[test]
    fn formats_tell_dates_times_and_percentages_from_numbers() {
        for (code, number, expected) in [
            ("General", 0.1 + 0.2, "0.3"),
            ("#,##0.00", 1234.5, "1234.5"),
            ("0%", 0.126, "13%"),
            ("0.00%;[Red]-0.00%", 0.125, "12.50%"),
            ("yyyy\\-mm\\-dd", 45_992.0, "2025-12-01"),
            (
                "[$-409]d/m/yy h:mm AM/PM;@",
                45_992.75,
                "2025-12-01T18:00:00",
            ),
            ("mmm", 45_992.0, "2025-12-01"),
            ("mm:ss", 0.5, "12:00:00"),
            ("[h]:mm", 1.5, "36:00:00"),
            ("0.00E+00", 12_345.0, "12345"),
            ("\"days\" 0", 3.0, "3"),
            ("[Red]0.0", 2.5, "2.5"),
            ("h A/P", 0.25, "06:00:00"),
        ] {
            assert_eq!(shown(code, number), expected, "{code}");
        }
    }

    #[test]
    fn both_calendars_begin_where_programs_let_them_begin() {
        assert_eq!(NumberFormat::Date.show(1.0, false), "1900-01-01");
        assert_eq!(NumberFormat::Date.show(59.0, false), "1900-02-28");
        assert_eq!(NumberFormat::Date.show(61.0, false), "1900-03-01");
        assert_eq!(NumberFormat::Date.show(0.0, true), "1904-01-01");
        assert_eq!(NumberFormat::Date.show(2_958_465.0, false), "9999-12-31");
    }

    #[test]
    fn numbers_of_any_size_are_shown() {
        for (number, expected) in [
            (-0.0, "0"),
            (1e300, "1E300"),
            (123_456_789_012.0, "123456789012"),
            (0.000_000_001, "1E-9"),
            (f64::NAN, ""),
        ] {
            assert_eq!(NumberFormat::General.show(number, false), expected);
        }
        assert_eq!(NumberFormat::Date.show(-1.0, false), "-1");
        assert_eq!(NumberFormat::Date.show(1e9, false), "1000000000");
        assert_eq!(
            NumberFormat::Percent { decimals: 2 }.show(1e300, false),
            "1E300"
        );
    }
}
