//! Telling workers that there is work, outside anybody's transaction.
//!
//! Workers of this process hear at once. For other processes a hint goes out at most every 10 ms: a
//! notification on PostgreSQL, a datagram to each worker on MySQL; on SQLite workers see the file
//! change. Hints may be lost: polling is the truth.

mod datagram;
mod signal;

pub(crate) use datagram::HINT;
pub(crate) use signal::Signal;

use crate::db::Db;
use crate::store;
use crate::store::submit::{NewTask, Start};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Hints of one process to others are at least this far apart.
const HINT_PAUSE: Duration = Duration::from_millis(10);

/// Who is told about new work.
#[derive(Debug, Clone)]
pub(crate) struct Wake {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    local: Mutex<Vec<Weak<Signal>>>,
    db: Db,
    /// Counts submissions; the hinter runs until it has hinted for the last of them.
    submitted: AtomicU64,
    hinted: AtomicU64,
    datagrams: datagram::Datagrams,
    /// Counts the times that the database's clock was moved by hand.
    clock: watch::Sender<u64>,
}

impl Wake {
    pub(crate) fn new(db: &Db) -> Wake {
        Wake {
            inner: Arc::new(Inner {
                local: Mutex::default(),
                db: db.clone(),
                submitted: AtomicU64::new(0),
                hinted: AtomicU64::new(0),
                datagrams: datagram::Datagrams::default(),
                clock: watch::Sender::new(0),
            }),
        }
    }

    /// A worker of this process wants to hear of new work.
    pub(crate) fn subscribe(&self) -> Arc<Signal> {
        let signal = Arc::new(Signal::default());
        self.local().push(Arc::downgrade(&signal));
        signal
    }

    /// Tasks were submitted and committed.
    pub(crate) fn submitted(&self, tasks: &[NewTask]) {
        let Some(first) = tasks.first() else { return };
        self.tell(|worker| {
            let mut told = None;
            for task in tasks {
                let level = (task.task_name.as_str(), task.priority);
                if task.start != Start::After(Duration::ZERO) {
                    worker.anything();
                } else if told != Some(level) {
                    worker.due(level.0, level.1);
                    told = Some(level);
                }
            }
        });
        self.hint(&first.task_name);
    }

    /// A task was changed so that it may run.
    pub(crate) fn changed(&self, task_name: &str) {
        self.tell(Signal::anything);
        self.hint(task_name);
    }

    /// The database's clock was moved by hand: whoever waits for a time looks again.
    pub(crate) fn clock_moved(&self) {
        self.inner.clock.send_modify(|moves| *moves += 1);
        self.tell(Signal::anything);
    }

    /// Changes when the database's clock is moved by hand.
    pub(crate) fn clock(&self) -> watch::Receiver<u64> {
        self.inner.clock.subscribe()
    }

    fn tell(&self, what: impl Fn(&Signal)) {
        self.local().retain(|worker| match worker.upgrade() {
            Some(worker) => {
                what(&worker);
                true
            }
            None => false,
        });
    }

    fn local(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Signal>>> {
        self.inner
            .local
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the hinter unless it runs already.
    fn hint(&self, task_name: &str) {
        let Some(io) = self.inner.db.io() else { return };
        let before = self.inner.submitted.fetch_add(1, Ordering::SeqCst);
        if before != self.inner.hinted.load(Ordering::SeqCst) {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let task_name = task_name.to_owned();
        io.detach(async move { inner.send_hints(&task_name).await });
    }
}

impl Inner {
    /// Hints, pauses, and hints again while submissions came in.
    async fn send_hints(&self, task_name: &str) {
        loop {
            let seen = self.submitted.load(Ordering::SeqCst);
            let sent = match &self.db {
                Db::Postgres(_) => {
                    store::notify::within(&mut store::session::Autocommit(&self.db), task_name)
                        .await
                }
                Db::Mysql(_) => self.datagrams.send(&self.db).await,
                Db::Sqlite(_) => Ok(()),
            };
            if let Err(error) = sent {
                tracing::debug!(%error, "no hint was sent; workers will find the task by polling");
            }
            tokio::time::sleep(HINT_PAUSE).await;
            self.hinted.store(seen, Ordering::SeqCst);
            if self.submitted.load(Ordering::SeqCst) == seen {
                return;
            }
        }
    }
}
