//! What an operator does to one task by hand: retry, cancel, run now, delete, duplicate.

#[cfg(test)]
mod tests;

use super::Client;
use super::draft::{Draft, Submitted, invalid};
use super::inspect::{TaskInfo, no_such_task};
use super::submit::Submit;
use crate::bulk::NAME;
use crate::store::delete::{Deleted, delete};
use crate::store::get::get;
use crate::store::operate::{Operated, operate};
use crate::text::CANCELLED;
use crate::{Error, ErrorKind, Result};
use dutiful_core::{DedupScope, Event, Priority, Refusal, TaskId, json};

impl Client {
    /// Gives a task another try, now: one that has ended in anything but success, one that waits for its
    /// next try, or one that is scheduled or held. If it has used up its failed runs it is allowed one
    /// more.
    ///
    /// # Errors
    /// `conflict` when it is running or has succeeded; `not_found`; `decode` when its row holds words
    /// that mean nothing; whatever the database says.
    pub async fn retry(&self, id: TaskId) -> Result<TaskInfo> {
        self.operate(id, Event::RetriedByHand, None).await
    }

    /// Ends a task that has not ended. A running handler is told by its worker's next beats; what it
    /// returns after that is not stored.
    ///
    /// # Errors
    /// `conflict` when it has ended already; otherwise as [`Client::retry`].
    pub async fn cancel(&self, id: TaskId) -> Result<TaskInfo> {
        self.operate(id, Event::Cancelled, Some(CANCELLED)).await
    }

    /// Lets a task that waits for its time, for its next try or for its release run now.
    ///
    /// # Errors
    /// `conflict` when it is running or has ended; otherwise as [`Client::retry`].
    pub async fn run_now(&self, id: TaskId) -> Result<TaskInfo> {
        self.operate(id, Event::RunNow, None).await
    }

    /// Removes a task that has ended, with its attempts, durable steps and log lines. Its dedup slot goes with
    /// it, also one that the scopes `always` and `window` would have kept: the same submission makes a new
    /// task from then on.
    ///
    /// # Errors
    /// `conflict` when it has not ended: cancel it first. Otherwise as [`Client::retry`].
    pub async fn delete(&self, id: TaskId) -> Result<()> {
        let cannot = |error| Error::from(error).context(format!("task {id} cannot be deleted"));
        match delete(self.db(), id.0).await.map_err(cannot)? {
            Deleted::Done => Ok(()),
            Deleted::Missing => Err(no_such_task(id)),
            Deleted::Refused(refusal) => Err(refused(id, refusal)),
        }
    }

    /// Submits a new task like this one, due now: of the same name, payload and payload version, with the
    /// same priority and number of allowed failed runs. It starts from nothing: no failed runs, no steps.
    ///
    /// The new task is one of its own in any case, as with the dedup scope `none`: it merges into no task,
    /// takes no slot, and whether the old one waits, runs or has ended makes no difference.
    ///
    /// # Errors
    /// `not_found`; `conflict` for a bulk operation, which begins with a preview of its own; `invalid_payload` when
    /// the row, written by plain SQL, holds something that no submission may hold; whatever the database says.
    pub async fn duplicate(&self, id: TaskId) -> Result<Submitted> {
        let why = |error: Error| match error.kind() {
            ErrorKind::InvalidPayload => error.context(format!("task {id} has no duplicate")),
            _ => error,
        };
        self.submit_like(id).await?.await.map_err(why)
    }

    /// The submission of a task like this one, as [`Client::duplicate`] makes it: for [`Client::submit_once`], or
    /// with other options.
    ///
    /// # Errors
    /// As [`Client::duplicate`].
    pub async fn submit_like(&self, id: TaskId) -> Result<Submit<'_>> {
        let row = get(self.db(), id.0).await?;
        let row = row.ok_or_else(|| no_such_task(id))?;
        if row.task_name == NAME {
            let text = format!("task {id} is a bulk operation: ask for another preview");
            return Err(Error::new(ErrorKind::Conflict, text));
        }
        let no_submission =
            |why: String| invalid(why).context(format!("task {id} has no duplicate"));
        let payload = json::parse(&row.payload)
            .map_err(|error| no_submission(format!("the payload: {error}")))?;
        let number = |what: &str, value: i64| {
            u32::try_from(value).map_err(|_| no_submission(format!("{what} is {value}")))
        };
        let mut draft = Draft::new(&row.task_name, payload);
        draft.payload_version = number("its payload version", row.payload_version)?;
        draft.max_retries = number("its number of allowed failed runs", row.max_retries)?;
        draft.priority =
            Priority::new(row.priority).map_err(|error| no_submission(error.to_string()))?;
        draft.scope = DedupScope::None;
        Ok(Submit {
            client: self,
            draft: Ok(draft),
        })
    }

    async fn operate(&self, id: TaskId, event: Event, message: Option<&str>) -> Result<TaskInfo> {
        let operated = operate(self.db(), id.0, &event, message).await;
        let cannot = |error| Error::from(error).context(format!("task {id} cannot be changed"));
        let task = match operated.map_err(cannot)? {
            Operated::Done(row) => TaskInfo::from(*row),
            Operated::Missing => return Err(no_such_task(id)),
            Operated::Refused(refusal) => {
                return Err(refused(id, refusal));
            }
        };
        if !task.state.is_ended() {
            self.wake().changed(&task.task_name);
        }
        Ok(task)
    }
}

pub(super) fn refused(id: TaskId, refusal: Refusal) -> Error {
    Error::new(ErrorKind::Conflict, format!("task {id}: {refusal}"))
}
