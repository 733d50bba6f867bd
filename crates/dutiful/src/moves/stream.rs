//! The rows of one table in the order of their keys, page by page, with a bound on what is held.

use crate::db::{Db, DbResult, Value};
use crate::store::moves::table::{Table, Values};
use dutiful_core::limits::{MOVE_BYTES_MAX, MOVE_ROWS};
use std::collections::VecDeque;

/// So many rows are read at once however large they are: each may hold several MiB.
const ROWS_MIN: usize = 25;

/// The rows that come next.
pub(super) struct Stream<'d> {
    db: &'d Db,
    table: &'static Table,
    /// The key of the last row that was read.
    after: Vec<Value>,
    page: VecDeque<Values>,
    limit: usize,
    at_end: bool,
}

impl<'d> Stream<'d> {
    pub(super) fn new(db: &'d Db, table: &'static Table) -> Stream<'d> {
        Stream {
            db,
            table,
            after: table.start(),
            page: VecDeque::new(),
            limit: MOVE_ROWS,
            at_end: false,
        }
    }

    /// Reads the next page when the one before has been used up.
    pub(super) async fn fill(&mut self) -> DbResult<()> {
        if !self.page.is_empty() || self.at_end {
            return Ok(());
        }
        self.limit = (self.limit * 2).min(MOVE_ROWS);
        while self.limit > ROWS_MIN
            && self.table.bytes(self.db, &self.after, self.limit).await? > MOVE_BYTES_MAX
        {
            self.limit = (self.limit / 2).max(ROWS_MIN);
        }
        let rows = self.table.read(self.db, &self.after, self.limit).await?;
        self.at_end = rows.len() < self.limit;
        if let Some(last) = rows.last() {
            self.after = last[..self.table.key].to_vec();
        }
        self.page = rows.into();
        Ok(())
    }

    /// The next row, once the page is filled; `None` behind the last.
    pub(super) fn next(&self) -> Option<&Values> {
        self.page.front()
    }

    /// Takes the next row.
    pub(super) fn take(&mut self) -> Option<Values> {
        self.page.pop_front()
    }
}
