//! Rows by one prepared statement.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rusqlite::{Connection, params};

use crate::fill::{DAYS, Kind, NOOP_NAME, statements};
use crate::sample::{key, payload};

const FINISHED: &str = "
    insert into dutiful_bench_tasks
        (task_name, task_payload, status, created_at, due_at, last_run_at, finished_at, attempt,
         result_data, dedup_key, dedup_scope)
    values (?1, ?2, 'success', ?3, null, ?3, ?3 + 5000, 1, ?2, ?4, 'until_success')";
const WAITING: &str = "
    insert into dutiful_bench_tasks (task_name, task_payload, due_at, dedup_key, dedup_scope)
    values (?1, ?2, ?3, ?4, 'until_success')";
/// No table has so many rows that their numbers reach this bit.
const KIND_AT: u32 = 60;
const MICROS_A_DAY: i64 = 24 * 60 * 60 * 1_000_000;

pub(crate) fn rows(file: &str, kind: Kind, rows: u64) -> Result<()> {
    let connection = Connection::open(file)?;
    // Nobody needs the rows after a crash.
    connection.execute_batch("pragma synchronous = off; pragma cache_size = -65536")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let now = i64::try_from(now)?;
    for (first, end) in statements(rows) {
        connection.execute_batch("begin immediate")?;
        for number in first..end {
            insert(&connection, kind, now, number, rows)?;
        }
        connection.execute_batch("commit")?;
    }
    connection.execute_batch("pragma wal_checkpoint(truncate)")?;
    Ok(())
}

fn insert(connection: &Connection, kind: Kind, now: i64, number: u64, rows: u64) -> Result<()> {
    let text = payload(number as usize);
    let key = spread_key(kind, number, rows);
    if let Some((name, days)) = kind.waits() {
        let due = now + i64::from(days) * MICROS_A_DAY;
        let mut statement = connection.prepare_cached(WAITING)?;
        statement.execute(params![name, text, due, key])?;
    } else {
        let share = 1.0 - number as f64 / rows as f64;
        let at = now - (share * (DAYS as i64 * MICROS_A_DAY) as f64) as i64;
        let mut statement = connection.prepare_cached(FINISHED)?;
        statement.execute(params![NOOP_NAME, text, at, key])?;
    }
    Ok(())
}

/// A key of 32 bytes. On SQLite a finished row keeps its key until somebody else wants the slot, so the
/// index is as large as the table. The keys lie all over their space, and rise with the rows: the index is
/// as real ones are, but is filled from one end to the other, which takes a tenth of the time.
fn spread_key(kind: Kind, number: u64, rows: u64) -> Vec<u8> {
    let step = u64::MAX / rows.max(1);
    let mut bytes = (number * step).to_be_bytes().to_vec();
    bytes.extend(key(number as usize));
    // Rows of another kind may have the same task name.
    bytes.extend((number | (kind as u64) << KIND_AT).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rise_over_the_whole_space() {
        let keys: Vec<Vec<u8>> = (0..4)
            .map(|number| spread_key(Kind::Later, number, 4))
            .collect();
        assert!(keys.is_sorted());
        assert!(keys.iter().all(|key| key.len() == 32));
        assert_ne!(keys[0], spread_key(Kind::Finished, 0, 4));
        assert!(keys[0][0] == 0 && keys[3][0] >= 0xBF);
    }
}
