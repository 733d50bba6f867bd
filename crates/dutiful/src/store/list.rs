//! Lists tasks, newest first, by pages.

mod hints;

use self::hints::Hints;
use super::task_row::TaskRow;
use super::{facts, get, task_row};
use crate::db::{Db, DbResult, Dialect, Row, Sql, Value};
use dutiful_core::limits::{LIST_PAGE_BYTES_MAX, LIST_SCAN_ROWS_MAX};
use dutiful_core::{State, Status, Timestamp};

/// Where a state is asked for, it is derived here for each row of a batch of this size...
const SCAN_ROWS: usize = 500;
/// ...and a call that finds too few looks at no more than this many batches.
const SCANS_MAX: usize = LIST_SCAN_ROWS_MAX / SCAN_ROWS;
/// Whole rows are read so many at a time, because each may hold several MiB.
const FETCH_ROWS: usize = 25;

/// What decides whether a row is on the page. A filter that is NULL lets everything pass.
///
/// The words are those of errors that can only end as something other than quarantined (see
/// [`Hints`]); the state itself is derived by the core.
const SCAN: Sql = Sql {
    sqlite: "/* dutiful.list */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id < ?1
          AND (?2 IS NULL OR task_name = ?2)
          AND (?3 IS NULL OR status = ?3)
          AND (?4 IS NULL OR created_at >= ?4)
          AND (?5 IS NULL OR created_at < ?5)
          AND (?6 IS NULL OR finished_at >= ?6)
          AND (?7 IS NULL OR finished_at < ?7)
          AND (?8 IS NULL OR instr(task_payload, ?8) > 0 OR instr(error_message, ?8) > 0)
          AND (?9 IS NULL OR (due_at IS NOT NULL) = ?9)
          AND (?10 IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND (?11 IS NULL OR task_name <> ?11)
        ORDER BY id DESC
        LIMIT ?12",
    mysql: "/* dutiful.list */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id < ?
          AND (? IS NULL OR task_name = ?)
          AND (? IS NULL OR status = ?)
          AND (? IS NULL OR created_at >= ?)
          AND (? IS NULL OR created_at < ?)
          AND (? IS NULL OR finished_at >= ?)
          AND (? IS NULL OR finished_at < ?)
          AND (? IS NULL OR LOCATE(?, task_payload) > 0 OR LOCATE(?, error_message) > 0)
          AND (? IS NULL OR (due_at IS NOT NULL) = ?)
          AND (? IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND (? IS NULL OR task_name <> ?)
        ORDER BY id DESC
        LIMIT ?",
    postgres: "/* dutiful.list */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id < $1::bigint
          AND ($2::text IS NULL OR task_name = $2::text)
          AND ($3::text IS NULL OR status = $3::text)
          AND ($4::timestamptz IS NULL OR created_at >= $4::timestamptz)
          AND ($5::timestamptz IS NULL OR created_at < $5::timestamptz)
          AND ($6::timestamptz IS NULL OR finished_at >= $6::timestamptz)
          AND ($7::timestamptz IS NULL OR finished_at < $7::timestamptz)
          AND ($8::text IS NULL OR strpos(task_payload, $8::text) > 0
               OR strpos(error_message, $8::text) > 0)
          AND ($9::bigint IS NULL OR (due_at IS NOT NULL) = ($9::bigint = 1))
          AND ($10::bigint IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND ($11::text IS NULL OR task_name <> $11::text)
        ORDER BY id DESC
        LIMIT $12::bigint",
};

/// What to list; everything in it is checked already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) task_name: Option<String>,
    pub(crate) status: Option<Status>,
    /// Empty means all.
    pub(crate) states: Vec<State>,
    pub(crate) text: Option<String>,
    pub(crate) created_from: Option<Timestamp>,
    pub(crate) created_before: Option<Timestamp>,
    pub(crate) finished_from: Option<Timestamp>,
    pub(crate) finished_before: Option<Timestamp>,
    /// No tasks of this name.
    pub(crate) except: Option<&'static str>,
    /// Only tasks with a lower id.
    pub(crate) before: Option<i64>,
    /// At least 1.
    pub(crate) limit: usize,
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tasks: Vec<TaskRow>,
    /// Where the next page begins: below this id. `None` when nothing is left.
    pub(crate) next: Option<i64>,
}

/// The ids of a page.
#[derive(Debug, Default, PartialEq)]
struct Scan {
    ids: Vec<i64>,
    next: Option<i64>,
}

/// Reads one page. It may hold fewer tasks than asked for and still have a next one: where matches are
/// rare, or where payloads and results are large.
pub(crate) async fn list(db: &Db, query: &Query) -> DbResult<Found> {
    let scan = scan(db, query).await?;
    fetch(db, query, scan).await
}

/// The ids alone of one page, newest first, and below which one the next page begins.
pub(crate) async fn ids(db: &Db, query: &Query) -> DbResult<(Vec<i64>, Option<i64>)> {
    let scan = scan(db, query).await?;
    Ok((scan.ids, scan.next))
}

async fn scan(db: &Db, query: &Query) -> DbResult<Scan> {
    let batch = if query.states.is_empty() {
        query.limit + 1
    } else {
        SCAN_ROWS
    };
    let mut scan = Scan {
        ids: Vec::new(),
        next: query.before,
    };
    for _ in 0..SCANS_MAX {
        let before = scan.next.unwrap_or(i64::MAX);
        let rows = db
            .read(&SCAN, params(db.dialect(), query, before, batch))
            .await?;
        if take_matches(query, &rows, &mut scan.ids, batch, &mut scan.next)? {
            break;
        }
    }
    Ok(scan)
}

/// Takes the matching ids of a batch, and moves `next` past what was looked at. `true` when the page is
/// full or nothing is left.
fn take_matches(
    query: &Query,
    rows: &[Row],
    ids: &mut Vec<i64>,
    batch: usize,
    next: &mut Option<i64>,
) -> DbResult<bool> {
    let more = rows.len() == batch;
    for (index, row) in rows.iter().enumerate() {
        let id = row.int(0)?;
        let facts = facts::read(row, 2).ok();
        if query.wants(task_row::state(facts.as_ref(), row.time(1)?)) {
            ids.push(id);
        }
        *next = Some(id);
        if ids.len() == query.limit {
            *next = next.filter(|_| more || index + 1 < rows.len());
            return Ok(true);
        }
    }
    if !more {
        *next = None;
    }
    Ok(!more)
}

/// Reads the whole rows. What has been deleted or has left the wanted states meanwhile is left out.
async fn fetch(db: &Db, query: &Query, scan: Scan) -> DbResult<Found> {
    let mut found = Found {
        tasks: Vec::with_capacity(scan.ids.len()),
        next: scan.next,
    };
    let mut bytes = 0;
    let mut chunks = scan.ids.chunks(FETCH_ROWS).peekable();
    while let Some(ids) = chunks.next() {
        for task in get::get_many(db, ids.to_vec()).await? {
            bytes += task.bytes();
            if query.wants(task.state) {
                found.tasks.push(task);
            }
        }
        if bytes > LIST_PAGE_BYTES_MAX && chunks.peek().is_some() {
            found.next = ids.last().copied();
            break;
        }
    }
    Ok(found)
}

impl Query {
    pub(crate) fn wants(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }
}

fn params(dialect: Dialect, query: &Query, before: i64, batch: usize) -> Vec<Value> {
    let hints = Hints::of(&query.states);
    let status = query
        .status
        .or(hints.status)
        .map(|status| status.as_str().to_owned());
    let filters: [(Value, usize); 10] = [
        (query.task_name.clone().into(), 2),
        (status.into(), 2),
        (query.created_from.into(), 2),
        (query.created_before.into(), 2),
        (query.finished_from.into(), 2),
        (query.finished_before.into(), 2),
        (query.text.clone().into(), 3),
        (hints.has_due.map(i64::from).into(), 2),
        (hints.quarantined.then_some(1).into(), 1),
        (query.except.map(str::to_owned).into(), 2),
    ];
    let mut params: Vec<Value> = vec![before.into()];
    for (value, uses) in filters {
        // MySQL's placeholders have no numbers: each use is a parameter of its own.
        let uses = if dialect == Dialect::Mysql { uses } else { 1 };
        params.extend(std::iter::repeat_n(value, uses));
    }
    params.push(i64::try_from(batch).unwrap_or(i64::MAX).into());
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, status: &str) -> Row {
        Row(vec![
            id.into(),
            Value::from(Timestamp::from_micros(1_000)),
            status.into(),
            Value::Time(None),
            Value::Text(None),
            1.into(),
            0.into(),
            3.into(),
            0.into(),
            Value::Text(None),
            "none".into(),
        ])
    }

    fn take(query: &Query, rows: &[Row], batch: usize) -> (bool, Vec<i64>, Option<i64>) {
        let (mut ids, mut next) = (Vec::new(), None);
        let ended = take_matches(query, rows, &mut ids, batch, &mut next).unwrap();
        (ended, ids, next)
    }

    #[test]
    fn a_page_ends_where_it_is_full_and_only_then_points_on() {
        let query = Query {
            limit: 2,
            ..Query::default()
        };
        let rows: Vec<Row> = [9, 7, 4].map(|id| row(id, "success")).into();
        assert_eq!(take(&query, &rows, 3), (true, vec![9, 7], Some(7)));
        assert_eq!(take(&query, &rows[..2], 3), (true, vec![9, 7], None));
        assert_eq!(take(&query, &rows[..1], 3), (true, vec![9], None));
        assert_eq!(take(&query, &[], 3), (true, vec![], None));
    }

    #[test]
    fn a_batch_without_matches_is_passed_over_and_the_next_one_begins_below_it() {
        let query = Query {
            limit: 2,
            states: vec![State::Failed],
            ..Query::default()
        };
        let rows = [row(9, "success"), row(7, "error"), row(4, "success")];
        assert_eq!(take(&query, &rows, 3), (false, vec![7], Some(4)));
        assert_eq!(take(&query, &rows, 4), (true, vec![7], None));
    }

    #[test]
    fn a_row_whose_words_mean_nothing_counts_as_quarantined() {
        let query = Query {
            limit: 5,
            states: vec![State::Quarantined],
            ..Query::default()
        };
        assert_eq!(
            take(&query, &[row(3, "processing")], 9),
            (true, vec![3], None)
        );
    }

    #[test]
    fn each_dialect_gets_as_many_parameters_as_its_text_has_places() {
        let query = Query {
            limit: 2,
            ..Query::default()
        };
        let count = |dialect| params(dialect, &query, 5, 3).len();
        assert_eq!(count(Dialect::Mysql), SCAN.mysql.matches('?').count());
        assert_eq!(count(Dialect::Sqlite), 12);
        assert_eq!(count(Dialect::Postgres), 12);
    }
}
