//! Where a command works: on a database, or on a server of the HTTP API. No command knows which.

mod bulk;
mod edit;
mod look;
mod periodic;
mod submission;

pub(super) use edit::Edit;
pub(super) use look::{AuditWishes, TaskNames};
pub(super) use periodic::{PeriodicEdit, PeriodicVerb};
pub(super) use submission::Submission;

use super::App;
use crate::failure::Failure;
use crate::remote::Remote;
use dutiful::{
    AttemptInfo, Client, ErrorKind, Explanation, Filter, Item, LogLine, Page, Submitted, TaskCount,
    TaskId, TaskInfo,
};
use std::time::Duration;

/// Where a command works.
pub(super) enum Place {
    Database(Client),
    Server(Remote),
}

/// What is done to one task by hand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Retry,
    Cancel,
    RunNow,
}

impl Place {
    pub(super) async fn submit(
        &self,
        app: &App,
        submission: Submission,
    ) -> Result<Submitted, Failure> {
        match self {
            Place::Database(client) => submission.into_database(app, client).await,
            Place::Server(remote) => remote.submit(&submission.to_json()).await,
        }
    }

    pub(super) async fn get(&self, id: TaskId) -> Result<TaskInfo, Failure> {
        match self {
            Place::Database(client) => Ok(client.get(id).await?),
            Place::Server(remote) => remote.get(id).await,
        }
    }

    /// The task when it has ended, or as it is after this time.
    pub(super) async fn wait(&self, id: TaskId, at_most: Duration) -> Result<TaskInfo, Failure> {
        match self {
            Place::Database(client) => match client.wait(id, at_most).await {
                Err(error) if error.kind() == ErrorKind::Timeout => Ok(client.get(id).await?),
                waited => Ok(waited?),
            },
            Place::Server(remote) => remote.wait(id, at_most).await,
        }
    }

    pub(super) async fn attempts(&self, id: TaskId) -> Result<Vec<AttemptInfo>, Failure> {
        match self {
            Place::Database(client) => Ok(client.attempts(id).await?),
            Place::Server(remote) => remote.attempts(id).await,
        }
    }

    /// The first items of a task that waits for others.
    pub(super) async fn items(&self, id: TaskId, limit: u32) -> Result<Vec<Item>, Failure> {
        match self {
            Place::Database(client) => Ok(client.items(id, 0, limit).await?),
            Place::Server(remote) => remote.items(id, limit).await,
        }
    }

    /// A token that may not see logs is shown none.
    pub(super) async fn logs(&self, id: TaskId) -> Result<Vec<LogLine>, Failure> {
        match self {
            Place::Database(client) => Ok(client.logs(id).await?),
            Place::Server(remote) => match remote.logs(id).await {
                Err(failure) if failure.code == "forbidden" => Ok(Vec::new()),
                logs => logs,
            },
        }
    }

    pub(super) async fn list(&self, filter: &Filter) -> Result<Page, Failure> {
        match self {
            Place::Database(client) => Ok(client.list(filter).await?),
            Place::Server(remote) => remote.list(filter).await,
        }
    }

    pub(super) async fn count(&self, filter: &Filter) -> Result<TaskCount, Failure> {
        match self {
            Place::Database(client) => Ok(client.count(filter).await?),
            Place::Server(remote) => remote.count(filter).await,
        }
    }

    pub(super) async fn explain(&self, id: TaskId) -> Result<Explanation, Failure> {
        match self {
            Place::Database(client) => Ok(client.explain(id).await?),
            Place::Server(remote) => remote.explain(id).await,
        }
    }

    pub(super) async fn operate(&self, verb: Verb, id: TaskId) -> Result<TaskInfo, Failure> {
        match (self, verb) {
            (Place::Database(client), Verb::Retry) => Ok(client.retry(id).await?),
            (Place::Database(client), Verb::Cancel) => Ok(client.cancel(id).await?),
            (Place::Database(client), Verb::RunNow) => Ok(client.run_now(id).await?),
            (Place::Server(remote), Verb::Retry) => remote.operate("retry", id).await,
            (Place::Server(remote), Verb::Cancel) => remote.operate("cancel", id).await,
            (Place::Server(remote), Verb::RunNow) => remote.operate("run-now", id).await,
        }
    }

    pub(super) async fn edit(
        &self,
        app: &App,
        id: TaskId,
        edit: Edit,
    ) -> Result<TaskInfo, Failure> {
        match self {
            Place::Database(client) => edit.into_database(app, client, id).await,
            Place::Server(remote) => remote.edit(id, &edit.to_json()).await,
        }
    }

    pub(super) async fn duplicate(&self, id: TaskId) -> Result<Submitted, Failure> {
        match self {
            Place::Database(client) => Ok(client.duplicate(id).await?),
            Place::Server(remote) => remote.duplicate(id).await,
        }
    }

    pub(super) async fn delete(&self, id: TaskId) -> Result<(), Failure> {
        match self {
            Place::Database(client) => Ok(client.delete(id).await.map(drop)?),
            Place::Server(remote) => remote.delete(id).await,
        }
    }
}
