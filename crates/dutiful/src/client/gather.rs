//! Gathers single submissions that come at the same time into shared statements.
//!
//! While one statement is under way the submissions of other callers gather, and the next statement takes
//! them all: the more callers, the larger it becomes by itself, and a lone caller waits for nobody. Each
//! caller still waits for the commit of its own task, and each task stands or fails alone. SQLite needs none
//! of this: its writer already lets those who wait share a commit.

use super::send;
use super::wake::Wake;
use crate::db::{Db, DbError, DbErrorKind, DbResult};
use crate::store::submit::{NewTask, Submission, insert_free};
use crate::store::{retry, session::Autocommit};
use dutiful_core::limits::{GATHER_QUEUE, GATHER_ROWS};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use std::collections::HashSet;
use tokio::sync::{mpsc, oneshot};

/// How many statements are under way at once: while one waits for its commit, the next is worked on.
const STATEMENTS_AT_ONCE: usize = 2;
/// How many submissions are written alone at once, when they cannot share a statement.
const ALONE_AT_ONCE: usize = 4;

/// Where submissions of a client wait for their statement.
#[derive(Debug)]
pub(crate) struct Gather {
    queue: mpsc::Sender<Waiting>,
}

/// A submission whose caller waits.
#[derive(Debug)]
struct Waiting {
    task: NewTask,
    caller: oneshot::Sender<DbResult<Submission>>,
}

impl Gather {
    /// Starts gathering on the loop of the connections; `None` on SQLite.
    pub(crate) fn start(db: &Db, wake: &Wake) -> Option<Gather> {
        let (queue, waiting) = mpsc::channel(GATHER_QUEUE);
        db.io()?
            .detach(write_all(db.clone(), wake.clone(), waiting));
        Some(Gather { queue })
    }

    /// Submits one task; it is committed when this returns.
    pub(crate) async fn submit(&self, task: NewTask) -> DbResult<Submission> {
        let closed = || DbError::new(DbErrorKind::Unavailable, "the client was closed");
        let (caller, answer) = oneshot::channel();
        let waiting = Waiting { task, caller };
        self.queue.send(waiting).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Writes what gathers, until the client is gone and everything is written.
async fn write_all(db: Db, wake: Wake, mut queue: mpsc::Receiver<Waiting>) {
    let mut under_way = FuturesUnordered::new();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            Some(()) = under_way.next() => {}
            count = queue.recv_many(&mut batch, GATHER_ROWS),
                if under_way.len() < STATEMENTS_AT_ONCE =>
            {
                if count == 0 {
                    break;
                }
                under_way.push(write(&db, &wake, std::mem::take(&mut batch)));
            }
        }
    }
    under_way.collect::<()>().await;
}

async fn write(db: &Db, wake: &Wake, batch: Vec<Waiting>) {
    let alone = match batch.len() {
        1 => batch,
        _ => write_together(db, wake, batch).await,
    };
    let written = alone
        .into_iter()
        .map(|waiting| write_alone(db, wake, waiting));
    stream::iter(written)
        .buffer_unordered(ALONE_AT_ONCE)
        .collect::<()>()
        .await;
}

/// Writes the tasks whose slots are free with one statement, and gives back those that need more: a slot
/// is taken, or the database refuses one of them and nobody knows which.
async fn write_together(db: &Db, wake: &Wake, batch: Vec<Waiting>) -> Vec<Waiting> {
    let mut slots = HashSet::new();
    let (first, mut again): (Vec<Waiting>, Vec<Waiting>) = batch.into_iter().partition(|waiting| {
        let task = &waiting.task;
        slots.insert((task.task_name.clone(), task.slot.key.clone()))
    });
    let (tasks, callers): (Vec<NewTask>, Vec<_>) = first
        .into_iter()
        .map(|waiting| (waiting.task, waiting.caller))
        .unzip();
    let insert = || async { insert_free(&mut Autocommit(db), &tasks).await };
    let created = match retry::repeat_undone(insert).await {
        Ok(created) => created,
        Err(error) if none_is_written(&error) => {
            for caller in callers {
                drop(caller.send(Err(error.clone())));
            }
            return again;
        }
        // Repeating each alone is safe: what was written is met again by its key.
        Err(_) => Default::default(),
    };
    wake.submitted(&tasks);
    for (task, caller) in tasks.into_iter().zip(callers) {
        match created.get(&task.submission_key) {
            Some(&id) => drop(caller.send(Ok(Submission { id, merged: false }))),
            None => again.push(Waiting { task, caller }),
        }
    }
    again
}

/// Whether each of them, written alone, would only wait for the same once more.
fn none_is_written(error: &DbError) -> bool {
    use DbErrorKind::{Moved, Moving, Unavailable};
    matches!(error.kind, Unavailable | Moving | Moved)
}

async fn write_alone(db: &Db, wake: &Wake, waiting: Waiting) {
    let Waiting { task, caller } = waiting;
    let done = send::one(db, &task).await;
    if let Ok(done) = &done {
        send::tell_workers(wake, std::slice::from_ref(&task), &[*done]);
    }
    // A caller that went away hears nothing; its task stands all the same.
    drop(caller.send(done));
}
