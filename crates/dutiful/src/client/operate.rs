//! What an operator does to one task by hand: retry, cancel, run now.

#[cfg(test)]
mod tests;

use super::Client;
use super::inspect::{TaskInfo, no_such_task};
use crate::store::operate::{Operated, operate};
use crate::{Error, ErrorKind, Result};
use dutiful_core::{Event, TaskId};

/// What a cancelled task and the attempt that it ended say.
const CANCELLED: &str = "cancelled by an operator";

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

    async fn operate(&self, id: TaskId, event: Event, message: Option<&str>) -> Result<TaskInfo> {
        let operated = operate(self.db(), id.0, &event, message).await;
        let cannot = |error| Error::from(error).context(format!("task {id} cannot be changed"));
        let task = match operated.map_err(cannot)? {
            Operated::Done(row) => TaskInfo::from(*row),
            Operated::Missing => return Err(no_such_task(id)),
            Operated::Refused(refusal) => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("task {id}: {refusal}"),
                ));
            }
        };
        if !task.state.is_ended() {
            self.wake().changed(&task.task_name);
        }
        Ok(task)
    }
}
