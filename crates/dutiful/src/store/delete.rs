//! Removes one task that has ended, with all that belongs to it.

use super::figures::left::leave;
use super::operate::{LOCK, leaving};
use super::session::{OwnTx, Session};
use super::{facts, janitor, retry};
use crate::db::{Db, DbResult, Row};
use dutiful_core::{Refusal, check_delete};
use std::sync::atomic::{AtomicBool, Ordering};

/// What became of the wish.
#[derive(Debug, PartialEq)]
pub(crate) enum Deleted {
    /// It is gone.
    Done,
    /// There is no such task.
    Missing,
    /// It has not ended; nothing was removed.
    Refused(Refusal),
}

/// Locks the row, decides on it as it is now, and removes it with its attempts, steps and log lines, in one
/// transaction and in the janitor's order. Safe to repeat.
pub(crate) async fn delete(db: &Db, id: i64) -> DbResult<Deleted> {
    // Set when a commit was asked for: if its answer was lost, the next try may find it done.
    let may_be_done = AtomicBool::new(false);
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let locked = own.run(&LOCK, vec![id.into()]).await?.rows;
        let leaves = locked.first().map(leaving).transpose()?.flatten();
        let refused = match locked.first() {
            None if may_be_done.load(Ordering::Relaxed) => Some(Deleted::Done),
            None => Some(Deleted::Missing),
            Some(row) => refusal(row)?.map(Deleted::Refused),
        };
        if let Some(refused) = refused {
            own.rollback().await?;
            return Ok(refused);
        }
        janitor::remove(&mut own, vec![id]).await?;
        leave(&mut own, leaves).await?;
        may_be_done.store(true, Ordering::Relaxed);
        own.commit().await?;
        Ok(Deleted::Done)
    })
    .await
}

/// Why the row must stay. One that cannot be read, and that nobody holds or will claim, may go: no other wish
/// can be done to it.
pub(super) fn refusal(row: &Row) -> DbResult<Option<Refusal>> {
    match facts::read(row, 2) {
        Ok(facts) => Ok(check_delete(&facts, row.time(1)?).err()),
        Err(_) if row.is_null(3) && row.is_null(4) => Ok(None),
        Err(error) => Err(error),
    }
}
