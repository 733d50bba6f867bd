//! Rows by a product of digits, which both MySQL and MariaDB can.

use anyhow::Result;
use mysql_async::prelude::Queryable;

use super::connect;
use crate::fill::{DAYS, Kind, NOOP_NAME, statements};

const DIGITS: &str = "(select 0 as d union all select 1 union all select 2 union all select 3
    union all select 4 union all select 5 union all select 6 union all select 7
    union all select 8 union all select 9)";
const SECONDS_A_DAY: u64 = 24 * 60 * 60;

pub(crate) async fn rows(url: &str, kind: Kind, rows: u64) -> Result<()> {
    let mut conn = connect(url).await?;
    for (first, end) in statements(rows) {
        let numbers = numbers(first, end);
        let statement = match kind.waits() {
            None => finished(&numbers, rows),
            Some((name, days)) => waiting(&numbers, name, days),
        };
        conn.query_drop(statement).await?;
    }
    conn.query_drop("analyze table dutiful_bench_tasks").await?;
    Ok(conn.disconnect().await?)
}

/// A table of all numbers from one on and below another; as many as five digits can count.
fn numbers(first: u64, end: u64) -> String {
    format!(
        "(select {first} + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as i
          from {DIGITS} as a, {DIGITS} as b, {DIGITS} as c, {DIGITS} as e, {DIGITS} as f
          having i < {end}) as numbers"
    )
}

fn finished(numbers: &str, rows: u64) -> String {
    let seconds = DAYS * SECONDS_A_DAY;
    format!(
        "insert into dutiful_bench_tasks
            (task_name, task_payload, status, created_at, due_at, last_run_at, finished_at, attempt,
             result_data, dedup_scope)
         select '{NOOP_NAME}', concat('{{\"number\":', i, '}}'), 'success', at, null, at,
                at + interval 5000 microsecond, 1, concat('{{\"number\":', i, '}}'), 'until_success'
         from (select i, utc_timestamp(6) - interval floor({seconds} * (1 - i / {rows})) second as at
               from {numbers}) as sample"
    )
}

fn waiting(numbers: &str, name: &str, days: i32) -> String {
    format!(
        "insert into dutiful_bench_tasks (task_name, task_payload, due_at, dedup_key, dedup_scope)
         select '{name}', concat('{{\"number\":', i, '}}'), utc_timestamp(6) + interval {days} day,
                unhex(sha2(concat('filled ', i), 256)), 'until_success'
         from {numbers}"
    )
}
