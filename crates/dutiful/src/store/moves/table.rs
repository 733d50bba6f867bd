//! What a table is to a move: its columns, its key, and the statements that read, write and take out rows.
//!
//! Rows are read in the order of their key, which is the same on every engine: numbers by size, text and
//! bytes byte by byte.

use super::{contents, documents, figures, history, joins, records, settings, tasks};
use crate::db::{Db, DbError, DbResult, Row, Rows, Sql, Value};
use crate::store::session::{OwnTx, Session};
use dutiful_core::Timestamp;
use std::cmp::Ordering;

/// Every table whose rows move, in the order in which they are copied. Rows of `dutiful_workers` and
/// `dutiful_task_types` stay: they tell of processes that look at the old place.
pub(crate) static ALL: [&Table; 23] = [
    &tasks::TASKS,
    &history::ATTEMPTS,
    &history::STEPS,
    &history::LOGS,
    &settings::PERIODIC,
    &settings::TOKENS,
    &records::AUDIT,
    &records::REQUESTS,
    &figures::FIGURES,
    &figures::FIGURES_UNTIL,
    &figures::FIGURES_LEFT,
    &settings::PAUSES,
    &records::PREVIEWS,
    &joins::JOINS,
    &joins::ITEMS,
    &documents::COLLECTIONS,
    &documents::DOCUMENTS,
    &documents::GENERATIONS,
    &documents::HOLDS,
    &contents::CONTENTS,
    &contents::PAGES,
    &contents::CHUNKS,
    &contents::VECTORS,
];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
    Time,
}

/// A column that moves.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

impl Column {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Column {
        Column { name, kind }
    }
}

/// How a key stands in the statements that read behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Once.
    Single,
    /// Twice, and NULL before the first row: the key may be an empty text.
    Optional,
    /// Two columns, the first of them twice.
    Pair,
    /// Three columns, all but the last of them twice.
    Triple,
}

/// Makes room for rows whose unique value still stands in another row of the copy, because it has changed
/// hands since that was written.
#[derive(Debug)]
pub(crate) struct Free {
    /// The columns of the new rows that go into the statement.
    pub(crate) columns: &'static [usize],
    pub(crate) sql: Sql,
}

/// One table and its statements. The key stands first among the columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
    /// How many of the columns are the key.
    pub(crate) key: usize,
    pub(crate) cursor: Cursor,
    /// How many rows the migrations put there.
    pub(crate) born_with: u64,
    /// The next rows behind a key.
    pub(crate) page: Sql,
    /// How many bytes of large text they hold; none where rows are small.
    pub(crate) weigh: Option<Sql>,
    pub(crate) insert: Sql,
    /// By key.
    pub(crate) remove: Sql,
    pub(crate) free: Option<Free>,
}

/// The values of one row, each of the kind of its column.
pub(crate) type Values = Vec<Value>;

impl Table {
    /// The key before every row.
    pub(crate) fn start(&self) -> Vec<Value> {
        let least = |column: &Column| match (column.kind, self.cursor) {
            (Kind::Text, Cursor::Optional) => Value::Text(None),
            (Kind::Text, _) => Value::from(""),
            (Kind::Bytes, _) => Value::from(Vec::<u8>::new()),
            (Kind::Int, _) => Value::from(i64::MIN),
            (Kind::Time, _) => Value::from(Timestamp::MIN),
        };
        self.columns[..self.key].iter().map(least).collect()
    }

    /// At most so many rows behind a key.
    pub(crate) async fn read(
        &'static self,
        db: &Db,
        after: &[Value],
        limit: usize,
    ) -> DbResult<Vec<Values>> {
        let rows = db.read(&self.page, self.params(after, limit)).await?;
        rows.into_iter().map(|row| self.typed(row)).collect()
    }

    /// How much large text that many rows behind a key hold, in bytes.
    pub(crate) async fn bytes(
        &'static self,
        db: &Db,
        after: &[Value],
        limit: usize,
    ) -> DbResult<usize> {
        let Some(weigh) = &self.weigh else {
            return Ok(0);
        };
        let rows = db.read(weigh, self.params(after, limit)).await?;
        let sum = rows.first().map(|row| row.opt_int(0)).transpose()?;
        Ok(sum
            .flatten()
            .map_or(0, |sum| usize::try_from(sum).unwrap_or(usize::MAX)))
    }

    fn params(&self, after: &[Value], limit: usize) -> Vec<Value> {
        let last = after.len().saturating_sub(1);
        let twice = |index: usize| match self.cursor {
            Cursor::Single => false,
            Cursor::Optional => true,
            Cursor::Pair | Cursor::Triple => index < last,
        };
        let mut params = Vec::with_capacity(2 * after.len() + 1);
        for (index, value) in after.iter().enumerate() {
            params.extend(twice(index).then(|| value.clone()));
            params.push(value.clone());
        }
        params.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        params
    }

    /// Takes out the rows of these keys, then writes these rows, in a transaction that is the caller's.
    /// `make_room` first takes away what stands in the way of the new rows.
    pub(crate) async fn replace(
        &'static self,
        tx: &mut OwnTx,
        gone: &[Vec<Value>],
        new: &[Values],
        make_room: bool,
    ) -> DbResult<()> {
        let rows = |rows: Vec<Vec<Value>>| Rows {
            fixed: Vec::new(),
            rows,
        };
        tx.run_rows(&self.remove, rows(gone.to_vec())).await?;
        if make_room {
            let key = |row: &Values| row[..self.key].to_vec();
            tx.run_rows(&self.remove, rows(new.iter().map(key).collect()))
                .await?;
        }
        if let (true, Some(free)) = (make_room, &self.free) {
            let taken = |row: &Values| -> Option<Vec<Value>> {
                let values = free.columns.iter().map(|index| row[*index].clone());
                let values: Vec<Value> = values.collect();
                (!values.iter().any(is_null)).then_some(values)
            };
            tx.run_rows(&free.sql, rows(new.iter().filter_map(taken).collect()))
                .await?;
        }
        tx.run_rows(&self.insert, rows(new.to_vec())).await?;
        Ok(())
    }

    /// A row with each value of its column's kind, so that rows of different engines compare.
    fn typed(&self, row: Row) -> DbResult<Values> {
        let value = |index: usize, column: &Column| -> DbResult<Value> {
            Ok(match column.kind {
                Kind::Int => row.opt_int(index)?.into(),
                Kind::Text => row.opt_text(index)?.map(str::to_owned).into(),
                Kind::Bytes => row.opt_bytes(index)?.map(<[u8]>::to_vec).into(),
                Kind::Time => row.opt_time(index)?.into(),
            })
        };
        let typed = |(index, column): (usize, &Column)| {
            value(index, column).map_err(|error| DbError {
                message: format!("{}: {}", column.name, error.message),
                ..error
            })
        };
        let read: DbResult<Values> = self.columns.iter().enumerate().map(typed).collect();
        read.map_err(|error| {
            let key: Vec<String> = row.0.iter().take(self.key).map(shown).collect();
            DbError::new(
                error.kind,
                format!(
                    "the row {} of {}: {}",
                    key.join(", "),
                    self.name,
                    error.message
                ),
            )
        })
    }
}

/// A value for people.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Int(Some(value)) => value.to_string(),
        Value::Text(Some(value)) => format!("`{value}`"),
        Value::Bytes(Some(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Value::Time(Some(value)) => value.to_string(),
        _ => "NULL".to_owned(),
    }
}

fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(None) | Value::Text(None) | Value::Bytes(None) | Value::Time(None)
    )
}

/// The order of keys, which every engine keeps to.
pub(crate) fn compare(a: &[Value], b: &[Value]) -> Ordering {
    let one = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    a.iter()
        .zip(b)
        .map(one)
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// About how many bytes a row takes.
pub(crate) fn size(row: &[Value]) -> usize {
    let one = |value: &Value| match value {
        Value::Text(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => 8,
    };
    row.iter().map(one).sum()
}

/// Calls `add` with the bytes of a row in its canonical form: for each value its kind, its length and its
/// bytes, numbers and microseconds since 1970 as eight bytes, the highest first.
pub(crate) fn canonical(row: &[Value], mut add: impl FnMut(&[u8])) {
    for value in row {
        let number;
        let (kind, bytes): (u8, &[u8]) = match value {
            Value::Int(Some(value)) => {
                number = value.to_be_bytes();
                (b'i', &number)
            }
            Value::Time(Some(value)) => {
                number = Timestamp::as_micros(*value).to_be_bytes();
                (b'd', &number)
            }
            Value::Text(Some(text)) => (b't', text.as_bytes()),
            Value::Bytes(Some(bytes)) => (b'b', bytes),
            _ => (b'n', &[]),
        };
        add(&[kind]);
        add(&(bytes.len() as u64).to_be_bytes());
        add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Client;
    use crate::store::server_report;

    #[tokio::test]
    async fn every_column_that_the_migrations_make_moves() {
        let client = Client::connect("sqlite::memory:").await.unwrap();
        client.migrate().await.unwrap();
        let parts = server_report::parts(client.db()).await.unwrap();
        let columns = parts.iter().filter(|[kind, ..]| kind == "column");
        let mut seen = 0;
        for [_, name, column] in columns {
            let name = name.trim_start_matches("dutiful_");
            // Which tables stay at the old place is known elsewhere.
            let Some(table) = ALL.iter().find(|table| table.name == name) else {
                continue;
            };
            let moves = table.columns.iter().any(|one| one.name == column);
            assert!(moves, "{name}.{column} is left behind");
            seen += 1;
        }
        let known: usize = ALL.iter().map(|table| table.columns.len()).sum();
        assert_eq!(seen, known);
    }

    #[test]
    fn rows_that_differ_only_in_where_a_text_ends_differ_in_form() {
        let form = |a: &str, b: &str| {
            let mut bytes = Vec::new();
            canonical(&[a.into(), b.into()], |part| bytes.extend_from_slice(part));
            bytes
        };
        assert_ne!(form("ab", "c"), form("a", "bc"));
        assert_ne!(form("", "a"), form("a", ""));
    }

    #[test]
    fn a_null_is_no_empty_text() {
        let form = |value: Value| {
            let mut bytes = Vec::new();
            canonical(&[value], |part| bytes.extend_from_slice(part));
            bytes
        };
        assert_ne!(form("".into()), form(Value::Text(None)));
    }

    #[test]
    fn keys_are_compared_column_by_column_and_byte_by_byte() {
        let key = |task: i64, name: &str| vec![Value::from(task), Value::from(name)];
        assert!(compare(&key(2, "z"), &key(10, "a")).is_lt());
        assert!(compare(&key(2, "Z"), &key(2, "a")).is_lt());
        assert!(compare(&key(2, "é"), &key(2, "z")).is_gt());
        assert!(compare(&key(2, "a"), &key(2, "a")).is_eq());
    }

    #[test]
    fn a_cursor_has_the_columns_of_its_key() {
        for table in ALL {
            let columns = match table.cursor {
                Cursor::Single | Cursor::Optional => 1,
                Cursor::Pair => 2,
                Cursor::Triple => 3,
            };
            assert_eq!(table.key, columns, "{}", table.name);
            let placeholders = table.page.mysql.matches('?').count();
            let start = table.params(&table.start(), 1).len();
            assert_eq!(placeholders, start, "{}", table.name);
        }
    }
}
