//! Running a transaction of ours again when the engine gave it up.
//!
//! Bounded and jittered, always the whole transaction, never inside a caller's (rule 8).

use crate::db::{DbErrorKind, DbResult};
use dutiful_core::limits::OWN_RETRIES_MAX;
use std::future::Future;
use std::time::Duration;

/// Repeats `work` while the engine gives it up for the sake of others. `work` must be safe to repeat:
/// then a link lost at the commit is repeated too.
pub(crate) async fn repeat<T, F>(work: impl FnMut() -> F) -> DbResult<T>
where
    F: Future<Output = DbResult<T>>,
{
    repeat_if(work, |kind| {
        matches!(kind, DbErrorKind::Transient | DbErrorKind::LinkLost)
    })
    .await
}

/// Repeats `work` only when the engine has undone it for certain. After a lost link the caller finds out
/// what became of it.
pub(crate) async fn repeat_undone<T, F>(work: impl FnMut() -> F) -> DbResult<T>
where
    F: Future<Output = DbResult<T>>,
{
    repeat_if(work, |kind| kind == DbErrorKind::Transient).await
}

async fn repeat_if<T, F>(
    mut work: impl FnMut() -> F,
    may_repeat: impl Fn(DbErrorKind) -> bool,
) -> DbResult<T>
where
    F: Future<Output = DbResult<T>>,
{
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if tries < OWN_RETRIES_MAX && may_repeat(error.kind) => {
                tries += 1;
                tokio::time::sleep(pause(tries)).await;
            }
            result => return result,
        }
    }
}

/// Full jitter below a ceiling that doubles from 5 ms to 640 ms.
fn pause(tries: u32) -> Duration {
    let ceiling = 5_000_u64 << tries.min(8).saturating_sub(1);
    Duration::from_micros(random() % ceiling.max(1))
}

/// A number that differs between processes and calls; it decides nothing but spreading.
pub(crate) fn random() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}
