//! Sending submissions that are checked, past lost answers.

use super::wake::Wake;
use crate::db::{Db, DbError, DbErrorKind, DbResult};
use crate::store::find_again::find_again;
use crate::store::joins::{self, NewJoin};
use crate::store::lock_order::submit_in_lock_order;
use crate::store::retry;
use crate::store::session::{Autocommit, OwnTx};
use crate::store::submit::{NewTask, Submission, submit};
use dutiful_core::limits::OWN_RETRIES_MAX;
use std::collections::BTreeSet;
use std::future::Future;

/// Submits one task. The common case is one statement and no transaction around it.
pub(super) async fn one(db: &Db, task: &NewTask) -> DbResult<Submission> {
    let tasks = std::slice::from_ref(task);
    let write = || async { submit(&mut Autocommit(db), tasks).await };
    let done = match until_heard(db, tasks, write).await {
        Err(error) if error.is_needs_transaction() => all(db, tasks, &[]).await?,
        done => done?,
    };
    let no_answer = || DbError::new(DbErrorKind::Other, "no answer to a submission");
    done.first().copied().ok_or_else(no_answer)
}

/// Submits all of them or none, and writes which of them wait for which.
pub(super) async fn all(
    db: &Db,
    tasks: &[NewTask],
    joins: &[NewJoin],
) -> DbResult<Vec<Submission>> {
    let mut again = false;
    let write = || {
        let in_lock_order = std::mem::replace(&mut again, true);
        async move {
            let mut own = OwnTx::begin(db).await?;
            let done = match in_lock_order {
                true => submit_in_lock_order(&mut own, tasks).await?,
                false => submit(&mut own, tasks).await?,
            };
            joins::insert(&mut own, &done, joins).await?;
            own.commit().await?;
            Ok(done)
        }
    };
    until_heard(db, tasks, write).await
}

/// Tells workers of tasks that were submitted.
pub(super) fn tell_workers(wake: &Wake, tasks: &[NewTask], done: &[Submission]) {
    wake.submitted(tasks);
    // The task that took it may have another priority than was asked for here.
    let taken = tasks.iter().zip(done).filter(|(_, done)| done.merged);
    let names: BTreeSet<&str> = taken.map(|(task, _)| task.task_name.as_str()).collect();
    for name in names {
        wake.changed(name);
    }
}

/// Writes; when the answer was lost, looks whether it was written before it writes again.
async fn until_heard<F>(
    db: &Db,
    tasks: &[NewTask],
    mut write: impl FnMut() -> F,
) -> DbResult<Vec<Submission>>
where
    F: Future<Output = DbResult<Vec<Submission>>>,
{
    let mut lost_links = 0;
    loop {
        match retry::repeat_undone(&mut write).await {
            // A key of ours is there already: an earlier try was written after all.
            Err(error)
                if matches!(error.kind, DbErrorKind::LinkLost | DbErrorKind::Duplicate)
                    && lost_links < OWN_RETRIES_MAX =>
            {
                lost_links += 1;
                if let Some(done) = find_again(db, tasks).await? {
                    return Ok(done);
                }
            }
            result => return result,
        }
    }
}
