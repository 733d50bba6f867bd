//! Submits a task of a periodic by hand. The schedule does not move.

use super::{LOCK, PeriodicRow, SUBMITTED, read};
use crate::db::{Db, DbResult, Sql};
use crate::store::requests::{self, Answered, Request};
use crate::store::session::{OwnTx, Session};
use crate::store::submit::{Submission, submit};
use crate::store::{facts, retry};
use dutiful_core::Overlap;

/// The facts of one task, not locked: whether it has ended.
const LAST: Sql = Sql {
    sqlite: "/* dutiful.periodic.last */
        SELECT status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id = ?1",
    mysql: "/* dutiful.periodic.last */
        SELECT status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id = ?",
    postgres: "/* dutiful.periodic.last */
        SELECT status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks WHERE id = $1::bigint",
};

/// What became of the wish.
#[derive(Debug)]
pub(crate) enum Ran {
    /// This call has submitted the task, of this name.
    Submitted(i64, String),
    /// An earlier request with the key has.
    Replayed(i64),
    /// The key is that of another request.
    OtherRequest,
    /// There is no such periodic.
    Missing,
    /// The task that it submitted last has not ended, and the overlap policy keeps two apart.
    StillRuns(i64),
}

/// Submits a task of the periodic, once for each request; `anyway`, beside one that has not ended. It then
/// counts as the last one, so that the next tick keeps clear of it; but a task that is still under way stays
/// the last, because nobody else keeps clear of that. Safe to repeat.
pub(crate) async fn run_now(db: &Db, request: &Request, name: &str, anyway: bool) -> DbResult<Ran> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        match in_transaction(&mut own, request, name, anyway).await? {
            (ran, true) => {
                own.commit().await?;
                Ok(ran)
            }
            (ran, false) => {
                own.rollback().await?;
                Ok(ran)
            }
        }
    })
    .await
}

/// What came of it, and whether anything was written.
async fn in_transaction(
    own: &mut OwnTx,
    request: &Request,
    name: &str,
    anyway: bool,
) -> DbResult<(Ran, bool)> {
    let first = |done: Vec<Submission>| done.first().map_or(0, |submission| submission.id);
    let earlier = requests::take(own, request).await?;
    // Locked before anything is told of an earlier request: its task name belongs to the answer.
    let mut found = own.run(&LOCK, vec![name.into()]).await?.rows;
    let row = found.first_mut().map(read).transpose()?;
    match (earlier, &row) {
        (Some(Answered::Submitted(done)), row) => {
            let name = row.as_ref().map(|row| row.defined.task_name.clone());
            return Ok((Ran::Submitted(first(done), name.unwrap_or_default()), false));
        }
        (Some(Answered::Replayed(done)), _) => return Ok((Ran::Replayed(first(done)), false)),
        (Some(Answered::OtherRequest), _) => return Ok((Ran::OtherRequest, false)),
        (None, _) => {}
    }
    let Some(row) = row else {
        return Ok((Ran::Missing, false));
    };
    let under_way = under_way(own, &row).await?;
    if let Some(last) = under_way.filter(|_| !anyway && keeps_apart(&row)) {
        return Ok((Ran::StillRuns(last), false));
    }
    let done = submit(own, &[row.task()]).await?;
    let id = done.first().map_or(0, |submission| submission.id);
    if under_way.is_none() || !keeps_apart(&row) {
        own.run(&SUBMITTED, vec![id.into(), name.into()]).await?;
    }
    requests::answer(own, request, &done).await?;
    Ok((Ran::Submitted(id, row.defined.task_name), true))
}

/// A policy that means nothing to this program may be one that keeps two apart.
fn keeps_apart(row: &PeriodicRow) -> bool {
    row.defined.overlap.parse() != Ok(Overlap::Allow)
}

/// The task that it submitted last, if that has not ended. One that cannot be read holds nothing up.
async fn under_way(own: &mut OwnTx, row: &PeriodicRow) -> DbResult<Option<i64>> {
    let Some(last) = row.last_task_id else {
        return Ok(None);
    };
    let rows = own.run(&LAST, vec![last.into()]).await?.rows;
    let ended = |row| facts::read(row, 0).map_or(true, |facts| facts.is_ended());
    Ok(rows.first().is_some_and(|row| !ended(row)).then_some(last))
}
