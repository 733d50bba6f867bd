//! The writer's thread: gathers jobs into one transaction, answers after the commit.

use super::checkpoint::Checkpoints;
use super::tx::{self, SqliteTx};
use super::{Clock, Session, closed, open};
use crate::db::{DbError, DbErrorKind, DbResult, Prefix};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// At most this many jobs wait; further callers wait to hand theirs over.
const QUEUE: usize = 1_024;
/// At most this many jobs share a commit.
const GROUP_JOBS: usize = 256;
/// A group takes no further job after this long, so that other processes get the lock.
const GROUP_TIME: Duration = Duration::from_millis(10);

/// What a caller wants done inside a group's transaction.
trait Job: Send {
    /// Does it, and gives back how to answer once the transaction has ended.
    fn run(self: Box<Self>, session: &Session) -> Result<Answer, Answer>;
    /// Answers without having run.
    fn refuse(self: Box<Self>, error: DbError);
}

/// Called with what became of the commit.
type Answer = Box<dyn FnOnce(DbResult<()>) + Send>;

struct Work<F, T> {
    work: F,
    caller: oneshot::Sender<DbResult<T>>,
}

// A caller that went away hears nothing; its work stands all the same.
impl<F, T> Job for Work<F, T>
where
    T: Send + 'static,
    F: FnOnce(&Session) -> DbResult<T> + Send,
{
    fn run(self: Box<Self>, session: &Session) -> Result<Answer, Answer> {
        let Work { work, caller } = *self;
        match work(session) {
            Ok(value) => Ok(Box::new(move |committed| {
                drop(caller.send(committed.map(|()| value)))
            })),
            Err(error) => Err(Box::new(move |_| drop(caller.send(Err(error))))),
        }
    }

    fn refuse(self: Box<Self>, error: DbError) {
        drop(self.caller.send(Err(error)));
    }
}

enum Message {
    Job(Box<dyn Job>),
    Begin(oneshot::Sender<DbResult<SqliteTx>>),
    /// Copy the rest of the log into the file.
    CopyLog,
}

/// What ended a group before its queue was empty.
type Next = Option<Message>;

#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Opens the connection on the writer's own thread and keeps it there.
    pub(super) async fn start(
        file: Option<String>,
        clock: Clock,
        prefix: Prefix,
    ) -> DbResult<Writer> {
        let (queue, messages) = mpsc::channel(QUEUE);
        let (opened, result) = oneshot::channel();
        // Weak: the thread that copies must not keep the writer alive.
        let weak = queue.downgrade();
        let finish = move || {
            if let Some(queue) = weak.upgrade() {
                // A full queue has other worries; the next round asks again.
                let _ = queue.try_send(Message::CopyLog);
            }
        };
        thread("dutiful-write", move || {
            let open = || {
                let connection = open::connection(file.as_deref(), &clock)?;
                let copier = file
                    .as_deref()
                    .map(|file| Checkpoints::start(open::connection(Some(file), &clock)?, finish));
                Ok((connection, copier.transpose()?))
            };
            match open() {
                Ok((connection, copier)) => {
                    if opened.send(Ok(())).is_ok() {
                        serve(&Session::new(connection, prefix), messages, copier.as_ref());
                    }
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        })?;
        result.await.map_err(|_| closed())??;
        Ok(Writer { queue })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> DbResult<T> + Send + 'static,
    {
        let (caller, result) = oneshot::channel();
        let job = Box::new(Work { work, caller });
        self.queue
            .send(Message::Job(job))
            .await
            .map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }

    pub(super) async fn begin(&self) -> DbResult<SqliteTx> {
        let (sender, result) = oneshot::channel();
        self.queue
            .send(Message::Begin(sender))
            .await
            .map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }
}

fn serve(session: &Session, mut messages: mpsc::Receiver<Message>, copier: Option<&Checkpoints>) {
    while let Some(message) = messages.blocking_recv() {
        let next = match message {
            Message::Job(job) => group(session, job, &mut messages),
            other => Some(other),
        };
        match next {
            Some(Message::Begin(answer)) => tx::serve(session, answer),
            Some(Message::CopyLog) => session.copy_log(),
            Some(Message::Job(_)) | None => {}
        }
        if let Some(copier) = copier {
            copier.committed();
        }
    }
}

/// Runs `first` and whatever jobs have queued up behind it in one transaction. Another message ends the group
/// and is given back.
///
/// The first job needs no savepoint, which would copy every page before it is changed: when it fails,
/// there is nothing of others to keep.
fn group(session: &Session, first: Box<dyn Job>, messages: &mut mpsc::Receiver<Message>) -> Next {
    if let Err(error) = session.mark("BEGIN IMMEDIATE") {
        first.refuse(error);
        return None;
    }
    let began = Instant::now();
    let mut answers = match first.run(session) {
        Ok(answer) => vec![answer],
        Err(answer) => {
            answer(session.mark("ROLLBACK"));
            return None;
        }
    };
    let mut next = None;
    while answers.len() < GROUP_JOBS && began.elapsed() < GROUP_TIME {
        match messages.try_recv() {
            Ok(Message::Job(job)) => run_in_savepoint(session, job, &mut answers),
            other => {
                next = other.ok();
                break;
            }
        }
    }
    let committed = commit(session);
    for answer in answers {
        answer(committed.clone());
    }
    next
}

pub(super) fn commit(session: &Session) -> DbResult<()> {
    let committed = session.mark("COMMIT");
    if committed.is_err() {
        // A failed COMMIT leaves the transaction open; when it does not, this has nothing to undo.
        let _ = session.mark("ROLLBACK");
    }
    committed
}

fn run_in_savepoint(session: &Session, job: Box<dyn Job>, answers: &mut Vec<Answer>) {
    if let Err(error) = session.mark("SAVEPOINT job") {
        return job.refuse(error);
    }
    match job.run(session) {
        Ok(answer) => match session.mark("RELEASE job") {
            Ok(()) => answers.push(answer),
            Err(error) => answer(Err(error)),
        },
        Err(answer) => {
            let undone = session.mark("ROLLBACK TO job");
            answer(undone.and_then(|()| session.mark("RELEASE job")));
        }
    }
}

/// Starts a named thread.
pub(super) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> DbResult<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(|_| ())
        .map_err(|error| {
            DbError::new(
                DbErrorKind::Other,
                format!("cannot start a thread: {error}"),
            )
        })
}
