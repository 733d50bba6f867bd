//! Hearing of commits to the file by other connections, those of other processes among them.
//!
//! The file's own count of changes is the truth. On Linux the kernel tells when to look at it; elsewhere,
//! and where the kernel cannot tell, it is looked at again and again.

use super::errors::from_rusqlite;
use crate::db::DbResult;
use rusqlite::Connection;
use std::time::Duration;

#[cfg(target_os = "linux")]
use kernel::Writes;
#[cfg(not(target_os = "linux"))]
use nobody::Writes;

/// How often the count is looked at when nobody tells.
const LOOK: Duration = Duration::from_millis(20);
/// How often it is looked at all the same: what is written from another kernel is not told.
const LOOK_ALSO: Duration = Duration::from_millis(250);
/// A commit counts once it is written and flushed: after a write the count is looked at this often.
const FLUSH_LOOKS: u32 = 50;
const FLUSH_PAUSE: Duration = Duration::from_millis(1);

/// Tells when something was committed to the file by another connection.
#[derive(Debug)]
pub(crate) struct Watcher {
    connection: Connection,
    /// The count of changes when it was last looked at.
    seen: Option<i64>,
    /// Writes to the file's log; `None` where nobody tells of them.
    writes: Option<Writes>,
}

impl Watcher {
    /// Needs a connection of its own, which keeps the log there.
    pub(super) fn new(connection: Connection, file: &str) -> Watcher {
        Watcher {
            connection,
            seen: None,
            writes: Writes::of(&format!("{file}-wal")),
        }
    }

    /// Waits for a commit that has not been told yet; what was there before counts as one.
    pub(crate) async fn next(&mut self) {
        let mut looks = 0;
        while !self.has_changed() {
            if looks == 0 {
                looks = self.looks_due().await;
            } else {
                tokio::time::sleep(FLUSH_PAUSE).await;
                looks -= 1;
            }
        }
    }

    fn has_changed(&mut self) -> bool {
        let version = self.version().ok();
        std::mem::replace(&mut self.seen, version) != version
    }

    /// Waits until it is time to look, and tells how often to look after that.
    async fn looks_due(&mut self) -> u32 {
        let Some(writes) = &mut self.writes else {
            tokio::time::sleep(LOOK).await;
            return 0;
        };
        match tokio::time::timeout(LOOK_ALSO, writes.next()).await {
            Ok(true) => FLUSH_LOOKS,
            Ok(false) => {
                self.writes = None;
                0
            }
            Err(_) => 0,
        }
    }

    /// A number that changes with every commit of any other connection. Costs a few microseconds.
    fn version(&self) -> DbResult<i64> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(|error| from_rusqlite(&error))
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use futures_util::StreamExt;
    use inotify::{EventStream, Inotify, WatchMask};

    /// One event without a name at a time: those that are alike and not yet read are one.
    const EVENT_BYTES: usize = 64;

    #[derive(Debug)]
    pub(super) struct Writes(EventStream<[u8; EVENT_BYTES]>);

    impl Writes {
        /// `None` where the kernel has no more room for it, or cannot watch this file.
        pub(super) fn of(file: &str) -> Option<Writes> {
            let inotify = Inotify::init().ok()?;
            inotify.watches().add(file, WatchMask::MODIFY).ok()?;
            let events = inotify.into_event_stream([0; EVENT_BYTES]).ok()?;
            Some(Writes(events))
        }

        /// Waits for a write; `false` when no more will be told.
        pub(super) async fn next(&mut self) -> bool {
            matches!(self.0.next().await, Some(Ok(_)))
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nobody {
    /// There is none.
    #[derive(Debug)]
    pub(super) enum Writes {}

    impl Writes {
        pub(super) fn of(_file: &str) -> Option<Writes> {
            None
        }

        pub(super) async fn next(&mut self) -> bool {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::{Clock, open};
    use super::*;
    use std::time::Instant;

    /// Looking now and then would take 125 ms on the average.
    #[tokio::test]
    async fn a_commit_of_another_connection_is_told_at_once() {
        const COMMITS: u32 = 40;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        let file = file.to_str().unwrap();
        let open = || open::connection(Some(file), &Clock::default()).unwrap();
        let mut other = open();
        other.execute_batch("CREATE TABLE t (x INTEGER)").unwrap();
        let mut watcher = Watcher::new(open(), file);
        watcher.next().await;
        assert!(watcher.writes.is_some(), "no room for a watch of a file");
        let mut waited = Duration::ZERO;
        for _ in 0..COMMITS {
            // Asleep before it happens, and awake while it is flushed.
            let write = tokio::task::spawn_blocking(move || {
                std::thread::sleep(Duration::from_millis(5));
                other.execute_batch("INSERT INTO t VALUES (1)").unwrap();
                (other, Instant::now())
            });
            let ((), written) = tokio::join!(watcher.next(), write);
            let committed;
            (other, committed) = written.unwrap();
            waited += committed.elapsed();
        }
        let mean = waited / COMMITS;
        assert!(mean < LOOK_ALSO / 5, "told after {mean:?} on the average");
    }
}
