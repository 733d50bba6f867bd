//! Lists and many rows as texts of bounded variety.
//!
//! MySQL has no array parameters, so a list or a group of rows is written out. Written out for every
//! length it would fill the caches of prepared statements on both sides; so beyond a few dozen lengths are
//! powers of two, or what a call for many usually brings, and a few dozen texts serve for everything.

mod scan;

use super::convert;
use super::{DbError, DbErrorKind, DbResult, Rows, Value};
use scan::{code, placeholders};
use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

/// Up to so many rows have a text for each number of rows.
const EXACT_ROWS: usize = 64;
/// The most rows that one text takes, and as many as a statement that submits many has.
const MOST_ROWS: usize = dutiful_core::limits::SUBMIT_STATEMENT_ROWS;
/// The protocol counts placeholders in 16 bits.
const MOST_PLACEHOLDERS: usize = 65_535;

/// By this a statement is known that is to skip through an index.
const SKIPS: &str = "FORCE INDEX FOR GROUP BY";

/// By this MariaDB is told a setting for one statement, which reads.
const LIMITED: &str = "SET STATEMENT";

/// A text and what goes into its placeholders.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) text: Cow<'static, str>,
    pub(super) params: Vec<mysql_async::Value>,
}

impl Statement {
    pub(super) fn command(text: &'static str) -> Statement {
        Statement {
            text: Cow::Borrowed(text),
            params: Vec::new(),
        }
    }

    /// About how many bytes the server gets to see.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.params.iter().map(convert::size).sum::<usize>()
    }

    pub(super) fn sort(&self) -> Sort {
        const COMMANDS: [&str; 6] = ["start", "commit", "rollback", "savepoint", "set", "kill"];
        const SCHEMA: [&str; 10] = [
            "create", "alter", "drop", "rename", "truncate", "analyze", "optimize", "grant",
            "revoke", "flush",
        ];
        if self.text.contains(SKIPS) {
            return Sort::Skipping;
        }
        let text = code(&self.text);
        let verb = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default();
        let is = |word: &&str| verb.eq_ignore_ascii_case(word);
        match () {
            () if text.trim_start().starts_with(LIMITED) => Sort::Rows,
            () if COMMANDS.iter().any(is) => Sort::Command,
            () if SCHEMA.iter().any(is) => Sort::Schema,
            () => Sort::Rows,
        }
    }
}

/// How a statement is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Reads or writes rows: prepared, kept prepared, bounded in time.
    Rows,
    /// Skips through an index: prepared anew each time. When MariaDB runs such a statement once more after the
    /// table was used for anything else, it reads the whole index.
    Skipping,
    /// Transactions and sessions: sent as it is.
    Command,
    /// Changes the schema: sent as it is, and may take long.
    Schema,
}

/// The text with a limit of time, which the two servers are told in different words. It says nothing to the session.
pub(super) fn limited(text: &str, limit: Duration, is_mariadb: bool) -> String {
    if !is_mariadb {
        let hint = format!("/*+ MAX_EXECUTION_TIME({}) */", limit.as_millis());
        return match text.split_once("SELECT ") {
            Some((before, rest)) => [before, "SELECT ", &hint, " ", rest].concat(),
            None => text.to_owned(),
        };
    }
    // Behind the name of the statement.
    let (name, rest) = match text.split_once("*/") {
        Some((name, rest)) => (format!("{name}*/"), rest),
        None => (String::new(), text),
    };
    format!(
        "{name} {LIMITED} max_statement_time = {} FOR {}",
        limit.as_secs(),
        rest.trim_start()
    )
}

/// One statement, its lists written out.
pub(super) fn single(text: Cow<'static, str>, params: Vec<Value>) -> DbResult<Statement> {
    if !params
        .iter()
        .any(|value| matches!(value, Value::Ints(_) | Value::Texts(_)))
    {
        let params = params
            .into_iter()
            .map(convert::param)
            .collect::<DbResult<_>>()?;
        return Ok(Statement { text, params });
    }
    let places = placeholders(&text);
    if places.len() != params.len() {
        let what = format!("{} placeholders, {} parameters", places.len(), params.len());
        return Err(DbError::new(DbErrorKind::Other, what));
    }
    let (mut written, mut values, mut from) = (String::with_capacity(text.len() * 2), vec![], 0);
    for (place, param) in places.into_iter().zip(params) {
        let before = values.len();
        match param {
            Value::Ints(list) => values.extend(padded(list, mysql_async::Value::Int)?),
            Value::Texts(list) => values.extend(padded(list, convert::text)?),
            one => values.push(convert::param(one)?),
        }
        written.push_str(&text[from..=place]);
        written.push_str(&", ?".repeat(values.len() - before - 1));
        from = place + 1;
    }
    written.push_str(&text[from..]);
    within_protocol(values.len())?;
    Ok(Statement {
        text: Cow::Owned(written),
        params: values,
    })
}

/// As many values as the next power of two: a value that stands twice in an `IN` changes nothing.
fn padded<T: Clone>(
    list: Vec<T>,
    value: impl Fn(T) -> mysql_async::Value,
) -> DbResult<Vec<mysql_async::Value>> {
    let Some(last) = list.last().cloned() else {
        return Err(DbError::new(
            DbErrorKind::Other,
            "a list parameter is empty",
        ));
    };
    let length = list.len().next_power_of_two();
    within_protocol(length)?;
    let padding = std::iter::repeat_n(last, length - list.len());
    Ok(list.into_iter().chain(padding).map(value).collect())
}

fn within_protocol(placeholders: usize) -> DbResult<()> {
    if placeholders <= MOST_PLACEHOLDERS {
        return Ok(());
    }
    let text = format!("{placeholders} values in one statement; MySQL takes {MOST_PLACEHOLDERS}");
    Err(DbError::new(DbErrorKind::Other, text))
}

/// A statement over many rows, in parts of at most `limit` bytes of parameters.
pub(super) fn batches(
    text: Cow<'static, str>,
    rows: Rows,
    limit: usize,
) -> DbResult<Vec<Statement>> {
    match (text.find("{{"), text.find("}}")) {
        (Some(open), Some(close)) if open < close => groups(&text, open, close, rows, limit),
        _ => documents(&text, rows, limit),
    }
}

/// The multi-row form: the group in braces stands once for each row.
fn groups(
    text: &str,
    open: usize,
    close: usize,
    rows: Rows,
    limit: usize,
) -> DbResult<Vec<Statement>> {
    let (head, group, tail) = (&text[..open], &text[open + 2..close], &text[close + 2..]);
    let columns = rows.rows.first().map_or(0, Vec::len).max(1);
    let most = MOST_ROWS.min((MOST_PLACEHOLDERS - rows.fixed.len()) / columns);
    let sizes: Vec<usize> = rows
        .rows
        .iter()
        .map(|row| row.iter().map(size).sum())
        .collect();
    let mut left = rows.rows.into_iter();
    let (mut statements, mut done) = (Vec::new(), 0);
    while done < sizes.len() {
        let count = fitting(&sizes[done..], most, limit);
        let mut written = String::with_capacity(text.len() + count * (group.len() + 2));
        written.push_str(head);
        for row in 0..count {
            written.push_str(if row == 0 { "" } else { ", " });
            written.push_str(group);
        }
        written.push_str(tail);
        let mut params = Vec::with_capacity(rows.fixed.len() + count * columns);
        params.extend(rows.fixed.iter().cloned());
        params.extend(left.by_ref().take(count).flatten());
        statements.push(single(Cow::Owned(written), params)?);
        done += count;
    }
    Ok(statements)
}

/// How many rows the next text takes: as many as there are, rounded down to a number that has a text, that
/// stay within the limits; one row always goes.
fn fitting(sizes: &[usize], most: usize, limit: usize) -> usize {
    let mut bytes = 0;
    let fits = |size: &&usize| {
        bytes += **size;
        bytes <= limit
    };
    let rows = sizes.iter().take(most).take_while(fits).count().max(1);
    match rows {
        ..=EXACT_ROWS | MOST_ROWS => rows,
        _ => 1 << rows.ilog2(),
    }
}

/// The document form: the rows are one JSON array of arrays, the first parameter.
fn documents(text: &str, rows: Rows, limit: usize) -> DbResult<Vec<Statement>> {
    let mut documents = vec![String::new()];
    for row in rows.rows {
        let row = json(&row)?;
        match documents.last_mut() {
            Some(open) if open.is_empty() || open.len() + row.len() < limit => {
                open.push(if open.is_empty() { '[' } else { ',' });
                open.push_str(&row);
            }
            _ => documents.push(format!("[{row}")),
        }
    }
    let statement = |mut document: String| {
        document.push(']');
        let mut params = vec![Value::from(document)];
        params.extend(rows.fixed.iter().cloned());
        single(Cow::Owned(text.to_owned()), params)
    };
    documents
        .into_iter()
        .filter(|open| !open.is_empty())
        .map(statement)
        .collect()
}

fn json(row: &[Value]) -> DbResult<String> {
    let mut out = String::from("[");
    for (index, value) in row.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        let written = match value {
            Value::Int(Some(value)) => write!(out, "{value}"),
            Value::Text(Some(value)) => write!(out, "{}", serde_json::Value::from(value.as_str())),
            Value::Bytes(Some(value)) => {
                out.push('"');
                let hex = value.iter().try_for_each(|byte| write!(out, "{byte:02x}"));
                hex.and_then(|()| out.write_char('"'))
            }
            Value::Time(Some(value)) => write!(out, "\"{}\"", convert::datetime(*value)),
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) | Value::Time(None) => {
                out.write_str("null")
            }
            Value::Since(_) | Value::Ints(_) | Value::Texts(_) => Err(std::fmt::Error),
        };
        written.map_err(|_| {
            DbError::new(
                DbErrorKind::Other,
                "a list or a bound cannot be a column of a row",
            )
        })?;
    }
    out.push(']');
    Ok(out)
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(Some(text)) => text.len() + 9,
        Value::Bytes(Some(bytes)) => bytes.len() + 9,
        _ => 12,
    }
}

#[cfg(test)]
mod tests;
