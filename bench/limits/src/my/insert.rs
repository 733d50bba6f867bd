//! Inserting: one row a statement, and many rows of values in one.

use std::time::Instant;

use anyhow::Result;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value};

use super::{connect, make_table};
use crate::BULK;
use crate::report::Timed;
use crate::sample::{NAME, key, payload};

const ONE: &str = "
    insert into limit_tasks (task_name, payload, payload_hash) values (?, ?, ?)
    on duplicate key update max_retries = max_retries";
const HEAD: &str = "insert into limit_tasks (task_name, payload, payload_hash) values ";
const ROW: &str = "(?, ?, ?)";
const TAIL: &str = " on duplicate key update max_retries = max_retries";

pub(crate) async fn one(url: &str, tasks: usize) -> Result<Timed> {
    let mut conn = connect(url).await?;
    make_table(&mut conn, true).await?;
    let insert = conn.prep(ONE).await?;
    let begun = Instant::now();
    for number in 0..tasks {
        conn.exec_drop(&insert, (NAME, payload(number), key(number)))
            .await?;
    }
    let timed = Timed::since(begun, "one row, ON DUPLICATE KEY UPDATE");
    conn.disconnect().await?;
    Ok(timed)
}

pub(crate) async fn bulk(url: &str, tasks: usize, unique: bool) -> Result<Timed> {
    let mut conn = connect(url).await?;
    make_table(&mut conn, unique).await?;
    let begun = Instant::now();
    insert_all(&mut conn, tasks, unique).await?;
    let shape = if unique {
        "VALUES of 1,000 rows, ON DUPLICATE KEY UPDATE"
    } else {
        "VALUES of 1,000 rows"
    };
    let timed = Timed::since(begun, shape);
    conn.disconnect().await?;
    Ok(timed)
}

pub(super) async fn insert_all(conn: &mut Conn, tasks: usize, unique: bool) -> Result<()> {
    for first in (0..tasks).step_by(BULK) {
        let numbers = first..tasks.min(first + BULK);
        let rows = vec![ROW; numbers.len()].join(", ");
        let tail = if unique { TAIL } else { "" };
        let mut values: Vec<Value> = Vec::with_capacity(numbers.len() * 3);
        for number in numbers {
            values.extend([NAME.into(), payload(number).into(), key(number).into()]);
        }
        // The driver keeps the prepared statement of this text.
        conn.exec_drop(format!("{HEAD}{rows}{tail}"), Params::Positional(values))
            .await?;
    }
    Ok(())
}
