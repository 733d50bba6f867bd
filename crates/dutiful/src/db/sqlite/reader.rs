//! Threads that only read. WAL lets them work beside the writer.

use super::{Clock, Session, closed, open};
use crate::db::{DbResult, Prefix};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&Session) + Send>;

/// At most this many reads wait; further callers wait to hand theirs over.
const QUEUE: usize = 1_024;

#[derive(Debug)]
pub(super) struct Readers {
    jobs: mpsc::SyncSender<Job>,
}

impl Readers {
    pub(super) fn start(
        file: &str,
        threads: usize,
        clock: &Clock,
        prefix: &Prefix,
    ) -> DbResult<Readers> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let session = Session::new(open::connection(Some(file), clock)?, prefix.clone());
            session.script("PRAGMA query_only = ON")?;
            let queue = Arc::clone(&queue);
            super::writer::thread(&format!("dutiful-read-{number}"), move || {
                loop {
                    // The lock is held while waiting: whoever has it takes the next job.
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(&session),
                        Err(_) => return,
                    }
                }
            })?;
        }
        Ok(Readers { jobs })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> DbResult<T> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            // Nobody listens any more when the caller went away: a read has then no effect.
            let _ = answer.send(work(session));
        });
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => crate::db::DbError::new(
                crate::db::DbErrorKind::Unavailable,
                "too many reads wait for the database",
            ),
            mpsc::TrySendError::Disconnected(_) => closed(),
        })?;
        result.await.map_err(|_| closed())?
    }
}
