//! Many rows for one statement: columns become arrays, and very large sets are cut into parts.

use super::convert::{Instant, type_of};
use crate::db::{DbError, DbErrorKind, DbResult, Rows, Value};
use dutiful_core::limits::STATEMENT_BYTES_MAX;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A parameter: a value, or a column of many rows.
#[derive(Debug)]
pub(super) enum Param {
    One(Value),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Times(Vec<Option<Instant>>),
}

impl Param {
    pub(super) fn type_of(&self) -> Type {
        match self {
            Param::One(value) => type_of(value),
            Param::Ints(_) => Type::INT8_ARRAY,
            Param::Texts(_) => Type::TEXT_ARRAY,
            Param::Bytes(_) => Type::BYTEA_ARRAY,
            Param::Times(_) => Type::TIMESTAMPTZ_ARRAY,
        }
    }

    /// An empty column of the type that `first` has.
    fn column_like(first: &Value) -> DbResult<Param> {
        Ok(match first {
            Value::Int(_) => Param::Ints(Vec::new()),
            Value::Text(_) => Param::Texts(Vec::new()),
            Value::Bytes(_) => Param::Bytes(Vec::new()),
            Value::Time(_) => Param::Times(Vec::new()),
            Value::Since(_) | Value::Ints(_) | Value::Texts(_) => {
                return Err(uneven("a list or a bound cannot be a column of many rows"));
            }
        })
    }

    fn push(&mut self, value: Value) -> DbResult<()> {
        match (self, value) {
            (Param::Ints(column), Value::Int(value)) => column.push(value),
            (Param::Texts(column), Value::Text(value)) => column.push(value),
            (Param::Bytes(column), Value::Bytes(value)) => column.push(value),
            (Param::Times(column), Value::Time(value)) => column.push(value.map(Instant)),
            _ => return Err(uneven("the rows differ in the type of a column")),
        }
        Ok(())
    }
}

impl ToSql for Param {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::One(value) => value.to_sql(ty, out),
            Param::Ints(column) => column.to_sql(ty, out),
            Param::Texts(column) => column.to_sql(ty, out),
            Param::Bytes(column) => column.to_sql(ty, out),
            Param::Times(column) => column.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The parameters of each statement that the rows need: one, unless they are very large.
pub(super) fn statements(rows: Rows) -> DbResult<Vec<Vec<Param>>> {
    let Rows { fixed, rows } = rows;
    let shared: usize = fixed.iter().map(size).sum();
    let mut parts = vec![];
    let mut part = vec![];
    let mut bytes = shared;
    for row in rows {
        let more: usize = row.iter().map(size).sum();
        if bytes + more > STATEMENT_BYTES_MAX && !part.is_empty() {
            parts.push(transposed(fixed.clone(), std::mem::take(&mut part))?);
            bytes = shared;
        }
        bytes += more;
        part.push(row);
    }
    parts.push(transposed(fixed, part)?);
    Ok(parts)
}

fn transposed(fixed: Vec<Value>, rows: Vec<Vec<Value>>) -> DbResult<Vec<Param>> {
    let width = rows.first().map_or(0, Vec::len);
    let columns = rows.first().into_iter().flatten().map(Param::column_like);
    let mut columns = columns.collect::<DbResult<Vec<_>>>()?;
    for row in rows {
        if row.len() != width {
            return Err(uneven("the rows differ in length"));
        }
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value)?;
        }
    }
    Ok(fixed.into_iter().map(Param::One).chain(columns).collect())
}

/// About what a value takes on the wire.
fn size(value: &Value) -> usize {
    const LENGTH: usize = 4;
    LENGTH
        + match value {
            Value::Int(_) | Value::Time(_) | Value::Since(_) => 8,
            Value::Text(text) => text.as_ref().map_or(0, String::len),
            Value::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
            Value::Ints(list) => list.len() * (LENGTH + 8),
            Value::Texts(list) => list.iter().map(|text| LENGTH + text.len()).sum(),
        }
}

fn uneven(what: &str) -> DbError {
    DbError::new(DbErrorKind::Other, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: Vec<Vec<Value>>) -> Rows {
        Rows {
            fixed: vec![Value::from(7)],
            rows,
        }
    }

    #[test]
    fn columns_become_arrays_behind_the_fixed_parameters() {
        let parts = statements(rows(vec![
            vec![Value::from(1), Value::from("a")],
            vec![Value::Int(None), Value::Text(None)],
        ]))
        .unwrap();
        assert_eq!(parts.len(), 1);
        let types: Vec<_> = parts[0].iter().map(Param::type_of).collect();
        assert_eq!(types, [Type::INT8, Type::INT8_ARRAY, Type::TEXT_ARRAY]);
        assert!(matches!(&parts[0][1], Param::Ints(column) if column == &[Some(1), None]));
    }

    #[test]
    fn very_large_sets_are_cut_and_no_row_is_lost() {
        let big = "x".repeat(STATEMENT_BYTES_MAX / 3);
        let parts = statements(rows(
            (0..7).map(|_| vec![Value::from(big.as_str())]).collect(),
        ))
        .unwrap();
        let lengths: Vec<_> = parts
            .iter()
            .map(|part| match &part[1] {
                Param::Texts(column) => column.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lengths, [2, 2, 2, 1]);
    }

    #[test]
    fn a_row_that_is_too_large_by_itself_goes_alone() {
        let huge = Value::from("x".repeat(STATEMENT_BYTES_MAX * 2));
        let parts = statements(rows(vec![
            vec![Value::from("a")],
            vec![huge],
            vec![Value::from("b")],
        ]))
        .unwrap();
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn uneven_rows_are_refused() {
        for wrong in [
            vec![vec![Value::from(1)], vec![Value::from("a")]],
            vec![vec![Value::from(1)], vec![]],
            vec![vec![Value::Ints(vec![1])]],
        ] {
            assert_eq!(
                statements(rows(wrong)).unwrap_err().kind,
                DbErrorKind::Other
            );
        }
    }
}
