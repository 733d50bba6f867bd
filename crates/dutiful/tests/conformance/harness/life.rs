//! Tasks in every state of their life, for the cases that ask what happens then.

use super::{Gate, TestDb, gated, until};
use dutiful::{Client, DedupScope, RetryPolicy, State, Submit, TaskError, TaskId, WorkerHandle};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// Brings tasks into every state, by what really leads there.
pub(crate) struct Life {
    db: TestDb,
    pub(crate) client: Client,
    pub(crate) gate: Gate,
    pub(crate) worker: WorkerHandle,
    scope: DedupScope,
}

impl Life {
    pub(crate) async fn new(db: &TestDb, scope: DedupScope) -> Life {
        let (mut script, gate) = gated::<0>();
        // Long enough that a task that has failed stays where it is.
        script.retry_policy = RetryPolicy::Cooldown(HOUR);
        let worker = db.worker(script).await;
        Life {
            db: db.clone(),
            client: db.client().await,
            gate,
            worker,
            scope,
        }
    }

    /// A submission of the task that is to come into the state, always the same.
    pub(crate) fn submission(&self, state: State) -> Submit<'_> {
        // Nobody runs tasks of the other name, so that they stay queued.
        let name = if state == State::Queued {
            "Other"
        } else {
            "Script"
        };
        self.client
            .submit_json(name, json!({ "becomes": state }))
            .dedup(self.scope)
    }

    /// A new task that has come into the state.
    pub(crate) async fn bring(&mut self, state: State) -> TaskId {
        let submit = self.submission(state);
        let submitted = match state {
            State::Scheduled => submit.delay(HOUR).await,
            State::Held => submit.held().await,
            State::Failed => submit.max_retries(1).await,
            _ => submit.await,
        };
        let id = submitted.unwrap().id;
        match state {
            State::Held | State::Scheduled | State::Queued => {}
            _ => self.run(id, state).await,
        }
        let client = &self.client;
        let there = || async { client.get(id).await.unwrap().state == state };
        until(&format!("the task is {state}"), there).await;
        id
    }

    async fn run(&mut self, id: TaskId, state: State) {
        let run = self.gate.next().await;
        assert_eq!(run.id(), id);
        match state {
            State::Running => self.gate.keep(run),
            State::Retrying | State::Failed => run.fail("no"),
            State::Succeeded => run.succeed(1),
            State::Invalid => run.end(Err(TaskError::invalid("no use"))),
            State::Discarded => run.end(Err(TaskError::discard("not needed"))),
            State::Cancelled => {
                self.gate.keep(run);
                self.client.cancel(id).await.unwrap();
            }
            State::Quarantined => {
                self.gate.keep(run);
                self.db
                    .exec(&format!(
                        "UPDATE dutiful_tasks SET crashes = 2 WHERE id = {id}"
                    ))
                    .await;
                self.db.expire_elsewhere(id).await;
            }
            other => panic!("no run leads to {other}"),
        }
    }
}
