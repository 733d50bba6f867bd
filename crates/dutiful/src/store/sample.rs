//! A table as it looks after a month of work, for measuring how looks cost on it. Nothing else writes rows like this.

use crate::db::{Db, DbResult, Sql, Value};
use dutiful_core::Timestamp;
use std::time::Duration;

/// Rows of one statement.
const ROWS: u64 = 20_000;

/// Rows by their number: 97 of 100 have succeeded, the others ended in every other way, and the last ones wait, are
/// held, or will be tried again. They were created one after the other, at equal distances.
const FILL: Sql = Sql {
    sqlite: "/* dutiful.sample.fill */
        WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
        INSERT INTO dutiful_tasks
          (task_name, task_payload, created_at, status, due_at, last_run_at, finished_at, attempt, retries,
           error_kind, error_message, result_data)
        SELECT name, '{\"customer\":' || i || ',\"text\":\"a payload of some length, as they are\"}', made,
               CASE WHEN kind = 'succeeded' THEN 'success'
                    WHEN kind IN ('queued', 'scheduled', 'held') THEN 'not_started' ELSE 'error' END,
               CASE kind WHEN 'queued' THEN made WHEN 'scheduled' THEN made + 86400000000
                         WHEN 'retrying' THEN made + 86400000000 END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'cancelled') THEN made + 1000000 END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'retrying')
                    THEN made + 2000000 + i % 7 * 100000 END,
               CASE WHEN kind IN ('queued', 'scheduled', 'held', 'cancelled') THEN 0 ELSE 1 END,
               CASE WHEN kind IN ('failed', 'timed_out', 'retrying') THEN 1 ELSE 0 END,
               CASE WHEN kind = 'retrying' THEN 'failed'
                    WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held') THEN kind END,
               CASE WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held')
                    THEN 'the server answered 503 to request ' || i END,
               CASE WHEN kind = 'succeeded' THEN '{\"done\":true}' END
        FROM (SELECT i, ?3 + i * ?4 AS made,
                     CASE WHEN i % 100000 = 7 THEN 'SampleRare' ELSE 'Sample' || (i % 20) END AS name,
                     CASE WHEN i >= ?5 AND i % 10 < 7 THEN 'queued' WHEN i >= ?5 AND i % 10 = 7 THEN 'scheduled'
                          WHEN i >= ?5 AND i % 10 = 8 THEN 'retrying' WHEN i >= ?5 THEN 'held'
                          WHEN i * 7919 % 1000 < 970 THEN 'succeeded' WHEN i * 7919 % 1000 < 985 THEN 'failed'
                          WHEN i * 7919 % 1000 < 990 THEN 'cancelled'
                          WHEN i * 7919 % 1000 < 993 THEN 'invalid_payload'
                          WHEN i * 7919 % 1000 < 996 THEN 'discarded'
                          WHEN i * 7919 % 1000 < 997 THEN 'lease_lost' ELSE 'timed_out' END AS kind
              FROM n) AS made",
    mysql: "/* dutiful.sample.fill */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, created_at, status, due_at, last_run_at, finished_at, attempt, retries,
           error_kind, error_message, result_data)
        SELECT name, CONCAT('{\"customer\":', i, ',\"text\":\"a payload of some length, as they are\"}'), made,
               CASE WHEN kind = 'succeeded' THEN 'success'
                    WHEN kind IN ('queued', 'scheduled', 'held') THEN 'not_started' ELSE 'error' END,
               CASE kind WHEN 'queued' THEN made WHEN 'scheduled' THEN made + INTERVAL 1 DAY
                         WHEN 'retrying' THEN made + INTERVAL 1 DAY END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'cancelled')
                    THEN made + INTERVAL 1 SECOND END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'retrying')
                    THEN made + INTERVAL 2000000 + i % 7 * 100000 MICROSECOND END,
               CASE WHEN kind IN ('queued', 'scheduled', 'held', 'cancelled') THEN 0 ELSE 1 END,
               CASE WHEN kind IN ('failed', 'timed_out', 'retrying') THEN 1 ELSE 0 END,
               CASE WHEN kind = 'retrying' THEN 'failed'
                    WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held') THEN kind END,
               CASE WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held')
                    THEN CONCAT('the server answered 503 to request ', i) END,
               CASE WHEN kind = 'succeeded' THEN '{\"done\":true}' END
        FROM (SELECT i, begins + INTERVAL i * step MICROSECOND AS made,
                     CASE WHEN i % 100000 = 7 THEN 'SampleRare' ELSE CONCAT('Sample', i % 20) END AS name,
                     CASE WHEN i >= live AND i % 10 < 7 THEN 'queued' WHEN i >= live AND i % 10 = 7 THEN 'scheduled'
                          WHEN i >= live AND i % 10 = 8 THEN 'retrying' WHEN i >= live THEN 'held'
                          WHEN i * 7919 % 1000 < 970 THEN 'succeeded' WHEN i * 7919 % 1000 < 985 THEN 'failed'
                          WHEN i * 7919 % 1000 < 990 THEN 'cancelled'
                          WHEN i * 7919 % 1000 < 993 THEN 'invalid_payload'
                          WHEN i * 7919 % 1000 < 996 THEN 'discarded'
                          WHEN i * 7919 % 1000 < 997 THEN 'lease_lost' ELSE 'timed_out' END AS kind
              FROM (SELECT p.first + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS i,
                           p.last, p.begins, p.step, p.live
                    FROM (SELECT CAST(? AS SIGNED) AS first, CAST(? AS SIGNED) AS last,
                                 CAST(? AS DATETIME(6)) AS begins, CAST(? AS SIGNED) AS step,
                                 CAST(? AS SIGNED) AS live) AS p
                    CROSS JOIN JSON_TABLE('[0,1]', '$[*]' COLUMNS (d INT PATH '$')) AS f
                    CROSS JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) AS e
                    CROSS JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) AS c
                    CROSS JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) AS b
                    CROSS JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) AS a) AS n
              WHERE i <= last) AS made
        ORDER BY i",
    postgres: "/* dutiful.sample.fill */
        INSERT INTO dutiful_tasks
          (task_name, task_payload, created_at, status, due_at, last_run_at, finished_at, attempt, retries,
           error_kind, error_message, result_data)
        SELECT name, '{\"customer\":' || i || ',\"text\":\"a payload of some length, as they are\"}', made,
               CASE WHEN kind = 'succeeded' THEN 'success'
                    WHEN kind IN ('queued', 'scheduled', 'held') THEN 'not_started' ELSE 'error' END,
               CASE kind WHEN 'queued' THEN made WHEN 'scheduled' THEN made + interval '1 day'
                         WHEN 'retrying' THEN made + interval '1 day' END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'cancelled')
                    THEN made + interval '1 second' END,
               CASE WHEN kind NOT IN ('queued', 'scheduled', 'held', 'retrying')
                    THEN made + (2000000 + i % 7 * 100000) * interval '1 microsecond' END,
               CASE WHEN kind IN ('queued', 'scheduled', 'held', 'cancelled') THEN 0 ELSE 1 END,
               CASE WHEN kind IN ('failed', 'timed_out', 'retrying') THEN 1 ELSE 0 END,
               CASE WHEN kind = 'retrying' THEN 'failed'
                    WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held') THEN kind END,
               CASE WHEN kind NOT IN ('succeeded', 'queued', 'scheduled', 'held')
                    THEN 'the server answered 503 to request ' || i END,
               CASE WHEN kind = 'succeeded' THEN '{\"done\":true}' END
        FROM (SELECT i, $3::timestamptz + i * $4::bigint * interval '1 microsecond' AS made,
                     CASE WHEN i % 100000 = 7 THEN 'SampleRare' ELSE 'Sample' || (i % 20) END AS name,
                     CASE WHEN i >= $5::bigint AND i % 10 < 7 THEN 'queued'
                          WHEN i >= $5::bigint AND i % 10 = 7 THEN 'scheduled'
                          WHEN i >= $5::bigint AND i % 10 = 8 THEN 'retrying' WHEN i >= $5::bigint THEN 'held'
                          WHEN i * 7919 % 1000 < 970 THEN 'succeeded' WHEN i * 7919 % 1000 < 985 THEN 'failed'
                          WHEN i * 7919 % 1000 < 990 THEN 'cancelled'
                          WHEN i * 7919 % 1000 < 993 THEN 'invalid_payload'
                          WHEN i * 7919 % 1000 < 996 THEN 'discarded'
                          WHEN i * 7919 % 1000 < 997 THEN 'lease_lost' ELSE 'timed_out' END AS kind
              FROM generate_series($1::bigint, $2::bigint) AS n (i)) AS made
        ORDER BY i",
};

/// What is to be filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) tasks: u64,
    /// How many of them have not ended; the last ones.
    pub(crate) live: u64,
    /// When the last of them was created.
    pub(crate) until: Timestamp,
    /// How long before that the first one was.
    pub(crate) over: Duration,
}

/// Fills the table, 20,000 rows a statement. `told` hears how many rows are there.
pub(crate) async fn fill(db: &Db, sample: &Sample, told: &(dyn Fn(u64) + Sync)) -> DbResult<()> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let step = sample.over / u32::try_from(sample.tasks.max(1)).unwrap_or(u32::MAX);
    let begins = sample.until.saturating_sub(sample.over);
    let mut done = 0;
    while done < sample.tasks {
        let last = sample.tasks.min(done + ROWS);
        let params: Vec<Value> = vec![
            whole(done + 1).into(),
            whole(last).into(),
            begins.into(),
            super::submit::micros(step).into(),
            whole(sample.tasks - sample.live.min(sample.tasks) + 1).into(),
        ];
        db.write(&FILL, params).await?;
        done = last;
        told(done);
    }
    Ok(())
}
