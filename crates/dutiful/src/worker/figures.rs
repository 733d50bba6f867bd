//! Keeps the figures up to date, in every worker; whichever is first does it.
//!
//! What lives here: when, and how fast. What figures are is in `store::figures`.

use super::shared::Shared;
use super::trouble::Trouble;
use crate::db::{Db, DbResult};
use crate::store::figures::{self, Folded};
use crate::store::retry;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(10);
/// Workers that start together look up to this long after one another.
const SPREAD_MILLIS: u64 = 5_000;
/// Between two pieces while there is more to add: handlers and claims come first.
const PAUSE: Duration = Duration::from_millis(50);
/// How often what is old is removed.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Keeps them until the worker is told to stop. It holds nothing that must be given back.
pub(crate) async fn run(shared: Arc<Shared>) {
    let stopping = shared.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = keep_for_ever(shared.client.db()) => {}
    }
}

async fn keep_for_ever(db: &Db) {
    let mut trouble = Trouble::new("keep figures");
    let spread = Duration::from_millis(retry::random() % SPREAD_MILLIS);
    let mut next = Instant::now() + EVERY + spread;
    let mut forget_at = next + EVERY;
    loop {
        tokio::time::sleep_until(next).await;
        next = Instant::now() + EVERY;
        let forgets = Instant::now() >= forget_at;
        if forgets {
            forget_at = Instant::now() + FORGET_EVERY;
        }
        match keep(db, forgets).await {
            Ok(()) => trouble.worked(),
            Err(error) => next += trouble.failed(&error),
        }
    }
}

async fn keep(db: &Db, forgets: bool) -> DbResult<()> {
    while figures::fold(db).await? == Folded::More {
        tokio::time::sleep(PAUSE).await;
    }
    let mut more = true;
    while more {
        let (left, repaired) = figures::check(db).await?;
        if repaired.off > 0 {
            tracing::debug!(off = repaired.off, "figures put right");
        }
        more = left;
        if more {
            tokio::time::sleep(PAUSE).await;
        }
    }
    if forgets {
        figures::forget(db).await?;
    }
    Ok(())
}
