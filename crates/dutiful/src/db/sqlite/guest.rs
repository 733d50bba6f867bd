//! Our statements on a connection that a caller lends us, in the transaction that is open on it.
//!
//! Such a connection has no `dutiful_now()`, and functions are not ours to register on it: the time goes
//! in as one more parameter. It comes from the same clock.

use super::Clock;
use super::convert::list_text;
use super::errors::from_rusqlite;
use super::session::{count, step};
#[cfg(feature = "sqlx")]
use crate::db::DbError;
use crate::db::sql::SQLITE_NOW;
use crate::db::{DbResult, Reply, Rows, Value};
use rusqlite::Connection;

/// A statement without the clock's function, and the parameters of each of its runs.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) text: String,
    pub(crate) runs: Vec<Vec<Value>>,
}

impl Runs {
    pub(crate) fn one(text: &str, params: Vec<Value>) -> Runs {
        Runs::new(text, vec![params])
    }

    /// One run for each row: see [`Rows`].
    pub(crate) fn many(text: &str, rows: Rows) -> Runs {
        let Rows { fixed, rows } = rows;
        let run = |row| fixed.iter().cloned().chain::<Vec<Value>>(row).collect();
        Runs::new(text, rows.into_iter().map(run).collect())
    }

    fn new(text: &str, mut runs: Vec<Vec<Value>>) -> Runs {
        let place = runs.first().map_or(0, Vec::len) + 1;
        let now = text
            .contains(SQLITE_NOW)
            .then(|| Clock::default().now_micros());
        for params in &mut runs {
            for value in params.iter_mut() {
                if let Some(text) = list_text(value) {
                    *value = Value::from(text);
                }
            }
            params.extend(now.map(Value::from));
        }
        Runs {
            text: text.replace(SQLITE_NOW, &format!("?{place}")),
            runs,
        }
    }

    /// Runs it all and joins the answers.
    pub(crate) fn run(&self, connection: &Connection) -> DbResult<Reply> {
        let mut reply = Reply::default();
        let prepared = connection.prepare_cached(&self.text);
        let mut statement = prepared.map_err(|error| from_rusqlite(&error))?;
        for params in &self.runs {
            step(&mut statement, params.iter(), &mut reply)?;
            count(connection, &mut reply);
        }
        Ok(reply)
    }
}

/// The error that another driver reports with an extended code of SQLite.
#[cfg(feature = "sqlx")]
pub(crate) fn failure(code: Option<i32>, message: String) -> DbError {
    super::errors::of_code(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_becomes_the_last_parameter_of_each_run() {
        let row = |id: i64| vec![Value::from(id)];
        let rows = Rows {
            fixed: vec![Value::from("w")],
            rows: vec![row(1), row(2)],
        };
        let runs = Runs::many("SELECT ?1, ?2, dutiful_now(), dutiful_now() + 1", rows);
        assert_eq!(runs.text, "SELECT ?1, ?2, ?3, ?3 + 1");
        let reply = runs.run(&Connection::open_in_memory().unwrap()).unwrap();
        assert_eq!(reply.rows.len(), 2);
        let row = &reply.rows[1];
        assert_eq!((row.text(0), row.int(1)), (Ok("w"), Ok(2)));
        assert_eq!(row.int(3), row.int(2).map(|now| now + 1));
        assert!(row.int(2).unwrap() > 1_700_000_000_000_000);
    }

    #[test]
    fn lists_are_bound_as_documents() {
        let list = Runs::one(
            "SELECT SUM(value) FROM json_each(?1)",
            vec![vec![2_i64, 3].into()],
        );
        let reply = list.run(&Connection::open_in_memory().unwrap()).unwrap();
        assert_eq!(reply.rows[0].int(0), Ok(5));
    }
}
