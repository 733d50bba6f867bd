//! Between which ids tasks were created in a range of time, without an index on that time: ids rise with it.

use super::Query;
use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_SCAN_ROWS_MAX;
use std::ops::Range;
use std::time::Duration;

/// How much ids and times may be out of step: several programs insert at once, and a statement that inserts
/// many may take one time for all of them.
const SLACK: Duration = Duration::from_secs(10);
/// Into how many parts a range of ids is cut by one statement.
const PARTS: i64 = 8;
/// A range of ids that is short enough to be looked through.
const SHORT: i64 = 64;

/// The lowest and the highest id.
const ENDS: Sql = Sql {
    sqlite: "/* dutiful.list.ends */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
    mysql: "/* dutiful.list.ends */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
    postgres: "/* dutiful.list.ends */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
};

/// When the first task at or behind each of seven ids was created. MySQL would read all tasks before an id that it
/// does not know beforehand.
const PROBE: Sql = Sql {
    sqlite: "/* dutiful.list.probe */
        SELECT p.value, (SELECT t.created_at FROM dutiful_tasks AS t
                         WHERE t.id >= p.value ORDER BY t.id LIMIT 1)
        FROM json_each(?1) AS p",
    mysql: "/* dutiful.list.probe */
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT CAST(? AS SIGNED) AS probe, created_at FROM dutiful_tasks WHERE id >= ? ORDER BY id LIMIT 1)",
    postgres: "/* dutiful.list.probe */
        SELECT p.id, (SELECT t.created_at FROM dutiful_tasks AS t
                      WHERE t.id >= p.id ORDER BY t.id LIMIT 1)
        FROM json_array_elements_text($1::text::json) AS e (value)
        CROSS JOIN LATERAL (SELECT e.value::bigint AS id) AS p",
};

/// The ids that can hold what was created in the range that is asked for. Ending before a time bounds it too:
/// a task was created before it ended. A small table is never narrowed, so that there every row is looked at,
/// whatever time somebody gave it.
pub(super) async fn bounds(db: &Db, query: &Query) -> DbResult<Range<i64>> {
    let all = i64::MIN..i64::MAX;
    let upper = match (query.created_before, query.finished_before) {
        (Some(created), Some(finished)) => Some(created.min(finished)),
        (one, other) => one.or(other),
    };
    if query.created_from.is_none() && upper.is_none() {
        return Ok(all);
    }
    let rows = db.read(&ENDS, Vec::new()).await?;
    let end = |index| rows.first().map(|row| row.opt_int(index)).transpose();
    let (Some(lowest), Some(highest)) = (end(0)?.flatten(), end(1)?.flatten()) else {
        return Ok(all);
    };
    let small = i64::try_from(LIST_SCAN_ROWS_MAX).unwrap_or(i64::MAX);
    if highest.saturating_sub(lowest) < small {
        return Ok(all);
    }
    let ids = lowest..highest.saturating_add(1);
    let start = match query.created_from {
        Some(time) => {
            search(db, ids.clone(), time.saturating_sub(SLACK))
                .await?
                .start
        }
        None => i64::MIN,
    };
    let end = match upper {
        Some(time) => search(db, ids, time.saturating_add(SLACK)).await?.end,
        None => i64::MAX,
    };
    Ok(start..end)
}

/// Narrows the ids down to a short range: what lies below it was created before `time`, what lies above it not
/// before.
async fn search(db: &Db, mut ids: Range<i64>, time: Timestamp) -> DbResult<Range<i64>> {
    while ids.end - ids.start > SHORT {
        let probes = probes(&ids);
        let rows = db.read(&PROBE, params(db.dialect(), &probes)).await?;
        let next = narrow(&ids, &rows, time)?;
        if next == ids {
            break;
        }
        ids = next;
    }
    Ok(ids)
}

/// Where to look: ids that cut the range into equal parts.
fn probes(ids: &Range<i64>) -> Vec<i64> {
    let step = (ids.end - ids.start) / PARTS;
    (1..PARTS).map(|part| ids.start + part * step).collect()
}

fn params(dialect: Dialect, ids: &[i64]) -> Vec<Value> {
    if dialect == Dialect::Mysql {
        // Each is told and compared.
        return ids
            .iter()
            .flat_map(|id| [(*id).into(), (*id).into()])
            .collect();
    }
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    vec![format!("[{}]", ids.join(",")).into()]
}

fn narrow(ids: &Range<i64>, rows: &[Row], time: Timestamp) -> DbResult<Range<i64>> {
    let mut next = ids.clone();
    for row in rows {
        let id = row.int(0)?;
        match row.opt_time(1)? {
            Some(created) if created < time => next.start = next.start.max(id),
            _ => next.end = next.end.min(id),
        }
    }
    // Where times do not rise with ids the parts contradict each other: then nothing is left out.
    Ok(if next.start < next.end {
        next
    } else {
        ids.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(times: &[(i64, i64)]) -> Vec<Row> {
        let row = |&(id, micros): &(i64, i64)| {
            let time = Timestamp::from_micros(micros);
            Row(vec![id.into(), Value::from(time)])
        };
        times.iter().map(row).collect()
    }

    #[test]
    fn a_range_is_narrowed_to_the_part_in_which_the_time_lies() {
        let found = rows(&[(10, 100), (20, 200), (30, 300)]);
        let narrow = |time| narrow(&(0..40), &found, Timestamp::from_micros(time)).unwrap();
        assert_eq!(narrow(250), 20..30);
        assert_eq!(narrow(50), 0..10);
        assert_eq!(narrow(900), 30..40);
        assert_eq!(narrow(200), 10..20, "what was created at the time is above");
    }

    #[test]
    fn times_that_contradict_the_order_of_ids_narrow_nothing() {
        let found = rows(&[(10, 300), (20, 200), (30, 100)]);
        let narrowed = narrow(&(0..40), &found, Timestamp::from_micros(250)).unwrap();
        assert_eq!(narrowed, 0..40);
    }

    #[test]
    fn the_probes_cut_into_equal_parts() {
        let probes = probes(&(0..800));
        assert_eq!((probes.len(), probes[0], probes[6]), (7, 100, 700));
        let places = PROBE.mysql.matches('?').count();
        assert_eq!(params(Dialect::Mysql, &probes).len(), places);
        assert_eq!(params(Dialect::Sqlite, &[1, 2]), [Value::from("[1,2]")]);
    }
}
