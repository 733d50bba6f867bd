//! Operations as they are shown, and stopping one.

use crate::bulk::{NAME, OperationCounts, OperationPayload, Progress};
use crate::client::Client;
use crate::client::inspect::{Filter, TaskInfo};
use crate::store::bulk::progress;
use crate::{Error, ErrorKind, Result};
use dutiful_core::{State, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A bulk operation. It is a task, so that everything that is told of tasks is told of it too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// The number of its task.
    pub id: TaskId,
    /// What is done.
    pub action: String,
    /// The priority that is given.
    pub priority: Option<i64>,
    /// To which tasks, in the words of [`Filter`].
    pub filter: Value,
    /// Who asked for it.
    pub asked_by: String,
    /// When it was confirmed.
    pub asked_at: Timestamp,
    /// Where it is in its life: `cancelled` when somebody has stopped it.
    pub state: State,
    /// How many tasks its preview has counted.
    pub expected: u64,
    /// Whether these were all.
    pub exact: bool,
    /// What became of the tasks so far.
    #[serde(flatten)]
    pub counts: OperationCounts,
    /// About how much of it is done, in percent.
    pub percent: u8,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What went wrong last.
    pub error_message: Option<String>,
}

/// One page of operations.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct OperationPage {
    /// The operations, newest first.
    pub operations: Vec<Operation>,
    /// What gives the next page; `None` when nothing is left.
    pub next: Option<String>,
}

impl Client {
    /// One operation.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    pub async fn operation(&self, id: TaskId) -> Result<Operation> {
        let task = match self.get(id).await {
            Ok(task) if task.task_name == NAME => task,
            Ok(_) => return Err(no_such_operation(id)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(no_such_operation(id));
            }
            Err(error) => return Err(error),
        };
        let mut stored = progress(self.db(), vec![id.0]).await?;
        operation(task, stored.pop().map(|(_, text)| text))
    }

    /// One page of operations, newest first: at most `limit`, 1 to 200, and those that follow the page whose
    /// [`OperationPage::next`] is given.
    ///
    /// # Errors
    /// `config` for a limit or a cursor that cannot be used; whatever the database says.
    pub async fn operations(&self, limit: usize, after: Option<&str>) -> Result<OperationPage> {
        let mut filter = Filter::new().task_name(NAME).limit(limit);
        if let Some(cursor) = after {
            filter = filter.after(cursor);
        }
        let page = self.list(&filter).await?;
        let ids = page.tasks.iter().map(|task| task.id.0).collect();
        let stored = progress(self.db(), ids).await?;
        let of = |task: TaskInfo| {
            let own = stored.iter().find(|(id, _)| *id == task.id.0);
            operation(task, own.map(|(_, text)| text.clone()))
        };
        Ok(OperationPage {
            // One that was written by hand is passed over: nothing is known of it.
            operations: page
                .tasks
                .into_iter()
                .map(of)
                .filter_map(Result::ok)
                .collect(),
            next: page.next,
        })
    }

    /// Stops an operation. Once this has returned it changes no task more; what it has done stays done. It can be
    /// let go on with [`Client::retry`].
    ///
    /// # Errors
    /// `not_found`; `conflict` when it has ended; whatever the database says.
    pub async fn stop_operation(&self, id: TaskId) -> Result<Operation> {
        self.operation(id).await?;
        self.cancel(id).await?;
        self.operation(id).await
    }
}

fn operation(task: TaskInfo, stored: Option<String>) -> Result<Operation> {
    let id = task.id;
    let payload = serde_json::from_value::<OperationPayload>(task.task_payload);
    let payload = payload.map_err(|error| {
        let text = format!("what operation {id} is about cannot be read: {error}");
        Error::new(ErrorKind::Decode, text)
    })?;
    let progress = stored.and_then(|text| Progress::read(&text));
    let progress = progress.unwrap_or_default();
    let expected = payload.exact.then_some(payload.expected);
    Ok(Operation {
        id,
        percent: progress.percent(expected, payload.up_to),
        counts: progress.counts,
        action: payload.action,
        priority: payload.priority,
        filter: payload.filter,
        asked_by: payload.asked_by,
        asked_at: task.created_at,
        state: task.state,
        expected: payload.expected,
        exact: payload.exact,
        ended_at: task.finished_at,
        error_message: task.error_message,
    })
}

fn no_such_operation(id: TaskId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no operation {id}"))
}
