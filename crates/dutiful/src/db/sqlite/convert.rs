//! Our values to SQLite's and back.

use super::errors::from_rusqlite;
use crate::db::{DbError, DbResult, Row, Value};
use dutiful_core::Timestamp;
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// Binds parameters in order, after `before` others.
pub(crate) fn bind<'a>(
    statement: &mut Statement<'_>,
    before: usize,
    params: impl Iterator<Item = &'a Value>,
) -> DbResult<()> {
    for (index, value) in params.enumerate() {
        statement
            .raw_bind_parameter(before + index + 1, Param(value))
            .map_err(|error| from_rusqlite(&error))?;
    }
    Ok(())
}

struct Param<'a>(&'a Value);

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let borrowed = match self.0 {
            Value::Int(Some(value)) => ValueRef::Integer(*value),
            Value::Time(Some(value)) => ValueRef::Integer(value.as_micros()),
            Value::Since(Timestamp::MIN) => ValueRef::Integer(i64::MIN),
            Value::Since(value) => ValueRef::Integer(value.as_micros()),
            Value::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(Some(value)) => ValueRef::Blob(value),
            Value::Int(None) | Value::Time(None) | Value::Text(None) | Value::Bytes(None) => {
                ValueRef::Null
            }
            Value::Ints(_) | Value::Texts(_) => {
                let text = list_text(self.0).unwrap_or_default();
                return Ok(ToSqlOutput::Owned(rusqlite::types::Value::Text(text)));
            }
        };
        Ok(ToSqlOutput::Borrowed(borrowed))
    }
}

/// A list as the text that `json_each` reads; `None` for everything else.
pub(super) fn list_text(value: &Value) -> Option<String> {
    match value {
        Value::Ints(list) => serde_json::to_string(list).ok(),
        Value::Texts(list) => serde_json::to_string(list).ok(),
        Value::Int(_) | Value::Text(_) | Value::Bytes(_) => None,
        Value::Time(_) | Value::Since(_) => None,
    }
}

/// Copies one row out. Text that is not UTF-8 becomes bytes, so that only whoever wants that column as
/// text fails, and not the rows beside it.
pub(crate) fn read_row(row: &rusqlite::Row<'_>, columns: usize) -> DbResult<Row> {
    let mut values = Vec::with_capacity(columns);
    for index in 0..columns {
        let value = match row.get_ref(index).map_err(|error| from_rusqlite(&error))? {
            ValueRef::Null => Value::Int(None),
            ValueRef::Integer(value) => Value::Int(Some(value)),
            ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(Some(text.to_owned())),
                Err(_) => Value::Bytes(Some(bytes.to_vec())),
            },
            ValueRef::Real(_) => return Err(DbError::decode(index, "a fraction was not expected")),
        };
        values.push(value);
    }
    Ok(Row(values))
}
