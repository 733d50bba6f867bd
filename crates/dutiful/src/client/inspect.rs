//! Looking at tasks, workers and counts. Nothing here changes anything.

pub(super) mod cursor;
mod filter;
mod history;
mod periodic;
mod stats;
mod task;
mod task_type;
#[cfg(test)]
pub(super) mod tests;
mod worker;

pub use filter::{Filter, Page};
pub use history::{AttemptInfo, LogLine};
pub use periodic::{PeriodicChanged, PeriodicInfo};
pub use stats::{NameCounts, Stats};
pub use task::TaskInfo;
pub use task_type::TaskTypeInfo;
pub use worker::WorkerInfo;

use super::Client;
use crate::store::{
    attempts, get, list, logs, pauses, periodic_list, stats as counts, task_types, worker_list,
};
use crate::{Error, ErrorKind, Result};
use dutiful_core::TaskId;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at a task that is waited for: doubling from the one to the other.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Waiting for longer than this is as good as for ever, and no clock overflows.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Client {
    /// One task.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    pub async fn get(&self, id: TaskId) -> Result<TaskInfo> {
        let row = get::get(self.db(), id.0).await?;
        row.map(TaskInfo::from).ok_or_else(|| no_such_task(id))
    }

    /// Waits until the task has ended, in success or otherwise, by looking every 5 to 500 ms.
    ///
    /// A time of zero looks once. A task that is retried after it has ended counts as not ended. While the
    /// database is away the waiting goes on.
    ///
    /// # Errors
    /// `timeout` when it has not ended in time: the text says in which state it was. `not_found`, also
    /// when the task is deleted meanwhile. Whatever the database says that will not pass, and what else it
    /// said when it could not be asked at the end of the time.
    pub async fn wait(&self, id: TaskId, at_most: Duration) -> Result<TaskInfo> {
        let deadline = Instant::now() + at_most.min(WAIT_MAX);
        let mut pause = PAUSE_MIN;
        let mut last = self.get(id).await;
        loop {
            match &last {
                Ok(task) if task.state.is_ended() => return last,
                Err(error) if !error.is_transient() => return last,
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(still_waiting(id, &last?, at_most));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSE_MAX);
            // A look that gets no answer in time tells nothing new.
            if let Ok(look) = tokio::time::timeout_at(deadline + PAUSE_MAX, self.get(id)).await {
                last = look;
            }
        }
    }

    /// The task types that workers have published when they started, by name, at most 1,000: also those that no
    /// worker runs any more.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn task_types(&self) -> Result<Vec<TaskTypeInfo>> {
        let rows = task_types::list(self.db()).await?;
        Ok(rows.into_iter().map(TaskTypeInfo::from).collect())
    }

    /// One page of tasks, newest first.
    ///
    /// A page may hold fewer tasks than its limit and still have a next one: when a state is asked for
    /// and few tasks are in it, at most 10,000 rows are looked at in one call; and a page ends early when
    /// its payloads and results exceed 16 MiB.
    ///
    /// # Errors
    /// `config` for a filter that cannot be used; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{Filter, State};
    /// let mut filter = Filter::new().task_name("Resize").state(State::Failed).limit(100);
    /// loop {
    ///     let page = client.list(&filter).await?;
    ///     for task in &page.tasks {
    ///         println!("{} {:?}", task.id, task.error_message);
    ///     }
    ///     let Some(next) = &page.next else { break };
    ///     filter = filter.after(next);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn list(&self, filter: &Filter) -> Result<Page> {
        let found = list::list(self.db(), &filter.query()?).await?;
        Ok(Page {
            tasks: found.tasks.into_iter().map(TaskInfo::from).collect(),
            next: found.next.map(cursor::write),
        })
    }

    /// The attempts of a task that did not end in success, oldest first; the last 1,000 of them. Empty
    /// also when there is no such task.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn attempts(&self, id: TaskId) -> Result<Vec<AttemptInfo>> {
        let rows = attempts::attempts(self.db(), id.0).await?;
        Ok(rows.into_iter().map(AttemptInfo::from).collect())
    }

    /// What the task's handler has logged, oldest first; the last 1,000 lines. Empty also when there is
    /// no such task.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn logs(&self, id: TaskId) -> Result<Vec<LogLine>> {
        let rows = logs::logs(self.db(), id.0).await?;
        Ok(rows.into_iter().map(LogLine::from).collect())
    }

    /// Counts and rates of every task name. It reads the whole table: ask a few times a minute, not a
    /// few times a second.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn stats(&self) -> Result<Stats> {
        let mut stats: Stats = counts::stats(self.db()).await?.into();
        let paused = pauses::list(self.db()).await?;
        let is_paused = |name: &str| paused.iter().any(|row| row.task_name == name);
        for name in &mut stats.names {
            name.paused = is_paused(&name.task_name);
        }
        Ok(stats)
    }

    /// The workers that have a row, those that beat last first, at most 1,000. A worker that stops
    /// removes its row; one that was killed is shown as not alive until its row is pruned.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>> {
        let rows = worker_list::workers(self.db()).await?;
        Ok(rows.into_iter().map(WorkerInfo::from).collect())
    }

    /// The periodic tasks by name, at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn periodic(&self) -> Result<Vec<PeriodicInfo>> {
        let rows = periodic_list::periodic(self.db()).await?;
        Ok(rows.into_iter().map(PeriodicInfo::from).collect())
    }
}

fn still_waiting(id: TaskId, task: &TaskInfo, at_most: Duration) -> Error {
    let state = task.state;
    Error::new(
        ErrorKind::Timeout,
        format!("task {id} was still {state} after {at_most:?}; wait longer"),
    )
}

pub(super) fn no_such_task(id: TaskId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no task {id}"))
}
