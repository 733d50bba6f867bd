//! What comes out of a statement.

use super::{DbError, DbResult, Value};
use dutiful_core::Timestamp;

/// The answer of one statement.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) rows: Vec<Row>,
    /// Rows that an `UPDATE` or `DELETE` matched (also on MySQL, where the flag `FOUND_ROWS` is set), or an
    /// `INSERT` wrote.
    pub(crate) affected: u64,
    /// What an `INSERT` made on SQLite (one for each run) and MySQL (one for each statement). PostgreSQL
    /// returns rows instead.
    pub(crate) inserted: Vec<Inserted>,
}

/// Rows that were inserted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inserted {
    /// The id of the first of them.
    pub(crate) first_id: i64,
    /// How many there are; none where the slot was taken.
    pub(crate) rows: u64,
}

impl Reply {
    /// Adds the answer of a further part of the same statement.
    pub(crate) fn join(&mut self, part: Reply) {
        self.rows.extend(part.rows);
        self.affected += part.affected;
        self.inserted.extend(part.inserted);
    }
}

/// One row, read by position. A column of another type is an error, never a panic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn column(&self, index: usize) -> DbResult<&Value> {
        self.0
            .get(index)
            .ok_or_else(|| DbError::decode(index, "no such column"))
    }

    /// Whether the column is NULL, whatever else it could hold.
    pub(crate) fn is_null(&self, index: usize) -> bool {
        let null = |value: &Value| match value {
            Value::Int(value) => value.is_none(),
            Value::Text(value) => value.is_none(),
            Value::Bytes(value) => value.is_none(),
            Value::Time(value) => value.is_none(),
            Value::Since(_) | Value::Ints(_) | Value::Texts(_) => false,
        };
        self.0.get(index).is_none_or(null)
    }

    pub(crate) fn opt_int(&self, index: usize) -> DbResult<Option<i64>> {
        match self.column(index)? {
            Value::Int(value) => Ok(*value),
            Value::Text(None) | Value::Bytes(None) | Value::Time(None) => Ok(None),
            _ => Err(DbError::decode(index, "an integer was expected")),
        }
    }

    pub(crate) fn int(&self, index: usize) -> DbResult<i64> {
        self.opt_int(index)?
            .ok_or_else(|| DbError::decode(index, "an integer was expected, not NULL"))
    }

    pub(crate) fn opt_text(&self, index: usize) -> DbResult<Option<&str>> {
        match self.column(index)? {
            Value::Text(value) => Ok(value.as_deref()),
            Value::Int(None) | Value::Bytes(None) | Value::Time(None) => Ok(None),
            _ => Err(DbError::decode(index, "text was expected")),
        }
    }

    pub(crate) fn text(&self, index: usize) -> DbResult<&str> {
        self.opt_text(index)?
            .ok_or_else(|| DbError::decode(index, "text was expected, not NULL"))
    }

    /// Moves the text out, so that large payloads are not copied.
    pub(crate) fn take_text(&mut self, index: usize) -> DbResult<Option<String>> {
        match self.0.get_mut(index) {
            Some(Value::Text(value)) => Ok(value.take()),
            Some(Value::Int(None) | Value::Bytes(None) | Value::Time(None)) => Ok(None),
            _ => Err(DbError::decode(index, "text was expected")),
        }
    }

    pub(crate) fn opt_bytes(&self, index: usize) -> DbResult<Option<&[u8]>> {
        match self.column(index)? {
            Value::Bytes(value) => Ok(value.as_deref()),
            Value::Int(None) | Value::Text(None) | Value::Time(None) => Ok(None),
            _ => Err(DbError::decode(index, "bytes were expected")),
        }
    }

    /// Reads a time; SQLite keeps times as integer microseconds.
    pub(crate) fn opt_time(&self, index: usize) -> DbResult<Option<Timestamp>> {
        match self.column(index)? {
            Value::Time(value) => Ok(*value),
            Value::Int(micros) => Ok(micros.map(Timestamp::from_micros)),
            Value::Text(None) | Value::Bytes(None) => Ok(None),
            _ => Err(DbError::decode(index, "a time was expected")),
        }
    }

    pub(crate) fn time(&self, index: usize) -> DbResult<Timestamp> {
        self.opt_time(index)?
            .ok_or_else(|| DbError::decode(index, "a time was expected, not NULL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_outside_our_times_becomes_the_nearest_of_ours() {
        for (micros, nearest) in [(i64::MAX, Timestamp::MAX), (i64::MIN, Timestamp::MIN)] {
            let row = Row(vec![Value::Int(Some(micros))]);
            assert_eq!(row.time(0), Ok(nearest));
        }
    }
}
