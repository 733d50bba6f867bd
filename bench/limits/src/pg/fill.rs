//! Rows by `generate_series`.

use anyhow::Result;
use tokio_postgres::types::ToSql;

use super::connect;
use crate::fill::{DAYS, Kind, NOOP_NAME, statements};

const FINISHED: &str = "
    insert into dutiful_bench_tasks
        (task_name, task_payload, status, created_at, due_at, last_run_at, finished_at, attempt,
         result_data, dedup_scope)
    select $1, row.payload, 'success', row.at, null, row.at, row.at + interval '5 ms', 1,
           row.payload, 'until_success'
    from (select '{\"number\":' || i || '}' as payload,
                 now() - make_interval(days => $2) * (1 - i::float8 / $3) as at
          from generate_series($4::bigint, $5::bigint - 1) as i) as row";
const WAITING: &str = "
    insert into dutiful_bench_tasks
        (task_name, task_payload, due_at, dedup_key, dedup_scope)
    select $1, '{\"number\":' || i || '}', now() + make_interval(days => $2),
           sha256(int8send(i)), 'until_success'
    from generate_series($3::bigint, $4::bigint - 1) as i";

pub(crate) async fn rows(url: &str, kind: Kind, rows: u64) -> Result<()> {
    let client = connect(&url.parse()?).await?;
    for (first, end) in statements(rows) {
        let (first, end) = (first as i64, end as i64);
        if let Some((name, days)) = kind.waits() {
            let values: [&(dyn ToSql + Sync); 4] = [&name, &days, &first, &end];
            client.execute(WAITING, &values).await?;
        } else {
            let (days, all) = (DAYS as i32, rows as f64);
            let values: [&(dyn ToSql + Sync); 5] = [&NOOP_NAME, &days, &all, &first, &end];
            client.execute(FINISHED, &values).await?;
        }
    }
    // What autovacuum would have done to a table that grew slowly.
    for statement in ["vacuum analyze dutiful_bench_tasks", "checkpoint"] {
        client.batch_execute(statement).await?;
    }
    Ok(())
}
