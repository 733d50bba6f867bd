//! Writes progress and log lines of running attempts.

use super::shared::Shared;
use crate::context::{Context, Note};
use crate::db::Db;
use crate::store::notes;
use std::sync::Arc;
use std::time::Duration;

/// How often running attempts are asked for what they have noted.
const EVERY: Duration = Duration::from_millis(500);

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
    gathered.write(shared).await;
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

    /// Notes are a convenience: when the database is away they are dropped, and tasks go on.
    async fn write(self, shared: &Shared) {
        let db: &Db = shared.client.db();
        let mut written = Ok(());
        if !self.progress.is_empty() {
            written = notes::progress(db, &shared.worker, self.progress).await;
        }
        if written.is_ok() && !self.lines.is_empty() {
            written = notes::lines(db, &shared.worker, self.lines).await;
        }
        if let Err(error) = written {
            tracing::warn!(%error, "progress and log lines were lost");
        }
    }
}
