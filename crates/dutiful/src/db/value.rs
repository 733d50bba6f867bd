//! What goes into a statement.

use dutiful_core::Timestamp;

/// A parameter or a column. Nulls keep their type, because PostgreSQL wants one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    /// `DATETIME(6)` in UTC on MySQL, `timestamptz` on PostgreSQL, integer microseconds on SQLite.
    Time(Option<Timestamp>),
    /// The lower bound of a time: this one, or none when it is the earliest of ours, because rows of plain
    /// SQL may hold still earlier ones.
    Since(Timestamp),
    /// A list for `IN` / `ANY`; never empty.
    Ints(Vec<i64>),
    /// A list for `IN` / `ANY`; never empty.
    Texts(Vec<String>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Value::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(Some(value))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Value::Bytes(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Value::Time(Some(value))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Value::Time(value)
    }
}

impl From<Vec<i64>> for Value {
    fn from(value: Vec<i64>) -> Self {
        Value::Ints(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Value::Texts(value)
    }
}

/// Many rows for one statement, each with the same columns, plus parameters shared by all.
///
/// How the statement's text sees them:
/// - PostgreSQL: `fixed` are `$1..$k`, then one array for each column: `unnest($k+1::bigint[], ...)`.
/// - SQLite: the statement runs once for each row, with `?1..?k` fixed and `?k+1..` the row's columns;
///   returned rows are joined, affected counts added.
/// - MySQL, multi-row form: the text holds one group in double braces, `VALUES {{(?, ?, NULL)}}`, which
///   is repeated for each row; the fixed parameters come textually before it.
/// - MySQL, document form (no braces): the rows become one JSON array of arrays, bound to the **first**
///   `?`, for `JSON_TABLE(?, '$[*]' COLUMNS (...))`; then come the fixed ones. Bytes are hex text there,
///   times are `YYYY-MM-DD hh:mm:ss.ffffff` text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) fixed: Vec<Value>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
