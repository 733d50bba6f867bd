//! Values into parameters, columns into values.

use crate::db::{DbError, DbErrorKind, DbResult, Row, Value};
use dutiful_core::Timestamp;
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// The server counts microseconds from the beginning of the year 2000.
const EPOCH_2000: i64 = 946_684_800_000_000;

/// Earlier than every time that a row can hold.
const MINUS_INFINITY: i64 = i64::MIN;

type BoxError = Box<dyn Error + Sync + Send>;

/// The type that a value is sent as, whatever the planner would have guessed.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Time(_) | Value::Since(_) => Type::TIMESTAMPTZ,
        Value::Ints(_) => Type::INT8_ARRAY,
        Value::Texts(_) => Type::TEXT_ARRAY,
    }
}

/// A time as an element of an array.
#[derive(Debug)]
pub(super) struct Instant(pub(super) Timestamp);

impl ToSql for Instant {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        let micros = self
            .0
            .as_micros()
            .checked_sub(EPOCH_2000)
            .ok_or("the time is out of range")?;
        out.extend_from_slice(&micros.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match self {
            Value::Int(value) => value.to_sql(ty, out),
            Value::Text(value) => value.to_sql(ty, out),
            Value::Bytes(value) => value.to_sql(ty, out),
            Value::Time(value) => value.map(Instant).to_sql(ty, out),
            Value::Since(Timestamp::MIN) => {
                out.extend_from_slice(&MINUS_INFINITY.to_be_bytes());
                Ok(IsNull::No)
            }
            Value::Since(value) => Instant(*value).to_sql(ty, out),
            Value::Ints(values) => values.to_sql(ty, out),
            Value::Texts(values) => values.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Reads a row, each column by its type.
pub(super) fn row(row: &tokio_postgres::Row) -> DbResult<Row> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(index, column)| value(row, index, column.type_()))
        .collect::<DbResult<_>>()
        .map(Row)
}

fn value(row: &tokio_postgres::Row, index: usize, ty: &Type) -> DbResult<Value> {
    match row.try_get::<_, Option<Cell>>(index) {
        Ok(Some(Cell(value))) => Ok(value),
        Ok(None) => null(ty).map_err(|what| DbError::decode(index, &what)),
        Err(error) => {
            let cause = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            Err(DbError::new(
                DbErrorKind::Decode,
                format!("column {index}: {cause}"),
            ))
        }
    }
}

/// A column that is not NULL.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, BoxError> {
        decode(ty, raw).map(Cell)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A column that another driver has received.
#[cfg(feature = "sqlx")]
pub(super) fn cell(ty: &Type, raw: Option<&[u8]>) -> Result<Value, String> {
    match raw {
        Some(raw) => decode(ty, raw).map_err(|error| error.to_string()),
        None => null(ty),
    }
}

fn null(ty: &Type) -> Result<Value, String> {
    Ok(match *ty {
        Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => Value::Int(None),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => Value::Text(None),
        Type::JSON | Type::JSONB | Type::VOID => Value::Text(None),
        Type::BYTEA => Value::Bytes(None),
        Type::TIMESTAMPTZ => Value::Time(None),
        _ => return Err(not_read(ty)),
    })
}

fn decode(ty: &Type, raw: &[u8]) -> Result<Value, BoxError> {
    Ok(match *ty {
        Type::BOOL => Value::Int(Some(bool::from_sql(ty, raw)?.into())),
        Type::INT2 => Value::Int(Some(i16::from_sql(ty, raw)?.into())),
        Type::INT4 => Value::Int(Some(i32::from_sql(ty, raw)?.into())),
        Type::INT8 => Value::Int(Some(i64::from_sql(ty, raw)?)),
        Type::OID => Value::Int(Some(u32::from_sql(ty, raw)?.into())),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
            text(raw)?
        }
        Type::JSONB => match raw.split_first() {
            Some((1, json)) => text(json)?,
            _ => return Err("the server sent jsonb in an unknown version".into()),
        },
        Type::VOID => Value::Text(None),
        Type::BYTEA => Value::Bytes(Some(raw.to_vec())),
        Type::TIMESTAMPTZ => Value::Time(Some(time(raw)?)),
        _ => return Err(not_read(ty).into()),
    })
}

fn not_read(ty: &Type) -> String {
    format!("a column of type {ty} is not read here; cast it to bigint, text, bytea or timestamptz")
}

fn text(raw: &[u8]) -> Result<Value, BoxError> {
    match std::str::from_utf8(raw) {
        Ok(text) => Ok(Value::Text(Some(text.to_owned()))),
        Err(_) => Err("the text is not UTF-8".into()),
    }
}

fn time(raw: &[u8]) -> Result<Timestamp, BoxError> {
    let micros = i64::from_be_bytes(raw.try_into().map_err(|_| "a time has 8 bytes")?);
    // Plain SQL may write any time, and one such row must not hide the others: it becomes the nearest
    // time of ours. The two ends of the server's range stand for -infinity and infinity.
    Ok(Timestamp::from_micros(micros.saturating_add(EPOCH_2000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_type_of_ours_is_read() {
        let read = |ty, raw: &[u8]| decode(&ty, raw).unwrap();
        assert_eq!(read(Type::BOOL, &[1]), Value::Int(Some(1)));
        assert_eq!(read(Type::INT2, &[0xff, 0xfe]), Value::Int(Some(-2)));
        assert_eq!(read(Type::INT4, &[0, 0, 1, 0]), Value::Int(Some(256)));
        assert_eq!(
            read(Type::INT8, &i64::MIN.to_be_bytes()),
            Value::Int(Some(i64::MIN))
        );
        assert_eq!(
            read(Type::JSONB, b"\x01{}"),
            Value::Text(Some("{}".to_owned()))
        );
        assert_eq!(
            read(Type::BYTEA, b"\0\xff"),
            Value::Bytes(Some(b"\0\xff".to_vec()))
        );
        let epoch = read(Type::TIMESTAMPTZ, &(-EPOCH_2000).to_be_bytes());
        assert_eq!(epoch, Value::Time(Some(Timestamp::from_micros(0))));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_no_panic() {
        for (ty, raw) in [
            (Type::TEXT, &b"\xff"[..]),
            (Type::JSONB, b""),
            (Type::JSONB, b"\x02{}"),
            (Type::INT8, b"\0"),
            (Type::TIMESTAMPTZ, b"\0"),
            (Type::FLOAT8, &0f64.to_be_bytes()),
            (Type::NUMERIC, b"\0\0\0\0\0\0\0\0"),
        ] {
            assert!(decode(&ty, raw).is_err(), "{ty} {raw:?}");
        }
    }

    #[test]
    fn infinity_and_times_outside_ours_become_the_nearest_of_ours() {
        for (micros, nearest) in [
            (i64::MAX, Timestamp::MAX),
            (Timestamp::MAX.as_micros(), Timestamp::MAX),
            (i64::MIN, Timestamp::MIN),
            (-EPOCH_2000 - 1, Timestamp::MIN),
        ] {
            let read = decode(&Type::TIMESTAMPTZ, &micros.to_be_bytes()).unwrap();
            assert_eq!(read, Value::Time(Some(nearest)), "{micros}");
        }
    }

    #[test]
    fn a_time_goes_and_comes_back() {
        for micros in [
            0,
            1,
            EPOCH_2000,
            1_700_000_000_123_456,
            Timestamp::MAX.as_micros(),
        ] {
            let mut out = BytesMut::new();
            let value = Value::Time(Some(Timestamp::from_micros(micros)));
            assert!(matches!(
                value.to_sql(&Type::TIMESTAMPTZ, &mut out),
                Ok(IsNull::No)
            ));
            assert_eq!(decode(&Type::TIMESTAMPTZ, &out).unwrap(), value);
        }
    }
}
