//! Lists and counts tasks, newest first.
//!
//! No call goes through the table: it looks at a bounded number of rows, by the index that narrows most, for
//! a bounded time, and says where the next call goes on.

mod check;
mod created;
mod hints;
mod window;

use super::get;
use super::task_row::TaskRow;
use crate::db::{Db, DbResult};
use dutiful_core::limits::{
    COUNT_MAX, LIST_PAGE_BYTES_MAX, LIST_SCAN_ROWS_MAX, LIST_SCAN_TIME_MAX,
};
use dutiful_core::{State, Status, Timestamp};
use std::time::{Duration, Instant};
use window::Window;

/// The first look of a call takes at least so many rows...
const FIRST_ROWS: usize = 64;
/// ...each further one four times as many, up to this: most pages are full early.
const MOST_ROWS: usize = 1_000;
/// A text is looked for in so many rows at once: each may hold a MiB.
const TEXT_ROWS: usize = 100;
/// Whole rows are read so many at a time, because each may hold several MiB.
const FETCH_ROWS: usize = 25;

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

/// How many tasks fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) tasks: usize,
    /// There may be more.
    pub(crate) capped: bool,
}

/// What a call has come to.
#[derive(Debug, Default, PartialEq)]
struct Scan {
    ids: Vec<i64>,
    /// Below this id nothing has been looked at; `None` when nothing is left.
    next: Option<i64>,
}

/// Reads one page. It may hold fewer tasks than asked for and still have a next one: where matches are
/// rare, or where payloads and results are large.
pub(crate) async fn list(db: &Db, query: &Query) -> DbResult<Found> {
    let scan = scan(db, query, query.limit, LIST_SCAN_TIME_MAX).await?;
    fetch(db, query, scan).await
}

/// The ids alone of one page, newest first, and below which one the next page begins. Nobody waits for it: it is
/// bounded by rows alone.
pub(crate) async fn ids(db: &Db, query: &Query) -> DbResult<(Vec<i64>, Option<i64>)> {
    let scan = scan(db, query, query.limit, Duration::MAX).await?;
    Ok((scan.ids, scan.next))
}

/// Counts the tasks that fit, up to 10,000 of them, in as many rows as a page of a list looks at.
pub(crate) async fn count(db: &Db, query: &Query) -> DbResult<Counted> {
    let scan = scan(db, query, COUNT_MAX, LIST_SCAN_TIME_MAX).await?;
    Ok(Counted {
        tasks: scan.ids.len(),
        capped: scan.next.is_some(),
    })
}

/// The next `wanted` ids that fit, as far as they are found in this time.
async fn scan(db: &Db, query: &Query, wanted: usize, time: Duration) -> DbResult<Scan> {
    let begun = Instant::now();
    let mut window = Window::of(db, query).await?;
    let mut scan = Scan::default();
    let takes_all = query.takes_all_of_window() && window.keeps_to_name(query);
    let mut pace = Pace::of(query, takes_all, wanted);
    loop {
        // One more than wanted tells whether anything is left.
        let ids = window.next(db, pace.rows).await?;
        let fitting = match takes_all {
            true => ids.clone(),
            false if ids.is_empty() => Vec::new(),
            false => check::fitting(db, query, &ids).await?,
        };
        let more = ids.len() == pace.rows;
        if take(&mut scan, &ids, &fitting, more, wanted) {
            return Ok(scan);
        }
        pace.goes_on(ids.len());
        if pace.rows == 0 || begun.elapsed() >= time {
            return Ok(scan);
        }
    }
}

/// How many rows are looked at next, and have been.
#[derive(Debug)]
struct Pace {
    rows: usize,
    most: usize,
    seen: usize,
}

impl Pace {
    fn of(query: &Query, takes_all: bool, wanted: usize) -> Pace {
        let most = match &query.text {
            Some(_) => TEXT_ROWS,
            None if takes_all => wanted + 1,
            None => MOST_ROWS,
        };
        let rows = (wanted + 1).max(FIRST_ROWS).min(most);
        Pace {
            rows,
            most,
            seen: 0,
        }
    }

    /// So many more have been looked at. No rows are left when that is all that a call may look at.
    fn goes_on(&mut self, seen: usize) {
        self.seen += seen;
        let left = LIST_SCAN_ROWS_MAX.saturating_sub(self.seen);
        self.rows = (self.rows * 4).min(self.most).min(left);
    }
}

/// Takes what fits of the rows that were looked at, and moves `next` past them. `true` when that is all: enough
/// was found, or nothing is left.
fn take(scan: &mut Scan, ids: &[i64], fitting: &[i64], more: bool, wanted: usize) -> bool {
    let room = wanted - scan.ids.len();
    scan.ids.extend(fitting.iter().take(room));
    if fitting.len() >= room && room > 0 {
        let last = scan.ids.last().copied();
        // Rows behind the last one have been looked at or not: they may fit.
        scan.next = last.filter(|last| more || ids.last() != Some(last));
        return true;
    }
    scan.next = ids.last().copied().filter(|_| more);
    !more
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
    pub(super) fn wants(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    /// Whether every row that an index leads to fits: nothing but a name is asked for.
    fn takes_all_of_window(&self) -> bool {
        let no_time = self.created_from.is_none()
            && self.created_before.is_none()
            && self.finished_from.is_none()
            && self.finished_before.is_none();
        let any_row = self.states.is_empty() && self.status.is_none() && self.text.is_none();
        no_time && any_row && self.except.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a look at these rows, of which these fit, when two are wanted.
    fn look(ids: &[i64], fitting: &[i64], more: bool) -> (bool, Vec<i64>, Option<i64>) {
        let mut scan = Scan::default();
        let ended = take(&mut scan, ids, fitting, more, 2);
        (ended, scan.ids, scan.next)
    }

    #[test]
    fn a_page_ends_where_it_is_full_and_only_then_points_on() {
        let ids = [9, 7, 4];
        assert_eq!(look(&ids, &ids, true), (true, vec![9, 7], Some(7)));
        assert_eq!(look(&ids[..2], &ids[..2], false), (true, vec![9, 7], None));
        assert_eq!(look(&ids[..1], &ids[..1], false), (true, vec![9], None));
        assert_eq!(look(&[], &[], false), (true, vec![], None));
    }

    #[test]
    fn rows_that_do_not_fit_are_passed_over_and_the_next_look_begins_below_them() {
        assert_eq!(look(&[9, 7, 4], &[7], true), (false, vec![7], Some(4)));
        assert_eq!(look(&[9, 7, 4], &[7], false), (true, vec![7], None));
        assert_eq!(look(&[9, 7, 4], &[], true), (false, vec![], Some(4)));
        assert_eq!(
            look(&[9, 7, 4], &[9, 7], false),
            (true, vec![9, 7], Some(7))
        );
    }

    #[test]
    fn looks_grow_and_those_for_a_text_stay_small() {
        let mut pace = Pace::of(
            &Query {
                states: vec![State::Failed],
                ..Query::default()
            },
            false,
            50,
        );
        let mut rows = Vec::new();
        for _ in 0..4 {
            rows.push(pace.rows);
            pace.goes_on(pace.rows);
        }
        assert_eq!(rows, [64, 256, 1_000, 1_000]);
        pace.goes_on(LIST_SCAN_ROWS_MAX - pace.seen - 7);
        assert_eq!(pace.rows, 7);
        pace.goes_on(7);
        assert_eq!(pace.rows, 0);
        let text = Query {
            text: Some("x".to_owned()),
            ..Query::default()
        };
        assert_eq!(Pace::of(&text, false, 200).rows, 100);
        assert_eq!(Pace::of(&Query::default(), true, 200).rows, 201);
    }
}
