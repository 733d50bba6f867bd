//! Writes progress and log lines of running attempts.

use super::shared::Shared;
use crate::context::{Context, Note};
use crate::db::{Db, DbResult};
use crate::store::notes;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often running attempts are asked for what they have noted.
const EVERY: Duration = Duration::from_millis(500);
/// An outcome does not wait longer than this for the last notes of its attempt.
const LAST: Duration = Duration::from_secs(2);

/// Asks and writes until the worker has ended.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = shared.ended.cancelled() => return,
        }
        let mut gathered = Gathered::default();
        for cx in shared.inflight.running() {
            gathered.take(&cx);
        }
        gathered.write(&shared).await;
    }
}

/// Writes what an attempt noted last, before its outcome is settled: afterwards the fence is closed.
pub(crate) async fn record_last(shared: &Shared, cx: &Context) {
    let mut gathered = Gathered::default();
    gathered.take(cx);
    if !gathered.is_empty() {
        // The write goes on by itself; only nobody waits for it.
        let _ = tokio::time::timeout(LAST, gathered.write(shared)).await;
    }
}

#[derive(Default)]
struct Gathered {
    progress: Vec<(i64, i64, u8, String)>,
    lines: Vec<(i64, i64, String)>,
}

impl Gathered {
    fn take(&mut self, cx: &Context) {
        let (id, attempt) = (cx.id().0, cx.attempt());
        for note in cx.inner.effects.take_notes() {
            match note {
                Note::Progress { percent, note } => {
                    self.progress.push((id, attempt, percent, note))
                }
                Note::Line(line) => self.lines.push((id, attempt, line)),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.progress.is_empty() && self.lines.is_empty()
    }

    /// Notes are a convenience: when the database is away they are dropped, and tasks go on.
    async fn write(self, shared: &Shared) {
        if self.is_empty() {
            return;
        }
        let written = self.try_write(shared).await;
        let mut trouble = shared.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) => trouble.worked(),
            Err(error) => drop(trouble.failed(&error)),
        }
    }

    async fn try_write(self, shared: &Shared) -> DbResult<()> {
        let db: &Db = shared.client.db();
        if !self.progress.is_empty() {
            notes::progress(db, &shared.worker, self.progress).await?;
        }
        if !self.lines.is_empty() {
            notes::lines(db, &shared.worker, self.lines).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
