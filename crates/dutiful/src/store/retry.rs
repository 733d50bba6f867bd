//! Running a transaction of ours again when the engine gave it up.
//!
//! Bounded and jittered, always the whole transaction, never inside a caller's (rule 8). While the queue is
//! being moved nothing can be done and nothing has been: that is waited for, also bounded.

use crate::db::{DbErrorKind, DbResult, away};
use dutiful_core::limits::{MOVE_PATIENCE, OWN_RETRIES_MAX};
use std::future::Future;
use std::time::{Duration, Instant};

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
    let began = Instant::now();
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if error.kind == DbErrorKind::Moving && began.elapsed() < MOVE_PATIENCE => {
                away::pause().await;
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbError;
    use std::cell::Cell;
    use std::collections::HashSet;

    const CEILING: Duration = Duration::from_millis(640);

    /// How often work that fails like this is done.
    async fn tries(kind: DbErrorKind, undone_only: bool) -> u32 {
        let tries = Cell::new(0);
        let work = || {
            tries.set(tries.get() + 1);
            async move { Err::<(), _>(DbError::new(kind, "as before")) }
        };
        let error = match undone_only {
            true => repeat_undone(work).await.unwrap_err(),
            false => repeat(work).await.unwrap_err(),
        };
        assert_eq!(error.kind, kind, "the last error is the answer");
        tries.get()
    }

    #[tokio::test]
    async fn work_is_repeated_eight_times_and_no_more() {
        for undone_only in [true, false] {
            assert_eq!(tries(DbErrorKind::Transient, undone_only).await, 9);
        }
        assert_eq!(OWN_RETRIES_MAX, 8);
    }

    #[tokio::test]
    async fn a_lost_link_is_repeated_only_where_a_repetition_finds_what_was_done() {
        assert_eq!(tries(DbErrorKind::LinkLost, false).await, 9);
        assert_eq!(tries(DbErrorKind::LinkLost, true).await, 1);
    }

    #[tokio::test]
    async fn what_would_fail_again_is_not_repeated() {
        use DbErrorKind::{Denied, Duplicate, Moved, Other, SchemaMissing, Unavailable};
        for kind in [Denied, Duplicate, Moved, Other, SchemaMissing, Unavailable] {
            assert_eq!(tries(kind, false).await, 1, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_queue_that_is_being_moved_is_waited_for() {
        let tries = Cell::new(0);
        let comes_back = repeat_undone(|| {
            tries.set(tries.get() + 1);
            let there = tries.get() == 4;
            async move {
                let moving = || DbError::new(DbErrorKind::Moving, "away");
                there.then_some(()).ok_or_else(moving)
            }
        });
        comes_back.await.unwrap();
        assert_eq!(tries.get(), 4);
    }

    #[test]
    fn pauses_differ_and_their_ceiling_doubles_up_to_the_last() {
        for tries in 1..=OWN_RETRIES_MAX {
            let ceiling = Duration::from_millis(5) * 2_u32.pow(tries - 1);
            let pauses: HashSet<Duration> = (0..200).map(|_| pause(tries)).collect();
            assert!(pauses.iter().all(|pause| *pause < ceiling), "{tries}");
            assert!(pauses.len() > 100, "{tries}: {} differ", pauses.len());
        }
        assert!((0..200).all(|_| pause(1_000) < CEILING));
    }
}
