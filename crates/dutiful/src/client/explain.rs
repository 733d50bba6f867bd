//! Why a task does not run, or ran more than once. Nothing here changes anything.

mod earlier;
mod reason;
mod reasons;
#[cfg(test)]
mod tests;
mod waiting;

pub use reason::{Explanation, Reason};

use super::Client;
use super::inspect::{TaskInfo, no_such_task};
use super::pause::PausedName;
use crate::Result;
use crate::store::ahead::{Place, ahead};
use crate::store::joins::{self, Waiting, items};
use crate::store::{get, pauses};
use dutiful_core::{State, TaskId};
use reasons::{Seen, WaitsFor, reasons};

impl Client {
    /// Tells why a task does not run, or why it ran more than once: what the row, its attempts, the queue and
    /// the workers say. It is read, one after the other, and nothing is changed.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// let id = client.submit_json("Resize", serde_json::json!(1)).await?.id;
    /// let codes: Vec<&str> = client.explain(id).await?.reasons.iter().map(|reason| reason.code).collect();
    /// assert_eq!(codes, ["queued_behind", "no_worker"]);
    /// # Ok(()) }
    /// ```
    pub async fn explain(&self, id: TaskId) -> Result<Explanation> {
        let row = get::get(self.db(), id.0).await?;
        let row = row.ok_or_else(|| no_such_task(id))?;
        let (now, unreadable) = (row.now, row.unreadable.clone());
        let task = TaskInfo::from(row);
        let waits = waiting::waits_for_a_worker(&task, now);
        let ahead = match task.due_at.filter(|_| waits && task.worker.is_none()) {
            Some(due_at) => {
                let place = Place {
                    id: id.0,
                    task_name: task.task_name.clone(),
                    priority: task.priority,
                    due_at,
                    now,
                };
                ahead(self.db(), &place).await?
            }
            None => 0,
        };
        let workers = match waits {
            true => self.workers().await?,
            false => Vec::new(),
        };
        let paused = match task.state.is_ended() {
            true => None,
            false => pauses::one(self.db(), &task.task_name).await?,
        };
        let waits_for = match task.state {
            State::Held => self.waits_for(id).await?,
            _ => None,
        };
        let seen = Seen {
            waits_for,
            paused: paused.map(PausedName::from),
            attempts: self.attempts(id).await?,
            task,
            now,
            unreadable,
            ahead,
            workers,
        };
        let reasons = reasons(&seen);
        Ok(Explanation {
            id,
            task_name: seen.task.task_name,
            state: seen.task.state,
            reasons,
        })
    }

    /// What a held task waits for.
    async fn waits_for(&self, id: TaskId) -> Result<Option<WaitsFor>> {
        let (items, first_open) = items::count(self.db(), id.0).await?;
        let Some(first_open) = first_open else {
            return Ok(None);
        };
        let join = Waiting {
            id: id.0,
            first_open,
        };
        let open = joins::first_open(self.db(), join).await?;
        Ok(Some(WaitsFor { items, open }))
    }
}
