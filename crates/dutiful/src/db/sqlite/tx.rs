//! A transaction with several steps: it has the writer to itself until it ends.

use super::Session;
use super::writer::commit;
use crate::db::{DbError, DbErrorKind, DbResult, Reply, Rows, Sql, Value};
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A transaction that makes no step for this long is rolled back: it would hold up every writer.
const STEP_TIME_MAX: Duration = Duration::from_secs(10);

enum Step {
    Run(Box<dyn FnOnce(&Session) + Send>),
    Commit(oneshot::Sender<DbResult<()>>),
}

/// The handle to a transaction on the writer's thread. Dropping it rolls back.
#[derive(Debug)]
pub(crate) struct SqliteTx {
    steps: mpsc::Sender<Step>,
}

impl SqliteTx {
    pub(crate) async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        self.step(move |session| session.run(sql, &params)).await
    }

    pub(crate) async fn run_rows(&mut self, sql: &'static Sql, rows: Rows) -> DbResult<Reply> {
        self.step(move |session| session.run_rows(sql, rows)).await
    }

    /// Runs a script of fixed text inside the transaction.
    pub(crate) async fn script(&mut self, text: &'static str) -> DbResult<()> {
        self.step(move |session| session.script(&session.prefix().apply(text)))
            .await
    }

    pub(crate) async fn commit(self) -> DbResult<()> {
        let (answer, result) = oneshot::channel();
        self.steps.send(Step::Commit(answer)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }

    pub(crate) async fn rollback(self) -> DbResult<()> {
        drop(self.steps);
        Ok(())
    }

    async fn step<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Session) -> DbResult<T> + Send + 'static,
    ) -> DbResult<T> {
        let (answer, result) = oneshot::channel();
        let run = Box::new(move |session: &Session| drop(answer.send(work(session))));
        self.steps.send(Step::Run(run)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }
}

fn ended() -> DbError {
    DbError::new(
        DbErrorKind::Transient,
        "the transaction was rolled back: it made no step for too long",
    )
}

/// Serves one transaction on the writer's thread, to its end.
pub(super) fn serve(session: &Session, answer: oneshot::Sender<DbResult<SqliteTx>>) {
    if let Err(error) = session.mark("BEGIN IMMEDIATE") {
        drop(answer.send(Err(error)));
        return;
    }
    let (steps, queue) = mpsc::channel();
    if answer.send(Ok(SqliteTx { steps })).is_err() {
        let _ = session.mark("ROLLBACK");
        return;
    }
    while let Ok(step) = queue.recv_timeout(STEP_TIME_MAX) {
        match step {
            Step::Run(work) => work(session),
            Step::Commit(answer) => {
                drop(answer.send(commit(session)));
                return;
            }
        }
    }
    let _ = session.mark("ROLLBACK");
}
