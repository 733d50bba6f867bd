//! Values to what the driver sends, and columns to values.

use super::{DbError, DbErrorKind, DbResult, Value};
use crate::db::Row;
use dutiful_core::Timestamp;
use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value as Raw};
use std::fmt;

/// The number of the collation that marks bytes which are no text.
const BINARY: u16 = 63;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// A parameter; lists must have been written out before.
pub(super) fn param(value: Value) -> DbResult<Raw> {
    Ok(match value {
        Value::Int(value) => value.map_or(Raw::NULL, Raw::Int),
        Value::Text(value) => value.map_or(Raw::NULL, text),
        Value::Bytes(value) => value.map_or(Raw::NULL, Raw::Bytes),
        Value::Time(value) => value.map_or(Raw::NULL, time),
        // The zero date is the earliest that a row can hold.
        Value::Since(Timestamp::MIN) => Raw::Date(0, 0, 0, 0, 0, 0, 0),
        Value::Since(value) => time(value),
        Value::Ints(_) | Value::Texts(_) => {
            let what = "a list cannot be a column of a row";
            return Err(DbError::new(DbErrorKind::Other, what));
        }
    })
}

pub(super) fn text(value: String) -> Raw {
    Raw::Bytes(value.into_bytes())
}

/// About how many bytes a parameter takes on the wire.
pub(super) fn size(value: &Raw) -> usize {
    match value {
        Raw::Bytes(bytes) => bytes.len() + 9,
        _ => 12,
    }
}

/// A row, each column read by its type.
pub(super) fn row(row: mysql_async::Row) -> DbResult<Row> {
    let columns = row.columns();
    let values = row.unwrap_raw().into_iter().zip(columns.iter()).enumerate();
    let read = |(index, (value, column)): (usize, (Option<Raw>, &Column))| {
        let kind = kind(column).ok_or_else(|| {
            let what = format!("the type {:?} cannot be read", column.column_type());
            DbError::decode(index, &what)
        })?;
        self::column(kind, value.unwrap_or(Raw::NULL)).map_err(|what| DbError::decode(index, what))
    };
    values.map(read).collect::<DbResult<_>>().map(Row)
}

/// What a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
    Time,
}

fn kind(column: &Column) -> Option<Kind> {
    use ColumnType::*;
    Some(match column.column_type() {
        MYSQL_TYPE_TINY | MYSQL_TYPE_SHORT | MYSQL_TYPE_INT24 | MYSQL_TYPE_LONG
        | MYSQL_TYPE_LONGLONG | MYSQL_TYPE_YEAR => Kind::Int,
        // What SUM gives; only whole numbers can be read.
        MYSQL_TYPE_DECIMAL | MYSQL_TYPE_NEWDECIMAL => Kind::Int,
        MYSQL_TYPE_TIMESTAMP
        | MYSQL_TYPE_TIMESTAMP2
        | MYSQL_TYPE_DATETIME
        | MYSQL_TYPE_DATETIME2 => Kind::Time,
        // A JSON column calls itself binary on MySQL.
        MYSQL_TYPE_JSON | MYSQL_TYPE_ENUM | MYSQL_TYPE_SET | MYSQL_TYPE_NULL => Kind::Text,
        MYSQL_TYPE_VARCHAR
        | MYSQL_TYPE_VAR_STRING
        | MYSQL_TYPE_STRING
        | MYSQL_TYPE_TINY_BLOB
        | MYSQL_TYPE_MEDIUM_BLOB
        | MYSQL_TYPE_LONG_BLOB
        | MYSQL_TYPE_BLOB => {
            if column.character_set() == BINARY {
                Kind::Bytes
            } else {
                Kind::Text
            }
        }
        _ => return None,
    })
}

/// A value of a column.
pub(crate) fn column(kind: Kind, value: Raw) -> Result<Value, &'static str> {
    match (kind, value) {
        (Kind::Int, Raw::NULL) => Ok(Value::Int(None)),
        (Kind::Text, Raw::NULL) => Ok(Value::Text(None)),
        (Kind::Bytes, Raw::NULL) => Ok(Value::Bytes(None)),
        (Kind::Time, Raw::NULL) => Ok(Value::Time(None)),
        (Kind::Int, Raw::Int(value)) => Ok(Value::from(value)),
        (Kind::Int, Raw::UInt(value)) => i64::try_from(value)
            .map(Value::from)
            .map_err(|_| "the number is too large"),
        (Kind::Int, Raw::Bytes(digits)) => whole_number(&digits).map(Value::from),
        (Kind::Text, Raw::Bytes(bytes)) => String::from_utf8(bytes)
            .map(Value::from)
            .map_err(|_| "the text is not UTF-8"),
        (Kind::Bytes, Raw::Bytes(bytes)) => Ok(Value::from(bytes)),
        (Kind::Time, Raw::Date(year, month, day, hour, minute, second, micros)) => {
            let date = (i64::from(year), i64::from(month), i64::from(day));
            let clock = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
            Ok(timestamp(date, clock * 1_000_000 + i64::from(micros)).into())
        }
        _ => Err("the value does not fit its type"),
    }
}

fn whole_number(digits: &[u8]) -> Result<i64, &'static str> {
    let digits = std::str::from_utf8(digits).map_err(|_| "the number is not UTF-8")?;
    digits
        .parse()
        .map_err(|_| "the number has a fraction or is too large")
}

/// The nearest time that we hold: plain SQL may write any date, also `0000-00-00`, and one such row
/// must not hide the others. Days are counted in years that begin in March, where the leap day comes
/// last.
fn timestamp((year, month, day): (i64, i64, i64), micros: i64) -> Timestamp {
    let (march_year, march_month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = march_year * 365 + march_year.div_euclid(4) - march_year.div_euclid(100)
        + march_year.div_euclid(400)
        + (march_month * 153 + 2) / 5
        + day
        - 719_469;
    Timestamp::from_micros(days * MICROS_A_DAY + micros)
}

/// Year, month, day, hour, minute, second, microsecond.
fn parts(at: Timestamp) -> (u16, u8, u8, u8, u8, u8, u32) {
    let micros = at.as_micros();
    let (days, rest) = (
        micros.div_euclid(MICROS_A_DAY),
        micros.rem_euclid(MICROS_A_DAY),
    );
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let seconds = rest / 1_000_000;
    (
        year as u16,
        month as u8,
        day as u8,
        (seconds / 3600) as u8,
        (seconds / 60 % 60) as u8,
        (seconds % 60) as u8,
        (rest % 1_000_000) as u32,
    )
}

fn time(at: Timestamp) -> Raw {
    let (year, month, day, hour, minute, second, micros) = parts(at);
    Raw::Date(year, month, day, hour, minute, second, micros)
}

/// As MySQL writes a `DATETIME(6)`.
pub(super) fn datetime(at: Timestamp) -> impl fmt::Display {
    let (year, month, day, hour, minute, second, micros) = parts(at);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back_on_every_day_of_all_years() {
        let days = (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros())
            .step_by(usize::try_from(MICROS_A_DAY).unwrap() + 12_345_678);
        for at in days.map(Timestamp::from_micros) {
            assert_eq!(column(Kind::Time, time(at)), Ok(Value::from(at)));
        }
        for text in ["1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(
                datetime(at).to_string(),
                text.replace('T', " ").replace('Z', "")
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_no_panic() {
        for (kind, raw) in [
            (Kind::Int, Raw::UInt(u64::MAX)),
            (Kind::Int, Raw::Bytes(b"1.5".to_vec())),
            (Kind::Int, Raw::Double(1.0)),
            (Kind::Text, Raw::Bytes(vec![0xff])),
            (Kind::Time, Raw::Int(0)),
        ] {
            assert!(column(kind, raw.clone()).is_err(), "{kind:?} {raw:?}");
        }
        assert!(param(Value::from(vec![1_i64])).is_err());
    }

    #[test]
    fn a_time_outside_ours_becomes_the_nearest_of_ours() {
        for (raw, nearest) in [
            (Raw::Date(0, 0, 0, 0, 0, 0, 0), Timestamp::MIN),
            (
                Raw::Date(2024, 0, 0, 0, 0, 0, 0),
                "2023-11-30T00:00:00Z".parse().unwrap(),
            ),
            (Raw::Date(1969, 12, 31, 23, 59, 59, 0), Timestamp::MIN),
            (Raw::Date(9999, 12, 31, 23, 59, 59, 999_999), Timestamp::MAX),
        ] {
            assert_eq!(column(Kind::Time, raw), Ok(Value::from(nearest)));
        }
    }

    #[test]
    fn columns_are_read_by_their_type() {
        let column = |kind, charset| Column::new(kind).with_character_set(charset);
        for (column, expected) in [
            (column(ColumnType::MYSQL_TYPE_TINY, BINARY), Some(Kind::Int)),
            (
                column(ColumnType::MYSQL_TYPE_NEWDECIMAL, BINARY),
                Some(Kind::Int),
            ),
            (
                column(ColumnType::MYSQL_TYPE_VAR_STRING, 46),
                Some(Kind::Text),
            ),
            (column(ColumnType::MYSQL_TYPE_BLOB, 46), Some(Kind::Text)),
            (
                column(ColumnType::MYSQL_TYPE_BLOB, BINARY),
                Some(Kind::Bytes),
            ),
            (
                column(ColumnType::MYSQL_TYPE_JSON, BINARY),
                Some(Kind::Text),
            ),
            (
                column(ColumnType::MYSQL_TYPE_DATETIME, BINARY),
                Some(Kind::Time),
            ),
            (column(ColumnType::MYSQL_TYPE_DOUBLE, BINARY), None),
        ] {
            assert_eq!(kind(&column), expected, "{column:?}");
        }
    }
}
