//! Lets joins run once their items have ended.
//!
//! What lives here: when a worker looks. At once when it has ended an item itself, where it knows of joins that wait;
//! and every so often for all of them, because an item may also be ended by a person, by plain SQL, or by a worker
//! that died before it looked. What a join is, and how it is released, is in `store::joins`.

use super::shared::Shared;
use super::trouble::Trouble;
use crate::db::DbResult;
use crate::store::joins::{self, Waiting};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Between two looks at all of them while some wait, or while tasks end.
const BUSY: Duration = Duration::from_secs(1);
/// Between two looks while nothing is going on.
const IDLE: Duration = Duration::from_secs(5);
/// Most tasks of which it is remembered that they have ended; past that, the next look at all finds them.
const ENDED_MAX: usize = 10_000;
/// Most tasks that are asked about in one statement.
const ASKED_MAX: usize = 500;
/// So many items more must have ended before that is written down.
const STEP: i64 = 100;

/// What the settler tells: which tasks have ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Joins are known to wait, so that it matters which tasks end.
    known: AtomicBool,
    /// Something has ended since the last look.
    busy: AtomicBool,
    ids: Mutex<Vec<i64>>,
    told: Notify,
}

impl Ended {
    /// A task has ended, or will be tried again. Costs next to nothing while no join is known to wait.
    pub(crate) fn ended(&self, id: i64) {
        if self.known.load(Ordering::Relaxed) {
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            if ids.len() < ENDED_MAX {
                ids.push(id);
            }
            drop(ids);
            self.told.notify_one();
        } else if !self.busy.load(Ordering::Relaxed) {
            self.busy.store(true, Ordering::Relaxed);
            self.told.notify_one();
        }
    }

    /// A join has been submitted here.
    pub(crate) fn submitted(&self) {
        self.known.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Looks until the worker is told to stop. It holds nothing that must be given back.
pub(crate) async fn run(shared: Arc<Shared>) {
    let stopping = shared.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = look_for_ever(&shared) => {}
    }
}

async fn look_for_ever(shared: &Shared) {
    let mut trouble = Trouble::new("look after joins");
    let (mut cursor, mut last) = (i64::MIN, Instant::now());
    loop {
        let ended = &shared.joins;
        let active = ended.known.load(Ordering::Relaxed) || ended.busy.load(Ordering::Relaxed);
        let next = last + if active { BUSY } else { IDLE };
        tokio::select! {
            () = ended.told.notified() => {}
            () = tokio::time::sleep_until(next) => {}
        }
        let mut looked = look_at(shared, ended.take()).await;
        if looked.is_ok() && Instant::now() >= next {
            looked = match look_at_all(shared, cursor).await {
                Ok(behind) => {
                    cursor = behind;
                    last = Instant::now();
                    Ok(())
                }
                Err(error) => Err(error),
            };
        }
        match looked {
            Ok(()) => trouble.worked(),
            Err(error) => {
                last = Instant::now();
                tokio::time::sleep(trouble.failed(&error)).await;
            }
        }
    }
}

/// Looks at the joins that wait for these tasks.
async fn look_at(shared: &Shared, ended: Vec<i64>) -> DbResult<()> {
    for ids in ended.chunks(ASKED_MAX) {
        for join in joins::waiting_for(shared.client.db(), ids.to_vec()).await? {
            look(shared, join, STEP).await?;
        }
    }
    Ok(())
}

/// Looks at a page of all joins that wait, behind one. Gives back where the next look begins.
async fn look_at_all(shared: &Shared, behind: i64) -> DbResult<i64> {
    shared.joins.busy.store(false, Ordering::Relaxed);
    let page = joins::waiting(shared.client.db(), behind).await?;
    for join in &page {
        look(shared, *join, 1).await?;
    }
    let more = page.last().filter(|_| page.len() == joins::PAGE);
    // The page behind the last one tells nothing of those before it.
    if behind == i64::MIN {
        shared
            .joins
            .known
            .store(!page.is_empty(), Ordering::Relaxed);
    }
    Ok(more.map_or(i64::MIN, |last| last.id))
}

/// Releases a join whose items have ended; of another it is written down how far they are, in steps.
async fn look(shared: &Shared, join: Waiting, step: i64) -> DbResult<()> {
    let db = shared.client.db();
    match joins::first_open(db, join).await? {
        Some(open) if open.number >= join.first_open + step => {
            joins::advance(db, join.id, open.number).await
        }
        Some(_) => Ok(()),
        None => {
            if let Some(name) = joins::release(db, join).await? {
                tracing::debug!(id = join.id, name, "all items have ended");
                shared.client.wake().changed(&name);
            }
            Ok(())
        }
    }
}
