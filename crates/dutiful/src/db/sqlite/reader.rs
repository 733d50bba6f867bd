//! Threads that only read. WAL lets them work beside the writer.

use super::{Clock, Session, closed, open};
use crate::db::{DbResult, Prefix};
use rusqlite::InterruptHandle;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

type Job = Box<dyn FnOnce(&Session) + Send>;

/// At most this many reads wait; further callers wait to hand theirs over.
const QUEUE: usize = 1_024;

#[derive(Debug)]
pub(super) struct Readers {
    jobs: mpsc::Sender<Job>,
}

impl Readers {
    pub(super) fn start(
        file: &str,
        threads: usize,
        clock: &Clock,
        prefix: &Prefix,
    ) -> DbResult<Readers> {
        let (jobs, queue) = mpsc::channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let session = Session::new(open::connection(Some(file), clock)?, prefix.clone());
            session.script("PRAGMA query_only = ON")?;
            let queue = Arc::clone(&queue);
            super::writer::thread(&format!("dutiful-read-{number}"), move || {
                loop {
                    // The lock is held while waiting: whoever has it takes the next job.
                    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                    let Some(job) = queue.blocking_recv() else {
                        return;
                    };
                    drop(queue);
                    job(&session);
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
        self.jobs.send(job).await.map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }

    /// The same, ended by force when it goes on for longer than this.
    pub(super) async fn run_within<T, F>(&self, limit: Duration, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> DbResult<T> + Send + 'static,
    {
        let (begin, begun) = oneshot::channel();
        let running = self.run(move |session| {
            let _ = begin.send(session.interrupt_handle());
            work(session)
        });
        let mut running = std::pin::pin!(running);
        // The time in the queue does not count.
        let handle = tokio::select! {
            biased;
            handle = begun => handle,
            result = &mut running => return result,
        };
        match timeout(limit, &mut running).await {
            Ok(result) => result,
            Err(_) => {
                // One that has just ended is not hit: nothing runs then, or another look, which is taken again.
                handle.inspect(InterruptHandle::interrupt).ok();
                running.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Sql;
    use futures_util::future::join_all;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn a_look_that_goes_on_for_too_long_is_ended_and_the_next_one_is_not() {
        const ENDLESS: Sql = Sql {
            sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n",
            mysql: "",
            postgres: "",
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        let file = file.to_str().unwrap();
        let readers = Readers::start(file, 1, &Clock::default(), &Prefix::default()).unwrap();
        let endless = readers.run_within(Duration::from_millis(50), |session| {
            session.query(&ENDLESS, &[])
        });
        let error = endless.await.unwrap_err();
        assert!(error.is_ended_statement(), "{error:?}");
        let one = readers.run_within(Duration::from_secs(60), |_| Ok(1));
        assert_eq!(one.await, Ok(1));
    }

    #[tokio::test]
    async fn reads_beyond_the_queue_wait_for_their_turn() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        let file = file.to_str().unwrap();
        let readers = Readers::start(file, 1, &Clock::default(), &Prefix::default()).unwrap();
        let (open, gate) = channel::<()>();
        // The only thread is held until all others have queued up, and two find no room.
        let held = readers.run(move |_| {
            let _ = gate.recv();
            Ok(())
        });
        let others = (0..QUEUE + 2).map(|number| readers.run(move |_| Ok(number)));
        let opened = async {
            while readers.jobs.capacity() > 0 {
                tokio::task::yield_now().await;
            }
            drop(open);
        };
        let (held, others, ()) = tokio::join!(held, join_all(others), opened);
        held.unwrap();
        let numbers: Vec<usize> = others.into_iter().map(|read| read.unwrap()).collect();
        assert_eq!(numbers, (0..QUEUE + 2).collect::<Vec<_>>());
    }
}
