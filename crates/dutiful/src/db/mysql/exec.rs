//! One statement on one connection: prepared, run, read to its end, within a bound of time.

use super::expand::{Sort, Statement};
use super::{DbError, DbErrorKind, DbResult, Inserted, Reply};
use super::{convert, errors};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params, Row, Value};
use std::time::Duration;
use tokio::time::timeout;

/// When no answer comes for so long, the server or the way to it is gone. Lock waits are bounded by
/// the server at a sixth of this; a change of the schema may take its time.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);
/// What a packet needs beside text and parameters.
const PACKET_MARGIN: u64 = 64 * 1024;

/// What to do about a prepared statement that the server no longer takes.
const STALE_STATEMENT: [u16; 2] = [1243, 1615];

pub(super) async fn run(conn: &mut Conn, statement: Statement, max_packet: u64) -> DbResult<Reply> {
    let bytes = statement.bytes() as u64;
    if bytes + PACKET_MARGIN > max_packet {
        let text = format!(
            "a statement of {bytes} bytes is too large for the server, whose max_allowed_packet is \
             {max_packet}; raise it, or send less at once"
        );
        return Err(DbError::new(DbErrorKind::Other, text));
    }
    let sort = statement.sort();
    let work = async {
        match sort {
            Sort::Rows => prepared(conn, &statement.text, statement.params).await,
            Sort::Skipping => prepared_anew(conn, &statement.text, statement.params).await,
            Sort::Command | Sort::Schema => command(conn, &statement.text).await,
        }
    };
    if sort == Sort::Schema {
        return work.await;
    }
    timeout(ANSWER_LIMIT, work).await.unwrap_or_else(|_| {
        let text = format!(
            "the server did not answer within {} s",
            ANSWER_LIMIT.as_secs()
        );
        Err(DbError::new(DbErrorKind::LinkLost, text))
    })
}

/// Statements that cannot be prepared on every server, or are not worth it.
pub(super) async fn command<C: Queryable>(conn: &mut C, text: &str) -> DbResult<Reply> {
    let answer = conn.query_iter(text).await.map_err(errors::of_statement)?;
    let affected = answer.affected_rows();
    answer.drop_result().await.map_err(errors::of_statement)?;
    Ok(Reply {
        affected,
        ..Reply::default()
    })
}

/// Runs a prepared statement, on a connection or in a transaction of the driver.
pub(super) async fn prepared<C: Queryable>(
    conn: &mut C,
    text: &str,
    params: Vec<Value>,
) -> DbResult<Reply> {
    let answer = once(conn, text, params).await;
    let (rows, affected, first_id) = answer.map_err(errors::of_statement)?;
    let rows = rows
        .into_iter()
        .map(convert::row)
        .collect::<DbResult<_>>()?;
    let made = Inserted {
        first_id,
        rows: affected,
    };
    Ok(Reply {
        rows,
        affected,
        inserted: (first_id != 0).then_some(made).into_iter().collect(),
    })
}

/// The same, and has the server forget the statement.
async fn prepared_anew(conn: &mut Conn, text: &str, params: Vec<Value>) -> DbResult<Reply> {
    let answer = prepared(conn, text, params).await?;
    // It is in the cache of the connection, so that nothing is asked for.
    let statement = conn.prep(text).await.map_err(errors::of_statement)?;
    conn.close(statement).await.map_err(errors::of_statement)?;
    Ok(answer)
}

async fn once<C: Queryable>(
    conn: &mut C,
    text: &str,
    params: Vec<Value>,
) -> Result<(Vec<Row>, u64, i64), Error> {
    let statement = conn.prep(text).await?;
    let answer = match conn.exec_iter(&statement, Params::Positional(params)).await {
        Ok(mut answer) => {
            let rows: Vec<Row> = answer.collect().await?;
            let last_id = answer
                .last_insert_id()
                .and_then(|id| i64::try_from(id).ok());
            let affected = matched(&answer.info()).unwrap_or(answer.affected_rows());
            let numbers = (affected, last_id.unwrap_or_default());
            answer.drop_result().await?;
            Ok((rows, numbers.0, numbers.1))
        }
        Err(error) => Err(error),
    };
    if let Err(Error::Server(error)) = &answer
        && STALE_STATEMENT.contains(&error.code)
    {
        // Forgets it, so that the whole is repeated with the text prepared anew.
        conn.close(statement).await?;
    }
    answer
}

/// How many rows an `UPDATE` matched, which is counted differently on connections that callers opened
/// without the flag `FOUND_ROWS`.
fn matched(info: &str) -> Option<u64> {
    let number = info.strip_prefix("Rows matched: ")?;
    number.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_an_update_matched_are_counted_whether_or_not_they_changed() {
        assert_eq!(
            matched("Rows matched: 12  Changed: 0  Warnings: 0"),
            Some(12)
        );
        assert_eq!(matched("Records: 3  Duplicates: 0  Warnings: 0"), None);
        assert_eq!(matched(""), None);
    }
}
