//! Copies what the log holds into the file of the database, beside the writer.
//!
//! Left to SQLite, a commit now and then copies thousands of pages while everybody waits for it. Here a
//! thread of its own does most of it while the writer goes on, and the writer copies only what came in
//! meanwhile, so that the log can begin again. When this thread is gone SQLite's own rule is still there,
//! with a larger log (see `open`).

use super::writer::thread;
use crate::db::DbResult;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Between two rounds: what is written again and again meanwhile is copied once.
const PAUSE: Duration = Duration::from_millis(200);
/// The log begins again after so many pages of 4 KiB, about 32 MB.
const LOG_PAGES: i64 = 8_000;

/// Tells the thread that there was a commit.
#[derive(Debug)]
pub(super) struct Checkpoints {
    committed: SyncSender<()>,
}

impl Checkpoints {
    /// Starts the thread. `finish` asks the writer to copy the rest.
    pub(super) fn start(
        connection: Connection,
        finish: impl Fn() + Send + 'static,
    ) -> DbResult<Checkpoints> {
        let (committed, commits) = sync_channel(1);
        thread("dutiful-copy", move || {
            serve(&connection, &commits, &finish)
        })?;
        Ok(Checkpoints { committed })
    }

    /// There may have been a commit.
    pub(super) fn committed(&self) {
        match self.committed.try_send(()) {
            // It knows already, or it is gone: then SQLite's own rule holds.
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }
}

fn serve(connection: &Connection, commits: &Receiver<()>, finish: &impl Fn()) {
    while commits.recv().is_ok() {
        std::thread::sleep(PAUSE);
        // Another process may be at it: then there is nothing to do here.
        if copy(connection).is_ok_and(|pages| pages >= LOG_PAGES) {
            finish();
        }
    }
}

/// Copies what no reader needs in the log any more, waiting for nobody. Gives back how many pages the log has.
pub(super) fn copy(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| row.get(1))
}
